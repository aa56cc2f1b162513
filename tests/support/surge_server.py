"""A server that speaks what Surge 0.12 documents and nothing of ours; downloads grow by themselves.

It is as bare as the real one: ``null`` for an empty list, no first picture and no
heartbeat in its events, 500 for a pause of what is not there.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TOKEN = "surge-token"
TICK_S = 0.15


class SurgeServer(ThreadingHTTPServer):
    """Serves on a free port of 127.0.0.1; use it as a context, its thread ends with it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.rows: dict[str, dict[str, Any]] = {}
        self.added: dict[str, dict[str, Any]] = {}
        """Id -> the body that added it."""
        self.seen: list[str] = []
        """Method and path of every request."""
        self.global_rate = 0
        self.lock = threading.RLock()
        self.told = threading.Condition()
        self.frames: list[bytes] = []
        self.is_closing = False
        for work in (self.serve_forever, self._grow):
            threading.Thread(target=work, daemon=True).start()

    @property
    def address(self) -> str:
        """``host:port``."""
        return f"127.0.0.1:{self.server_address[1]}"

    def server_close(self) -> None:
        """End all streams and stop."""
        self.is_closing = True
        with self.told:
            self.told.notify_all()
        self.shutdown()
        super().server_close()

    def tell(self, name: str, kind: int, row: dict[str, Any], **fields: Any) -> None:
        """Push one event to all readers."""
        data = {"type": kind, "download_id": row["id"], "filename": row["filename"]} | fields
        with self.told:
            self.frames.append(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())
            self.told.notify_all()

    def _grow(self) -> None:
        step = threading.Event()
        while not self.is_closing:
            step.wait(TICK_S)
            with self.lock:
                for row in self.rows.values():
                    if row["status"] == "downloading":
                        row["downloaded"] += 10_000
                        facts = {key: row[key] for key in ("downloaded", "speed", "connections")}
                        self.tell("progress", 1, row, total=row["total_size"], **facts)


def _row(id_: str, body: dict[str, Any]) -> dict[str, Any]:
    name = body.get("filename") or body["url"].rpartition("/")[2]
    return {
        "id": id_,
        "url": body["url"],
        "filename": name,
        "dest_path": f"{body.get('path') or '/srv'}/{name}",
        "total_size": 1 << 30,
        "downloaded": 0,
        "progress": 0.0,
        "speed": 65_000.0,
        "status": "downloading",
        "eta": 0,
        "connections": 4,
        "added_at": 0,
        "time_taken": 0,
        "avg_speed": 0.0,
    }


class _Handler(BaseHTTPRequestHandler):
    server: SurgeServer

    def log_message(self, *args: Any) -> None:
        """Be quiet."""

    def do_GET(self) -> None:
        """Answer; the class's caller looks for one method a verb."""
        self._answer()

    def do_POST(self) -> None:
        """Answer."""
        self._answer()

    def do_DELETE(self) -> None:
        """Answer."""
        self._answer()

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append(f"{self.command} {parts.path}")
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._text(401, "Unauthorized")
            return
        routes: dict[str, Callable[[dict[str, str], bytes], None]] = {
            "GET /list": self._list,
            "GET /events": self._events,
            "GET /download": self._one,
            "POST /download": self._add,
            "POST /rate-limit/global": self._limit_all,
            "POST /rate-limit": self._limit,
            "POST /pause": lambda q, b: self._steer(q, "paused", 3),
            "POST /resume": lambda q, b: self._steer(q, "resumed", 4),
            "POST /delete": self._delete,
        }
        known = routes.get(f"{self.command} {parts.path}")
        if known is None:
            self._text(404, "404 page not found")
            return
        known(query, body)

    def _list(self, query: dict[str, str], body: bytes) -> None:
        with self.server.lock:
            self._json(list(self.server.rows.values()) or None)

    def _one(self, query: dict[str, str], body: bytes) -> None:
        row = self.server.rows.get(query.get("id", ""))
        if row is None:
            self._text(404, "download not found")
            return
        self._json(row)

    def _add(self, query: dict[str, str], body: bytes) -> None:
        id_ = query.get("id") or str(uuid.uuid4())
        with self.server.lock:
            wanted = self.server.added[id_] = json.loads(body)
            row = self.server.rows[id_] = _row(id_, wanted)
        self.server.tell("queued", 5, row, url=row["url"], dest_path=row["dest_path"])
        self.server.tell("started", 0, row, url=row["url"], total=row["total_size"])
        words = {"message": "Download queued successfully", "status": "queued"}
        self._json({"filename": row["filename"], "id": id_} | words)

    def _steer(self, query: dict[str, str], word: str, kind: int) -> None:
        row = self.server.rows.get(query.get("id", ""))
        if row is None:
            self._text(500, "download not found")
            return
        with self.server.lock:
            row["status"] = "paused" if word == "paused" else "downloading"
        self.server.tell(word, kind, row)
        self._json({"status": word, "id": row["id"]})

    def _delete(self, query: dict[str, str], body: bytes) -> None:
        with self.server.lock:
            row = self.server.rows.pop(query.get("id", ""), None)
        if row is not None:
            self.server.tell("removed", 6, row, completed=False)
        self._json({"status": "deleted", "id": query.get("id", "")})

    def _limit(self, query: dict[str, str], body: bytes) -> None:
        row = self.server.rows[query["id"]]
        row |= {"rate_limit": int(query["rate"]), "rate_limit_set": True}
        self._json({"status": "rate_limited", "id": row["id"], "rate": query["rate"]})

    def _limit_all(self, query: dict[str, str], body: bytes) -> None:
        self.server.global_rate = int(query["rate"])
        self._json({"status": "global_rate_limited", "rate": query["rate"]})

    def _events(self, query: dict[str, str], body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        at = len(self.server.frames)
        try:
            while not self.server.is_closing:
                with self.server.told:
                    while len(self.server.frames) == at and not self.server.is_closing:
                        self.server.told.wait()
                    fresh = self.server.frames[at:]
                at += len(fresh)
                self.wfile.write(b"".join(fresh))
                self.wfile.flush()
        except OSError:  # the reader has gone
            return

    def _json(self, value: object) -> None:
        self._reply(200, "application/json", json.dumps(value) + "\n")

    def _text(self, status: int, words: str) -> None:
        self._reply(status, "text/plain; charset=utf-8", words + "\n")

    def _reply(self, status: int, kind: str, text: str) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
