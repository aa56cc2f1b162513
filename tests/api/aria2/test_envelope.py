"""Envelopes: what was recorded from aria2 1.36, line by line."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.properties import moderate
from tui_dl.api.aria2.envelope import (
    MOST_CALLS,
    MOST_LEVELS,
    BadCall,
    Call,
    Message,
    Reply,
    encode_replies,
    http_status,
    read_message,
    read_query,
)
from tui_dl.api.aria2.errors import RpcError


def answered(message: Message) -> tuple[int, object]:
    """Answer a message whose calls all name methods that do not exist."""
    replies = [
        Reply(call.id, error=call.error)
        if isinstance(call, BadCall)
        else Reply(call.id, error=RpcError(f"No such method: {call.method}"))
        for call in message.calls
    ]
    return http_status(message, replies), json.loads(encode_replies(message, replies))


def error(call_id: object, code: int, message: str) -> dict[str, object]:
    return {"id": call_id, "jsonrpc": "2.0", "error": {"code": code, "message": message}}


INVALID = (-32600, "Invalid Request.")
PARSE = (-32700, "Parse error.")
PARAMS = (-32602, "Invalid params.")
NO_X = (1, "No such method: x")

RECORDED: list[tuple[bytes, int, object]] = [
    (b'{"id":"1","method":"x"}', 400, error("1", *NO_X)),
    (b' {"id":2,"method":"x"} \n', 400, error(2, *NO_X)),
    (b'{"id":0,"method":"x"}', 400, error(0, *NO_X)),
    (b'{"id":null,"method":"x"}', 400, error(None, *NO_X)),
    (b'{"id":1.9,"method":"x"}', 400, error(1, *NO_X)),
    (b'{"id":-1.9,"method":"x"}', 400, error(-1, *NO_X)),
    (b'{"id":{"b":1,"a":[null,1.5]},"method":"x"}', 400, error({"a": [None, 1], "b": 1}, *NO_X)),
    (b'{"json-rpc":"2.0","id":1,"method":"x"}', 400, error(1, *NO_X)),
    (b'{"jsonrpc":2,"id":1,"method":"x"}', 400, error(1, *NO_X)),
    (b'{"id":"1","method":5}', 400, error("1", *INVALID)),
    (b'{"id":"1","params":{}}', 400, error("1", *INVALID)),
    (b'{"method":"x"}', 400, error(None, *INVALID)),
    (b'{"method":"x","params":{}}', 400, error(None, *INVALID)),
    (b"{}", 400, error(None, *INVALID)),
    (b'"x"', 400, error(None, *INVALID)),
    (b"null", 400, error(None, *INVALID)),
    (b"true", 400, error(None, *INVALID)),
    (b'{"id":"1","method":"x","params":{}}', 500, error("1", *PARAMS)),
    (b'{"id":"1","method":"x","params":null}', 500, error("1", *PARAMS)),
    (b"", 500, error(None, *PARSE)),
    (b"   ", 500, error(None, *PARSE)),
    (b"5", 500, error(None, *PARSE)),
    (b"x", 500, error(None, *PARSE)),
    (b'[{"id":1}', 500, error(None, *PARSE)),
    (b"{'id':1}", 500, error(None, *PARSE)),
    (b'{"id":99999999999999999999,"method":"x"}', 500, error(None, *PARSE)),
    (b'{"id":1e400,"method":"x"}', 500, error(None, *PARSE)),
    (b'{"id":NaN,"method":"x"}', 500, error(None, *PARSE)),
    (b'{"id":"\\ud800","method":"x"}', 500, error(None, *PARSE)),
    (b'\xef\xbb\xbf{"id":"1","method":"x"}', 500, error(None, *PARSE)),
    (b"[]", 200, []),
    (b"[1,2]", 200, []),
    (b'[1,{"id":"1","method":"x"},{}]', 200, [error("1", *NO_X), error(None, *INVALID)]),
]


@pytest.mark.parametrize(("body", "status", "reply"), RECORDED, ids=repr)
def test_recorded_bodies(body: bytes, status: int, reply: object) -> None:
    assert answered(read_message(body)) == (status, reply)


def test_nesting_is_bounded_where_aria2_bounds_it() -> None:
    """Trap S13."""
    deepest = b"[" * MOST_LEVELS + b"]" * MOST_LEVELS
    assert answered(read_message(deepest)) == (200, [])
    assert answered(read_message(b"[" + deepest + b"]")) == (500, error(None, *PARSE))
    assert answered(read_message(b"[" * 200_000)) == (500, error(None, *PARSE))


def test_the_length_of_a_batch_is_bounded() -> None:
    """Trap S13: two mebibytes hold a hundred thousand calls."""
    calls = ",".join(["{}"] * MOST_CALLS)
    status, replies = answered(read_message(f"[{calls}]".encode()))
    assert (status, len(json.loads(json.dumps(replies)))) == (200, MOST_CALLS)
    assert answered(read_message(f"[{calls},{{}}]".encode())) == (400, error(None, *INVALID))


def query(**fields: str) -> str:
    return "&".join(f"{name}={value}" for name, value in fields.items())


def packed(value: object) -> str:
    return quote(base64.b64encode(json.dumps(value).encode()).decode(), safe="")


QUERIES: list[tuple[str, int, object]] = [
    ("", 400, error(None, *INVALID)),
    ("method=x", 400, error(None, *INVALID)),
    ("method=x&id=", 400, error(None, *INVALID)),
    ("method=&id=", 400, error(None, *INVALID)),
    ("id=5&params=W10%3D", 400, error(None, *INVALID)),
    ("method=x&id=5", 400, error("5", *NO_X)),
    ("method=x&id=5&params=", 400, error("5", *NO_X)),
    ("method=x&id=5&params=W10%3D", 400, error("5", *NO_X)),
    ("method=x&id=5&params=W10", 400, error(None, *INVALID)),
    ("method=x&id=5&params=!!", 400, error(None, *INVALID)),
    ("method=x&id=5&params=eA==", 400, error(None, *INVALID)),
    ("method=x&id=5&params=e30=", 500, error("5", *PARAMS)),
    ("id=a%22b&method=x", 400, error("a%22b", *NO_X)),
    ("id=a+b&method=x", 400, error("a+b", *NO_X)),
    ("params=W10%3D", 200, []),
    ("params=bnVsbA==", 400, error(None, *INVALID)),
    (query(params=packed({"id": 7, "method": "x"})), 400, error(7, *NO_X)),
    (query(params=packed([{"id": 7, "method": "x"}])), 200, [error(7, *NO_X)]),
]


@pytest.mark.parametrize(("text", "status", "reply"), QUERIES)
def test_recorded_queries(text: str, status: int, reply: object) -> None:
    assert answered(read_query(text, jsonp=False)) == (status, reply)


def test_jsonp_is_off_unless_asked_for_and_wraps_errors_too() -> None:
    """Trap S2: a script of any page could read plain JSON wrapped in its own function."""
    text = "method=x&id=5&jsoncallback=cb"
    plain = read_query(text, jsonp=False)
    assert plain.callback is None
    message = read_query(text, jsonp=True)
    replies = [Reply("5", error=RpcError("No"))]
    assert encode_replies(message, replies).startswith(b'cb({"id":"5",')
    assert encode_replies(message, replies).endswith(b"})")
    assert http_status(message, replies) == 400


@pytest.mark.parametrize("name", ["a(b", "1a", "", "a" * 200, "a;alert(1)", "a%28"])
def test_a_callback_that_is_no_name_is_refused(name: str) -> None:
    message = read_query(f"method=x&id=5&jsoncallback={name}", jsonp=True)
    assert message.callback is None
    assert isinstance(message.calls[0], BadCall)


def test_members_keep_aria2s_order() -> None:
    message = read_message(b'{"id":"1","method":"x"}')
    text = encode_replies(message, [Reply("1", result={"a": "b"})])
    assert text == b'{"id":"1","jsonrpc":"2.0","result":{"a":"b"}}'


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@moderate
@given(json_values, st.text(max_size=20), st.lists(json_values, max_size=4))
def test_a_well_formed_call_is_read_as_it_is(
    call_id: object, method: str, params: list[object]
) -> None:
    body = json.dumps({"id": call_id, "method": method, "params": params}).encode()
    (call,) = read_message(body).calls
    assert isinstance(call, Call)
    assert (call.method, call.params) == (method, params)
    echoed = encode_replies(read_message(body), [Reply(call.id, result="OK")])
    assert json.loads(echoed)["id"] == call_id


@moderate
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_body_breaks_the_reader(body: bytes) -> None:
    status, reply = answered(read_message(body))
    assert status in (200, 400, 500)
    assert reply is not None


@moderate
@given(st.text(alphabet=st.characters(max_codepoint=255), max_size=60))
def test_no_query_breaks_the_reader(text: str) -> None:
    message = read_query(text, jsonp=False)
    status, _ = answered(message)
    assert status in (200, 400, 500)
