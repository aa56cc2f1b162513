"""Which requests the port answers, as an OpenAPI 3.1 document. Data only, no dialect's code.

A test holds it against the dialects' own tables of routes. Our own dialect below /tui-dl is
not in it: it changes with the program.
"""

from __future__ import annotations

from typing import Any

from tui_dl import __version__
from tui_dl.api.openapi.shapes import FLAG, SCHEMAS, TEXT, WHOLE, Schema, array, record, ref

Operation = dict[str, Any]

ABOUT = (
    "Four dialects on one port; each sees all downloads. Every path but /health and this"
    " document wants the token: as a bearer's, for aria2 as `token:...` in front of the"
    " parameters."
)
JSON = "application/json"
PLAIN = "text/plain"
FORM = "application/x-www-form-urlencoded"


def _content(kind: str, schema: Schema) -> Schema:
    return {"content": {kind: {"schema": schema}}}


def _query(name: str, schema: Schema, about: str, *, required: bool = False) -> Schema:
    return {
        "name": name,
        "in": "query",
        "description": about,
        "required": required,
        "schema": schema,
    }


def _replies(kind: str, error: Schema, good: Schema, codes: str) -> Schema:
    """Return the replies: ``good`` for the first of ``codes``, ``error`` for the others.

    What guards the port can refuse any request: 401, 403, 405, 408, 413, 421, 429 and 500.
    """
    first, *others = codes.split()
    guards = ("401", "403", "405", "408", "413", "421", "429", "500")
    bad = {code: {"description": "Refused"} | _content(kind, error) for code in (*others, *guards)}
    return {first: {"description": "Done"} | good, **bad}


# -- Surge

FILLED: Schema = {"type": "string", "minLength": 1}
ID = _query("id", FILLED, "UUID of a download", required=True)
RATE = _query(
    "rate",
    {"type": "string", "pattern": "^[0-9]{1,18}$"},
    "Bytes per second, 0 is unlimited",
    required=True,
)


def _surge(
    summary: str,
    good: Schema,
    *parameters: Schema,
    codes: str = "200",
    body: Schema | None = None,
) -> Operation:
    operation: Operation = {
        "tags": ["Surge"],
        "summary": summary,
        "parameters": [*parameters],
        "responses": _replies(PLAIN, TEXT, _content(JSON, good), codes),
    }
    if body is not None:
        operation["requestBody"] = {"required": True} | _content(JSON, body)
    return operation


_DONE = ref("Done")
_QUEUED = record({"filename": TEXT, "id": TEXT, "message": TEXT, "count": WHOLE}, status=TEXT)
_DROP = _surge("Drop the record; files stay", _DONE, ID, codes="200 400 404")
_PURGE = _surge("Drop the record and its files", _DONE, ID, codes="200 400 404")
_EVENTS: Operation = {
    "tags": ["Surge"],
    "summary": "What happens, as it happens (SSE)",
    "responses": _replies(PLAIN, TEXT, _content("text/event-stream", TEXT), "200 503"),
}
_HEALTH = {
    "tags": ["Surge"],
    "summary": "Whether it lives",
    "security": [],
    "responses": _replies(PLAIN, TEXT, _content(JSON, ref("Health")), "200"),
}
_ADD = _surge(
    "Add one download",
    _QUEUED,
    _query("id", {"type": "string", "format": "uuid"}, "Chosen by the client"),
    codes="200 400 409",
    body=ref("DownloadBody"),
)
_ADD["parameters"].append(
    {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 255}}
)

SURGE: dict[str, dict[str, Operation]] = {
    "/health": dict.fromkeys(("get", "head", "post", "put", "patch", "delete"), _HEALTH),
    "/list": {"get": _surge("All downloads", array(ref("DownloadStatus")))},
    "/history": {"get": _surge("What is completed", array(ref("DownloadRecord")))},
    "/download": {
        "get": _surge("One download", ref("DownloadStatus"), ID, codes="200 400 404"),
        "post": _ADD,
    },
    "/download/batch": {
        "post": _surge(
            "Add many, all or none if one is malformed",
            _QUEUED,
            codes="200 207 400 409",
            body=ref("BatchBody"),
        )
    },
    "/pause": {"post": _surge("Pause; answered when it is", _DONE, ID, codes="200 400 404")},
    "/resume": {"post": _surge("Queue again", _DONE, ID, codes="200 400 404")},
    "/delete": {"post": _DROP, "delete": _DROP},
    "/purge": {"post": _PURGE, "delete": _PURGE},
    "/update-url": {
        "put": _surge(
            "Give a stopped download a new link",
            _DONE,
            ID,
            codes="200 400 404",
            body=ref("UrlBody"),
        )
    },
    "/open-file": {"post": _surge("Open on the server's screen", _DONE, ID, codes="200 400 404")},
    "/open-folder": {"post": _surge("Open its folder there", _DONE, ID, codes="200 400 404")},
    "/clear-completed": {"post": _surge("Drop completed records", ref("Deleted"))},
    "/clear-failed": {"post": _surge("Drop failed records", ref("Deleted"))},
    "/rate-limit": {
        "post": _surge(
            "Limit one download",
            _DONE,
            ID,
            _query("rate", TEXT, "Bytes per second, 0 is unlimited, `inherit`"),
            _query("inherit", FLAG, "Take its own limit away"),
            codes="200 400 404",
        )
    },
    "/rate-limit/global": {"post": _surge("Limit all together", _DONE, RATE, codes="200 400")},
    "/rate-limit/default": {"post": _surge("Limit each", _DONE, RATE, codes="200 400")},
    "/events": {"get": _EVENTS, "post": _EVENTS},
}

# -- the job queue

JOB_ID = _query("id", FILLED, "Of a job; also as a form field", required=True)


