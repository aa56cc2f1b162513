"""The objects of the wire as JSON Schema, dialect by dialect. Data only.

Owns what ``GET /openapi.json`` says about bodies. Must not be used to check requests: the
dialects take more than they promise.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean"}
WHOLE_OR_NULL: Schema = {"type": ["integer", "null"]}
NUMBER_OR_NULL: Schema = {"type": ["number", "null"]}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
TEXTS_OR_NULL: Schema = {"type": ["array", "null"], "items": TEXT}


def ref(name: str) -> Schema:
    """Return a reference to one of ``SCHEMAS``."""
    return {"$ref": f"#/components/schemas/{name}"}


def array(items: Schema) -> Schema:
    """Return a list of ``items``."""
    return {"type": "array", "items": items}


def record(optional: Schema | None = None, /, **required: Schema) -> Schema:
    """Return an object whose keyword fields are always there, the others sometimes."""
    properties = {**required, **(optional or {})}
    return {"type": "object", "properties": properties, "required": [*required]}


_SURGE = {
    "Health": record(mode=TEXT, port=WHOLE, status=TEXT),
    "Done": record({"id": TEXT, "url": TEXT, "rate": TEXT}, status=TEXT),
    "Deleted": record(deleted=WHOLE),
    "DownloadStatus": record(
        {"error": TEXT, "rate_limit": WHOLE, "rate_limit_set": FLAG},
        id=TEXT,
        url=TEXT,
        filename=TEXT,
        dest_path=TEXT,
        total_size=WHOLE,
        downloaded=WHOLE,
        progress=NUMBER,
        speed=NUMBER,
        status={
            "enum": ["queued", "downloading", "pausing", "paused", "completed", "error"],
        },
        eta=WHOLE,
        connections=WHOLE,
        added_at=WHOLE,
        time_taken=WHOLE,
        avg_speed=NUMBER,
    ),
    "DownloadRecord": record(
        None, id=TEXT, url=TEXT, filename=TEXT, dest_path=TEXT, total_size=WHOLE, status=TEXT
    ),
    "DownloadBody": {
        "type": "object",
        "required": ["url"],
        "properties": {
            "url": {"type": "string", "description": "http or https"},
            "filename": TEXT_OR_NULL,
            "path": {"type": ["string", "null"], "description": "Folder, within the allowed ones"},
            "relative_to_default_dir": {"type": ["boolean", "null"]},
            "mirrors": TEXTS_OR_NULL,
            "headers": {"type": ["object", "null"], "additionalProperties": TEXT},
            "workers": {"type": ["integer", "null"], "description": "Most connections, 64 at most"},
            "id": {"type": ["string", "null"], "format": "uuid"},
        },
    },
    "BatchBody": {
        "type": "object",
        "required": ["downloads"],
        "properties": {
            "downloads": array(ref("DownloadBody")),
            "path": TEXT_OR_NULL,
        },
    },
    "UrlBody": record(url=TEXT),
}

_JOBS = {
    "JobError": record(error=TEXT),
    "Job": record(
        {
            "error": TEXT,
            "startedAt": {"type": "string", "format": "date-time"},
            "completedAt": {"type": "string", "format": "date-time"},
        },
        id=TEXT,
        url=TEXT,
        status={
            "enum": [
                "pending",
                "downloading",
                "processing",
                "completed",
                "failed",
                "cancelled",
                "paused",
            ]
        },
        progress=WHOLE,
        totalSize={"type": "integer", "description": "-1 while unknown"},
        progressPercent=NUMBER,
        createdAt={"type": "string", "format": "date-time"},
        source={"const": "download"},
    ),
    "JobBody": {
        "type": "object",
        "description": "Names in any case.",
        "properties": {
            "URL": {"type": "string", "description": "One or more, one a line"},
            "FileName": TEXT,
            "Name": TEXT,
        },
    },
    "IdsBody": {
        "type": "object",
        "properties": {"ids": array({"type": "integer", "minimum": 0})},
    },
}

_FILES = {
    "FilesError": record(success={"const": False}, error=TEXT),
    "FilesResult": record(
        download_id=TEXT,
        filename=TEXT,
        path=TEXT,
        success=FLAG,
        message=TEXT,
        error=TEXT_OR_NULL,
    ),
    "FilesProgress": record(
        id=TEXT,
        filename=TEXT,
        file_path=TEXT,
        directory=TEXT,
        url=TEXT,
        status={"enum": ["starting", "downloading"]},
        current_size=WHOLE,
        expected_size=WHOLE_OR_NULL,
        progress_percentage=NUMBER_OR_NULL,
        start_time=WHOLE_OR_NULL,
    ),
    "FilesHistory": record(
        id=TEXT,
        filename=TEXT,
        file_path=TEXT,
        directory=TEXT,
        url=TEXT,
        status={"enum": ["completed", "failed"]},
        total_bytes=WHOLE_OR_NULL,
        file_size=WHOLE_OR_NULL,
        start_time=WHOLE_OR_NULL,
        end_time=WHOLE_OR_NULL,
        duration=WHOLE_OR_NULL,
        error=TEXT_OR_NULL,
        error_message=TEXT_OR_NULL,
    ),
    "FilesCancelled": record(success={"const": True}, message=TEXT, id=TEXT),
}

_ARIA2 = {
    "RpcCall": record(
        {
            "jsonrpc": {"const": "2.0"},
            "id": {"type": ["string", "integer", "null"]},
            "params": {"type": "array", "items": {}},
        },
        method={"type": "string", "examples": ["aria2.addUri", "system.listMethods"]},
    ),
    "RpcReply": {
        "type": "object",
        "required": ["jsonrpc", "id"],
        "properties": {
            "jsonrpc": {"const": "2.0"},
            "id": {"type": ["string", "integer", "number", "boolean", "null", "object", "array"]},
            "result": {},
            "error": record(code=WHOLE, message=TEXT),
        },
    },
}

SCHEMAS: dict[str, Schema] = {**_SURGE, **_JOBS, **_FILES, **_ARIA2}
