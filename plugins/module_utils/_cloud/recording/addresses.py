# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.


"""Paths and queries of requests, made anonymous."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from ..calls import Call
from ..options import Connection
from . import known_fields as fields
from .anonymizer import Anonymizer

# Parts of the paths of the APIs.
_LITERALS = fields.word_set(
    "v1 v1.0 v2 v2.0 v3 v3.0 v5 jobs job status progress detail instances streaming batches state log auth tokens projects"
    " workspaces factory start stop restart retry run run-immediate metrics savepoint agencies assume openstack latest"
    " securitykey meta-data api token monitor task-statistics-overview OS-CREDENTIAL securitytokens OS-FEDERATION"
    " identity_providers protocols agencies-with-oidc assume-with-oidc id-token id_token queues"
)
# What a part is that follows one of these, and the parts there that are literals nevertheless.
_NAMES_AFTER = {
    "jobs": (fields.JOB, (("instances", "detail"), ("instances", "retry"), ("run",), ("stop",), ("metrics",))),
    "batches": (fields.ID, ()),
    "instances": (fields.ID, (("detail",), ("retry",))),
    "workspaces": (fields.ID, ()),
    "identity_providers": (fields.NAME, ()),
    "protocols": (fields.NAME, ()),
}


def anonymous_path(url: str, call: Call, connection: Connection, anonymizer: Anonymizer) -> str:
    """The path of a request below its endpoint."""
    path = urlsplit(url).path
    prefix = urlsplit(connection.endpoints.get(call.service, "")).path.rstrip("/")
    if prefix and path.startswith(f"{prefix}/"):
        path = path[len(prefix) :]
    segments = [unquote(segment) for segment in path.split("/")[1:]]
    made = [_segment(segments, place, anonymizer) for place in range(len(segments))]
    return "/" + "/".join(quote(segment, safe="") for segment in made)


def _segment(segments: Sequence[str], place: int, anonymizer: Anonymizer) -> str:
    segment = segments[place]
    before = segments[place - 1] if place else ""
    if before in _NAMES_AFTER:
        kind, literals = _NAMES_AFTER[before]
        if tuple(segments[place:]) not in literals:
            return str(anonymizer.values.name(segment, kind))
        return segment
    if segment in _LITERALS:
        return segment
    return anonymizer.values.name(segment, fields.PROJECT if place == 1 else fields.NAME)


def anonymous_query(url: str, anonymizer: Anonymizer) -> List[Tuple[str, str]]:
    """The query of a request: names and values."""
    made = []
    for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        if name == "jobName":
            shown = anonymizer.values.part(value)
        elif name == "tags":
            shown = ",".join(tag_list(value.split(","), anonymizer))
        else:
            shown = str(anonymizer.field(name, value))
        made.append((name if fields.is_field_name(name) else anonymizer.values.name(name, "field"), shown))
    return made


def tag_list(tags: Sequence[str], anonymizer: Anonymizer) -> List[str]:
    """Tags, as ``name`` or ``name=value``."""
    return ["=".join(anonymizer.values.name(part, fields.TAG) for part in tag.split("=", 1)) for tag in tags]


def anonymous_workspace(call: Call, anonymizer: Anonymizer) -> Optional[str]:
    """The workspace that a request is about; None for the default one."""
    workspace = call.headers.get("workspace")
    return anonymizer.values.identifier(workspace) if workspace else None
