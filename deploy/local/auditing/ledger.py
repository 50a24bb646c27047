"""A ledger: the ids somebody was answered 200 for. A line is an id, or JSON with `id` or `messageId`, `workspace`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from deploy.local.auditing.columns import Hashes
from deploy.local.errors import LocalError
from schemas.events import id_hash


def read_ledger(path: Path, workspaces: Mapping[str, int], default: str) -> Hashes:
    """The first halves of the hashes of a ledger's ids. Raises LocalError where a line makes no sense."""
    halves = [id_hash(workspace, message_id)[:8] for workspace, message_id in _entries(path, workspaces, default)]
    return np.frombuffer(b"".join(halves), "<u8")


def _entries(path: Path, workspaces: Mapping[str, int], default: str) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            entry = line.strip()
            if entry:
                said = _said(entry)
                name, message_id = said.get("workspace", default), said.get("id", said.get("messageId"))
                if name not in workspaces or not isinstance(message_id, str):
                    raise LocalError(f"Line {number} of {path} names no id, or a workspace that is not there.")
                yield workspaces[name], message_id


def _said(entry: str) -> dict[str, Any]:
    if not entry.startswith("{"):
        return {"id": entry}
    try:
        return msgspec.json.decode(entry, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}
