"""What leaves the box as a file: a backup, the last uploads, and a debug bundle without secrets.

The bundle holds what a stranger needs to help, and neither the password nor any key: settings are written from the
checked Settings, where a secret shows as asterisks, and each secret's text is redacted in everything else.
"""
import io
import json
import os
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from appliance.health import status
from appliance.history import backup as backups
from appliance.settings import secrets, value
from appliance.system.scratch import temporary_folder
from spcore.uploads import Upload
from webui import fields, logs
from webui.data import box
from webui.present import localtime
from webui.security import access, auth

page = Blueprint("bundle", __name__)

UPLOADS = 50
CHUNK = 256 * 1024


@page.post("/settings/backup")
@access.owner
def backup() -> ResponseReturnValue:
    """Settings, inbox and history in one file."""
    with temporary_folder(box().data_dir) as folder:
        path = folder / "backup"
        backups.create(path, box().config_path, box().data_dir, box().clock)
        file = path.open("rb")  # the open file outlives its folder
    size = os.fstat(file.fileno()).st_size

    def chunks() -> Iterator[bytes]:
        with file:
            while chunk := file.read(CHUNK):
                yield chunk
    return Response(chunks(), mimetype="application/gzip", headers={
        "Content-Disposition": f"attachment; filename=suntap-backup-{_stamp()}.tar.gz", "Content-Length": str(size)})


@page.get("/diagnostics/uploads.txt")
@access.owner
def uploads() -> Response:
    """The last captured uploads as they came, with a line of facts before each."""
    parts = []
    for upload in box().last_uploads(UPLOADS):
        way = f"{upload.source} > {upload.destination} POST {upload.path}"
        whole = "complete" if upload.complete else "with a hole"
        text = upload.body.decode("utf-8", "replace")
        parts.append(f"# {localtime.utc_text(upload.captured_us / 1e6)} {way} ({whole})\n{text}\n")
    return Response("".join(parts), mimetype="text/plain", headers={
        "Content-Disposition": f"attachment; filename=suntap-uploads-{_stamp()}.txt"})


@page.post("/diagnostics/bundle")
@access.owner
def debug() -> Response:
    """Everything for a bug report, without secrets."""
    loaded = box().settings()
    settings_text = "".join(f"{key} = {value(loaded, key)}\n" for key in fields.FIELDS)
    facts = status.collect(loaded, box().clock).to_json()
    journal = logs.read("debug", 2000)
    contents = {
        "README.txt": "suntap debug bundle. Serial numbers and addresses of your network are in it, no key and no "
                      "password.\n",
        "status.json": json.dumps(facts, indent=1, default=str),
        "settings.txt": settings_text,
        "log.txt": journal.trouble or "".join(
            f"{localtime.utc_text(line.time)} {line.unit} {line.level} {line.text}\n" for line in journal.lines),
        "uploads.json": json.dumps([_upload(upload) for upload in box().last_uploads(10)], indent=1),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in contents.items():
            archive.writestr(name, auth.redact(text, *secrets(loaded)))
    return Response(packed.getvalue(), mimetype="application/zip", headers={
        "Content-Disposition": f"attachment; filename=suntap-debug-{_stamp()}.zip"})


def _upload(upload: Upload) -> dict[str, Any]:
    return {"captured": upload.captured_us / 1e6, "source": upload.source, "destination": upload.destination,
            "path": upload.path, "complete": upload.complete, "size": len(upload.body),
            "text": upload.body.decode("utf-8", "replace")}


def _stamp() -> str:
    return datetime.fromtimestamp(box().now(), UTC).strftime("%Y%m%d-%H%M%S")
