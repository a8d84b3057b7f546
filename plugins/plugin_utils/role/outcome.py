# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The outcome of a role's gate: result, message, whether the play fails, and report. Does not depend on Ansible."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import OptionError
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.verdicts import ERROR, PASS, PENDING
from ansible_collections.datagate.huaweicloud.plugins.module_utils._text import printable
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.role.entries import Entry
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.role.variables import OPTIONS, OWN, PREFIX, renamed
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.summary import summary

SKIPPED = "SKIPPED"
ROLLBACK = "rollback"
MAX_NAMED = 3
_NOT_IN_RESULT = ("changed", "exception", "failed", "invocation", "warnings", "deprecations")
_UNREAD = frozenset(("denied", "unreadable"))
_TAKEN = frozenset((*OPTIONS, *OWN, "result", "entry", "hosts"))


class Setting(NamedTuple):
    """Data of a gate in addition to its options.

    :ivar entry_name: the entry point as the user wrote it.
    :ivar own: the role's own variables that are set.
    :ivar host: the host that sends the requests.
    :ivar playbook: the playbook's file or name.
    :ivar started_at: start time of the gate.
    :ivar run: IDs of the AWX job and workflow run.
    :ivar within: the name of the gate whose ``job_gate_on_failure`` contains this one, or None.
    :ivar check_mode: whether no files may be written.
    :ivar only: names of jobs that a playbook of the collection has chosen out of the selection; None for the whole selection.
    """

    entry_name: str
    entry: Entry
    own: Mapping[str, Any]
    host: str
    playbook: str
    started_at: datetime
    run: Mapping[str, str]
    within: str | None
    check_mode: bool
    only: list[str] | None = None

    @property
    def name(self) -> str:
        """The gate's name. A gate within ``job_gate_on_failure`` inherits the name of the failed gate, so it gets another one."""
        given = str(self.own.get("id") or "")
        if self.within is not None and self.within == given:
            return f"{given}_{ROLLBACK}" if given else ROLLBACK
        return given

    @property
    def fact(self) -> str:
        """The additional fact for the result, or ``job_gate_result`` for a gate without a name."""
        return f"{PREFIX}{self.name}" if self.name else f"{PREFIX}result"

    @property
    def report_dir(self) -> Path | None:
        """The directory of the report, or None. A relative path is relative to the working directory."""
        given = self.own.get("report_dir")
        return Path(os.path.abspath(os.path.expanduser(given))) if given and not self.check_mode else None

    @property
    def is_on(self) -> bool:
        """Whether the gate is enabled."""
        return self.own.get("enabled", True) is True

    def check(self) -> None:
        """Validate the role's own variables.

        :raises OptionError: one of them is invalid.
        """
        name = self.own.get("id")
        if name and (not re.fullmatch(r"[A-Za-z0-9_]+", name) or name in _TAKEN):
            raise OptionError(
                f"{PREFIX}id",
                "must be letters, digits and underscores, and not the rest of the name of a variable of this role",
            )
        if not self.is_on and not self.own.get("override_reason"):
            raise OptionError(f"{PREFIX}override_reason", "is needed where job_gate_enabled switches the gate off")
        try:
            self.make_folder()
        except OSError as error:
            raise OptionError(f"{PREFIX}report_dir", f"{self.report_dir} cannot be made: {error.strerror}") from None

    def make_folder(self) -> Path | None:
        """Create the directory for the report. Returns its path, or None without a report."""
        folder = self.report_dir
        if folder is not None:
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        return folder


def answer(setting: Setting, result: Mapping[str, Any], refused: bool = False) -> dict[str, Any]:
    """The result for the hosts of the play.

    :param result: the module's result, or a dictionary with ``msg`` if there is none.
    :param refused: whether the gate did not run, or broke; ``job_gate_soft_fail`` applies only to verdicts.
    """
    judged = "verdict" in result
    kept = {key: value for key, value in result.items() if key not in _NOT_IN_RESULT}
    verdict = str(kept.setdefault("verdict", ERROR))
    kept.setdefault("reasons", [])
    unread = any(item.get("code") in _UNREAD for item in kept["reasons"]) and not setting.entry.waits
    failed = verdict not in (PASS, PENDING, SKIPPED) or (verdict == PENDING and unread)
    tolerated = setting.own.get("soft_fail") or []
    stops = failed and (refused or not judged or (ERROR if verdict == PENDING else verdict) not in tolerated)
    # A message without a verdict names the role's variables already. It may also name entry points, such as fail_on_exception.
    message = str(kept.get("msg") or "")
    kept["msg"] = _sentence(renamed(message) if judged else message, kept)
    kept["failed"] = failed
    if isinstance(kept.get("gate"), dict):
        kept["gate"] = {**kept["gate"], "entry": setting.entry_name}
    sentences = [kept["msg"]]
    if failed and not stops:
        sentences.append("The play continues, because job_gate_soft_fail is set.")
    finished = datetime.now(timezone.utc)
    report = _report(setting, kept, finished)
    if report:
        sentences.append(report)
    data = {**kept, "finished_at": _moment(finished), "run": dict(setting.run)}
    return {
        "result": kept,
        "fact": setting.fact if not refused or _is_usable(setting) else f"{PREFIX}result",
        "message": " ".join(sentences),
        "stops": stops,
        "stops_all": False,
        "stats": {_artifact(setting): summary(data)} if setting.own.get("stats", True) else None,
        "on_failure": "",
        "name": str(setting.own.get("id") or ""),
    }