def _jobs(
    summary: str,
    good: Schema,
    *parameters: Schema,
    codes: str = "200",
    body: Schema | None = None,
    kind: str = JSON,
) -> Operation:
    operation: Operation = {
        "tags": ["Job queue"],
        "summary": summary,
        "parameters": [*parameters],
        "responses": _replies(JSON, ref("JobError"), _content(kind, good), codes),
    }
    if body is not None:
        operation["requestBody"] = {"content": {JSON: {"schema": body}, FORM: {"schema": body}}}
    return operation


def _said(word: str) -> Schema:
    return record(status={"const": word})


_SUBMIT = _jobs(
    "Add jobs",
    record(queued={"const": True}, jobs=array(ref("Job"))),
    codes="202 400 503",
    body=ref("JobBody"),
)
_VERBS = {
    "queue": ("get", _jobs("The queue", record(jobs=array(ref("Job"))))),
    "cancel": ("post", _jobs("Cancel", _said("cancelled"), JOB_ID, codes="200 400 404 409")),
    "pause": ("post", _jobs("Pause", _said("paused"), JOB_ID, codes="200 400 404 409")),
    "resume": ("post", _jobs("Resume", _said("resumed"), JOB_ID, codes="200 400 404 409 503")),
    "retry": ("post", _jobs("Try again", _said("retrying"), JOB_ID, codes="200 400 404 409 503")),
}
_STREAM = _jobs(
    "init, added, updated and removed (SSE)",
    TEXT,
    _query("ticket", TEXT, "Opens the stream once without a token"),
    kind="text/event-stream",
)
_IDS = _query("ids", array({"type": "integer", "minimum": 0}), "Rows of the history")
_SOME = {"type": "object"}

JOBS: dict[str, dict[str, Operation]] = {
    "/v1/jobs/download/submit": {"post": _SUBMIT},
    "/v1/download/submit": {"post": _SUBMIT},
    **{f"/v1/jobs/{verb}": {method: op} for verb, (method, op) in _VERBS.items()},
    **{f"/v1/download/{verb}": {method: op} for verb, (method, op) in _VERBS.items()},
    "/v1/jobs/get": {"get": _jobs("One job", ref("Job"), JOB_ID, codes="200 400 404")},
    "/v1/jobs/clearCompleted": {
        "post": _jobs("Drop what ended", record(cleared=WHOLE, ids=array(TEXT)))
    },
    "/v1/jobs/events/ticket": {
        "post": _jobs("Let a page open the stream", record(ticket=TEXT, expiresIn=WHOLE))
    },
    "/v1/jobs/events": {"get": _STREAM},
    "/v1/download/events": {"get": _STREAM},
    "/v1/downloads": {"get": _jobs("The durable history", _SOME, codes="200 400")},
    "/v1/downloads/retry": {
        "post": _jobs(
            "Fetch rows again", _SOME, _IDS, codes="200 400 404 409 503", body=ref("IdsBody")
        )
    },
    "/v1/downloads/delete": {
        "post": _jobs("Delete rows", _SOME, _IDS, codes="200 400 404 409", body=ref("IdsBody"))
    },
}

# -- files


def _files(summary: str, good: Schema, *parameters: Schema, codes: str = "200") -> Operation:
    return {
        "tags": ["Files"],
        "summary": summary,
        "parameters": [*parameters],
        "responses": _replies(JSON, ref("FilesError"), _content(JSON, good), codes),
    }


_ACTIVE = record(downloads=array(ref("FilesProgress")))
FILES: dict[str, dict[str, Operation]] = {
    "/": {
        "get": _files(
            "What ended, with the key download_history",
            {
                "anyOf": [
                    record(history=array(ref("FilesHistory"))),
                    ref("FilesResult"),
                    _ACTIVE,
                    record(name=TEXT),
                ]
            },
            _query("download_history", TEXT, "The key is enough"),
            codes="200 400 404",
        )
    },
    "/{directory}": {
        "get": _files(
            "Fetch a file into a folder, or list what is fetched into it",
            {"anyOf": [ref("FilesResult"), _ACTIVE]},
            {"name": "directory", "in": "path", "required": True, "schema": TEXT},
            _query("download", TEXT, "URL to fetch"),
            _query("filename", TEXT, "Name of the file"),
            _query("timeout", WHOLE, "Seconds"),
            _query("downloads", TEXT, "The key is enough"),
            codes="200 202 400 404",
        )
    },
    "/api/v1/downloads": {"get": _files("All that runs or waits", _ACTIVE)},
    "/api/v1/downloads/{id}": {
        "delete": _files(
            "Cancel",
            ref("FilesCancelled"),
            {"name": "id", "in": "path", "required": True, "schema": TEXT},
            codes="202 404",
        )
    },
}

# -- aria2

_RPC_REPLY = {"anyOf": [ref("RpcReply"), array(ref("RpcReply"))]}
_RPC: Operation = {
    "tags": ["aria2"],
    "summary": "JSON-RPC 2.0: one call, or a batch",
    "security": [],
    "requestBody": {"required": True}
    | _content(JSON, {"anyOf": [ref("RpcCall"), array(ref("RpcCall"))]}),
    "responses": _replies(
        "application/json-rpc",
        _RPC_REPLY,
        _content("application/json-rpc", _RPC_REPLY),
        "200 400 404",
    ),
}
ARIA2: dict[str, dict[str, Operation]] = {"/jsonrpc": {"post": _RPC}}


def document(server: str) -> dict[str, Any]:
    """Return the document of a port that is reached as ``server``, such as http://host:1700."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "tui-dl", "version": __version__, "description": ABOUT},
        "servers": [{"url": server}],
        "security": [{"token": []}],
        "paths": {**SURGE, **ARIA2, **JOBS, **FILES},
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
