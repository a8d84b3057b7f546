# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""A gate's result as JUnit XML, as GitLab and Jenkins read it: one test case for each job.

| in the gate | in the file |
| --- | --- |
| a failing job | failure |
| a job that could not be read, or was denied, in a gate that has not let through | error |
| a job on its way when the time was up | failure |
| a job on its way when another one failed | skipped: a hundred failures would hide the one that counts |
| a ready job | a case that has passed |
| a job on its way, in a reading without wait | skipped, with its text: it has neither passed nor failed |
| a job that fails and is tolerated (``max_failing``) | skipped, with the reason: a failure would contradict the gate, a pass would hide it |
| a job that does not exist and need not | skipped |
| reasons of no single job, or a failed gate without a failing job | a case called THE_GATE |
| a gate that was switched off | one skipped case with the reason |

A case's time is what passed until its job got into its last state, so the times of cases overlap. The suite's time is
therefore the gate's own, and its timestamp is when the gate began.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from xml.etree import ElementTree

from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.kinds import KINDS
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.verdicts import ERROR, PASS, PENDING, TIMEOUT

from .data import LEFT_OUT, SKIPPED, Gate, Job, Reason

THE_GATE = "the gate"
DLI_NOUNS = frozenset(kind.noun for kind in KINDS if not kind.has_workspace)
# What XML 1.0 does not know, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Case(NamedTuple):
    """A test case.

    :ivar outcome: ``failure``, ``error``, ``skipped``, or None for a case that has passed.
    :ivar kind: type of the failure or error.
    :ivar message: of a failure or an error, in one line.
    :ivar output: the text about it.
    """

    name: str
    group: str
    seconds: float | None
    outcome: str | None = None
    kind: str = ""
    message: str = ""
    output: str = ""


def write(gate: Gate) -> str:
    """The file's text."""
    cases = _cases(gate)
    counts = {"tests": str(len(cases))}
    for key, outcome in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        counts[key] = str(sum(case.outcome == outcome for case in cases))
    # The gate's time, and not the sum of times that have passed side by side.
    common = {"name": xml_text(gate.about.title), **counts, "time": f"{gate.elapsed or 0.0:.3f}"}
    root = ElementTree.Element("testsuites", {key: value for key, value in common.items() if key != "skipped"})
    suite = ElementTree.SubElement(root, "testsuite", common)
    if gate.about.finished_at:
        began = gate.about.finished_at - timedelta(seconds=gate.elapsed or 0.0)
        suite.set("timestamp", began.replace(tzinfo=None).isoformat(timespec="seconds"))
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in _properties(gate).items():
        ElementTree.SubElement(properties, "property", {"name": name, "value": value})
    for case in cases:
        _add(suite, case)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _add(suite: ElementTree.Element, case: _Case) -> None:
    """Add a case to the suite."""
    element = ElementTree.SubElement(
        suite, "testcase", {"classname": xml_text(case.group), "name": xml_text(case.name)}
    )
    if case.seconds is not None:
        element.set("time", f"{case.seconds:.3f}")
    if case.outcome in ("failure", "error"):
        attributes = {"message": xml_text(case.message), "type": xml_text(case.kind)}
        ElementTree.SubElement(element, case.outcome, attributes).text = xml_text(case.output)
    elif case.output:
        ElementTree.SubElement(element, case.outcome or "system-out").text = xml_text(case.output)


def xml_text(text: str) -> str:
    """*text* with replacement characters for what XML 1.0 cannot hold."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


def _properties(gate: Gate) -> dict[str, str]:
    found = {"verdict": gate.verdict}
    if gate.override_reason:
        found["override_reason"] = gate.override_reason
    for name, value in (("elapsed", gate.elapsed), ("polls", gate.polls), ("requests", gate.requests)):
        if value is not None:
            found[name] = str(value)
    found.update({f"jobs {state.name}": str(state.jobs) for state in gate.states})
    # An author's fact must not take the place of one of the gate's.
    found.update({label if label not in found else f"{label} (fact)": value for label, value in gate.about.facts})
    return {xml_text(name): xml_text(value) for name, value in found.items()}


def _cases(gate: Gate) -> list[_Case]:
    # A dot would part packages in Jenkins.
    service = "dli" if gate.noun in DLI_NOUNS else "dataarts"
    group = f"{service}.{gate.about.title.replace('.', '_')}"
    cases = [_case(gate, job, group) for job in gate.jobs]
    broken = any(case.outcome in ("failure", "error") for case in cases)
    if gate.further:
        ready = "ready and " if not gate.reasons else ""
        more = f"{gate.further} further {gate.noun}{'' if gate.further == 1 else 's'}, {ready}not listed"
        cases.append(_Case(more, group, None))
    if gate.verdict == SKIPPED:
        why = gate.override_reason or gate.message or SKIPPED
        cases.insert(0, _Case(THE_GATE, group, None, "skipped", output=why))
    elif gate.reasons or (gate.bad and not broken):
        cases.insert(0, _of_the_gate(gate, group))
    return cases or [_Case(THE_GATE, group, None)]


def _case(gate: Gate, job: Job, group: str) -> _Case:
    case = _Case(job.name or "a job without a name", group, job.settled_at)
    message = "; ".join(reason.message for reason in job.reasons) or f"{job.name} is {job.verdict}"
    if job.verdict == PASS:
        return case._replace(output=f"{job.run.words}; {job.run.line}") if job.run else case
    if job.verdict == LEFT_OUT:
        return _skipped(case, f"left out: {message}")
    if job.tolerated:
        return _skipped(case, f"tolerated: {message}")
    if not gate.bad:
        return _skipped(case, f"{job.verdict}: {message}")
    if job.verdict == PENDING and not job.unread and gate.verdict != TIMEOUT:
        return _skipped(case, f"not waited for any longer: {message}")
    return _broken(case, message, job.reasons, job.unread)


def _of_the_gate(gate: Gate, group: str) -> _Case:
    """The case for what concerns no single job."""
    case = _Case(THE_GATE, group, gate.elapsed)
    message = "; ".join(reason.message for reason in gate.reasons) or gate.message
    if not gate.bad:
        return _skipped(case, message) if gate.verdict == PENDING else case._replace(output=message)
    unread = gate.reasons[0].unread if gate.reasons else gate.verdict == ERROR
    return _broken(case, message, gate.reasons, unread)


def _skipped(case: _Case, message: str) -> _Case:
    return case._replace(outcome="skipped", output=message)


def _broken(case: _Case, message: str, reasons: Sequence[Reason], is_error: bool) -> _Case:
    """A case that is a failure or an error."""
    outcome = "error" if is_error else "failure"
    kind = reasons[0].code if reasons else outcome
    output = "\n".join(_details(reasons) or [message])
    return case._replace(outcome=outcome, kind=kind, message=message, output=output)


def _details(reasons: Sequence[Reason]) -> list[str]:
    lines = []
    for reason in reasons:
        lines.append(f"{reason.code}: {reason.message}")
        if reason.log_path:
            lines.append(f"  log: {reason.log_path}")
    return lines
