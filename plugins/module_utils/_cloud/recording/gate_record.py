# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.


"""A gate in a recording: its options and its verdict, with all names replaced."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, Dict, List, Mapping, Sequence

from . import known_fields as fields
from .addresses import tag_list
from .anonymizer import Anonymizer
from .known_fields import JOB, NODE

MAX_HISTORY = 1000
NO_MATCH = "no_match"  # in the place of patterns that match nothing
# Options by what they hold. Numbers and truth values stay; any other text is left out.
_WORDS = fields.word_set(
    "wait_for fail_states missing return_jobs job_type job_types statuses skipped which instance_types cancel_on"
)
_NAME_LISTS = frozenset(("job_names", "names", "name"))
_ID_LISTS = frozenset(("job_ids", "batch_ids", "instance_ids"))
_TIMES = frozenset(("started_after", "runs_since", "since", "until"))
_PATTERNS = {"exclude_names": JOB, "ignore_nodes": NODE, "require_records": NODE}
# They select the connection or the way of running, not the gate.
_LEFT_OUT = frozenset(("slice_timeout", "resume", "record", "workspace"))
_LIMITS = frozenset(
    ("request_timeout", "requests_per_second", "retries")
)  # connection options that decide when requests are sent


class GateRecord:
    """Makes the line of a gate.

    :param connection_options: names of options that are not part of the gate.
    """

    def __init__(self, anonymizer: Anonymizer, connection_options: Sequence[str] = ()) -> None:
        self._anonymizer = anonymizer
        self._values = anonymizer.values
        self._left_out = _LEFT_OUT.union(connection_options) - _LIMITS

    def options(self, params: Mapping[str, Any]) -> Dict[str, Any]:
        """The options of a gate that are set."""
        made = {}
        for name, value in params.items():
            if name in self._left_out or value in (None, "", [], {}):
                continue
            kept = self._option(name, value)
            if kept is not None:
                made[name] = kept
        return made

    def is_replayable(self, params: Mapping[str, Any]) -> bool:
        """Whether a gate with these options can be repeated: it is not a slice, and its made-up names can be selected like the real ones.

        A name that another process of the recording met before does not contain the made-up part of names.
        """
        part = params.get("name_contains")
        if params.get("slice_timeout") or params.get("resume"):
            return False
        if not part:
            return True
        made = self._values.part(str(part))
        return all((str(part) in job) == (made in self._values.name(job, JOB)) for job in self._values.known(JOB))

    def _option(self, name: str, value: Any) -> Any:
        if name in _TIMES:
            return self._time(value)
        if isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, dict):
            tags = self._values.name
            return {tags(str(key), fields.TAG): tags(str(item), fields.TAG) for key, item in value.items()}
        items = [str(item) for item in (value if isinstance(value, (list, tuple)) else str(value).split(","))]
        made = self._items(name, [item.strip() for item in items])
        return made if isinstance(value, (list, tuple)) or made is None else ",".join(map(str, made))

    def _items(self, name: str, items: List[str]) -> Any:
        if name in _WORDS:
            return [self._anonymizer.word(item) for item in items]
        if name in _NAME_LISTS:
            return [self._values.name(item, JOB) for item in items]
        if name in _ID_LISTS:
            return [self._values.identifier(item) for item in items]
        if name in _PATTERNS:
            return self._matching(items, self._values.known(_PATTERNS[name]), _PATTERNS[name])
        if name == "tags":
            return tag_list(items, self._anonymizer)
        if name == "name_contains":
            return [self._values.part(",".join(items))]
        return [self._values.name(item, fields.QUEUE) for item in items] if name == "queue" else None

    def _matching(self, patterns: List[str], names: Any, kind: str) -> List[str]:
        """The made-up names of those that match a pattern, because a pattern would reveal the names."""
        found = sorted(name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns))
        return [self._values.name(name, kind) for name in found] or [NO_MATCH]

    def _time(self, value: Any) -> Any:
        if isinstance(value, (int, float)):
            return self._values.time(value)[0]
        return self._values.time_text(str(value)) or (value if str(value)[:-1].isdigit() else None)

    def result(self, result: Mapping[str, Any]) -> Dict[str, Any]:
        """Verdict, reasons and history of a result."""
        return {
            "verdict": result["verdict"],
            "elapsed": result["elapsed"],
            "polls": result["polls"],
            "reasons": [self._reason(item) for item in result["reasons"]],
            "history": [self._change(item) for item in result["history"][-MAX_HISTORY:]],
        }

    def _reason(self, reason: Mapping[str, Any]) -> Dict[str, Any]:
        return {"code": reason["code"], **self._place(reason), "status": self._state(reason.get("status"))}

    def _change(self, change: Mapping[str, Any]) -> Dict[str, Any]:
        states = {name: self._state(change.get(name)) for name in ("previous", "status")}
        return {"at": change["at"], **self._place(change), **states}

    def _place(self, item: Mapping[str, Any]) -> Dict[str, Any]:
        job, node = item.get("job"), item.get("node")
        return {
            "job": None if job is None else self._values.name(job, JOB),
            "node": None if node is None else self._values.name(node, NODE),
        }

    def _state(self, state: Any) -> Any:
        return None if state is None else self._anonymizer.word(str(state))