def skipped(setting: Setting) -> dict[str, Any]:
    """The result of a disabled gate."""
    reason = str(setting.own.get("override_reason"))
    return {
        "verdict": SKIPPED,
        "reasons": [],
        "msg": f"SKIPPED: the gate is switched off: {printable(reason, 500)}",
        "override_reason": reason,
    }


def _is_usable(setting: Setting) -> bool:
    return re.fullmatch(r"\w*", setting.name) is not None and setting.name not in _TAKEN


def _artifact(setting: Setting) -> str:
    return f"{PREFIX}{setting.name}" if setting.name and _is_usable(setting) else PREFIX.rstrip("_")


def _sentence(text: str, result: Mapping[str, Any]) -> str:
    """The message, with the selection of the gate."""
    gate = result.get("gate")
    chosen = gate.get("selection") if isinstance(gate, dict) else None
    if not isinstance(chosen, dict) or not text.startswith(str(result.get("verdict"))):
        return text
    return f"{text} Selected: {selection(chosen)}."


def selection(chosen: Mapping[str, Any]) -> str:
    """A short description of the selection, such as ``tags orders, payments``."""
    words = {
        "job_names": "",
        "job_ids": "",
        "names": "",
        "batch_ids": "",
        "job_tags": "tags ",
        "queue": "queue ",
        "since": "since ",
        "tags": "tags ",
        "name_contains": "names with ",
        "exclude_names": "without ",
    }
    parts = []
    for option, word in words.items():
        value = chosen.get(option)
        if isinstance(value, Mapping):
            value = [f"{key}={item}" for key, item in value.items()]
        items = [value] if isinstance(value, str) else list(value or [])
        if items:
            more = f", + {len(items) - MAX_NAMED} more" if len(items) > MAX_NAMED else ""
            parts.append(word + ", ".join(printable(item, 60) for item in items[:MAX_NAMED]) + more)
    if chosen.get("newest"):
        parts.append("only the newest of each")
    return ", ".join(parts) or "nothing"


def _moment(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _report(setting: Setting, result: Mapping[str, Any], finished: datetime) -> str:
    """Write the report. Returns its path, or the reason why it could not be written, which does not change the verdict."""
    try:
        folder = setting.make_folder()
    except OSError:
        return ""  # this caused the failure of the gate
    if folder is None:
        return ""
    # Imported here, because it loads templates and JUnit.
    from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report import report_facts
    from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report.gate.formats import FORMS
    from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report.template_data import ReportError, plain

    name = _artifact(setting) if setting.name else "gate"
    try:
        received = report_facts.read(
            {
                "title": f"Gate {setting.name}".rstrip(),
                "finished_at": _moment(finished),
                "facts": facts(setting, result),
            },
            "Gate",
        )
        data = plain(result)
        for form, write in FORMS.items():
            written = write(data, received)
            path = folder / f"{name}.{form}"
            path.write_text(written if isinstance(written, str) else "\n".join(written), "utf-8")
            path.chmod(0o644)
    except (OSError, ReportError) as error:
        return f"The report could not be written: {printable(error, 500)}."
    return f"Report: {folder / name}.html"


def facts(setting: Setting, result: Mapping[str, Any]) -> dict[str, Any]:
    """Additional facts for the report: selection, region, project, credentials, playbook and time."""
    gate = result.get("gate")
    gate = gate if isinstance(gate, dict) else {}
    credentials = gate.get("credentials")
    credentials = credentials if isinstance(credentials, dict) else {}
    chosen = gate.get("selection")
    key = f"{credentials.get('place') or ''} {credentials.get('key') or ''}".strip()
    return {
        "Entry point": setting.entry_name,
        "Selection": selection(chosen) if isinstance(chosen, dict) else "",
        "Region": gate.get("region") or "not given",
        "Project": gate.get("project_id") or "not known",
        "Workspace": gate.get("workspace")
        or ("" if gate.get("selection", {}).get("job_ids") else "the default workspace"),
        "Credentials": key or "not known",
        "Started": _moment(setting.started_at),
        "Playbook": setting.playbook,
        "Asked from": setting.host if setting.host != "localhost" else "",
        "Job of AWX": ", ".join(text for text in (setting.run.get("job"), setting.run.get("template")) if text),
    }
