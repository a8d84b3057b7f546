# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gate's result as JUnit XML, as GitLab and Jenkins read it: one test case for each job.

| in the gate | in the file |
| --- | --- |
| a failing job | failure |
| a job that could not be read, or was denied, in a gate that has not let through | error |
| a job on its way when the time was up | failure |
| a job on its way when another one failed | skipped: a hundred failures would hide the one that counts |
| a ready job | a case that has passed |
| a job on its way, in a gate that has only looked | skipped, with what was said of it: it has neither passed nor failed |
| a job that fails and is tolerated (``max_failing``) | skipped, with the reason: a failure would contradict the gate, a pass would hide it |
| a job that does not exist and need not | skipped |
| reasons of no single job, or a failed gate without a failing job | a case called THE_GATE |
| a gate that was switched off | one skipped case with the reason |

A case's time is what passed until its job got into its last state, so the times of cases overlap. The suite's time is
therefore the gate's own, and its timestamp is when the gate began.
"""

from __future__ import annotations

import dataclasses
import decimal
import re
from collections.abc import Sequence
from datetime import timedelta

# The library behind ansible-core's own junit callback, the same file from 2.17 to 2.21. It saves a dependency: this
# runs where ansible-core is, and the collection asks for nothing else but requests.
from ansible.utils._junit_xml import TestCase, TestError, TestFailure, TestSuite, TestSuites

from ansible_collections.datagate.huaweicloud.plugins.module_utils.gate.verdicts import ERROR, PASS, PENDING, TIMEOUT

from .gate import LEFT_OUT, SKIPPED, Gate, Job, Reason

THE_GATE = "the gate"
# What XML 1.0 does not know, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclasses.dataclass
class _Suite(TestSuite):
    """A suite whose time is the gate's, and not the sum of times that have passed side by side."""

    seconds: decimal.Decimal = decimal.Decimal(0)

    @property
    def time(self) -> decimal.Decimal:
        """Seconds that the gate took."""
        return self.seconds


def write(gate: Gate) -> str:
    """The file's text."""
    cases = _cases(gate)
    elapsed = gate.elapsed or 0.0
    began = gate.about.finished_at - timedelta(seconds=elapsed) if gate.about.finished_at else None
    title = xml_text(gate.about.title)
    suite = _Suite(
        name=title,
        timestamp=began,
        properties=_properties(gate),
        cases=cases,
        seconds=decimal.Decimal(f"{elapsed:.3f}"),
    )
    return str(TestSuites(name=title, suites=[suite]).to_pretty_xml())


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


def _cases(gate: Gate) -> list[TestCase]:
    # A dot would part packages in Jenkins.
    service = "dli" if gate.noun == "DLI job" else "dataarts"
    group = f"{service}.{gate.about.title.replace('.', '_')}"
    cases = [_case(gate, job, group) for job in gate.jobs]
    broken = any(case.failures or case.errors for case in cases)
    if gate.further:
        ready = "ready and " if not gate.reasons else ""
        cases.append(
            _new(f"{gate.further} further {gate.noun}{'' if gate.further == 1 else 's'}, {ready}not listed", group)
        )
    if gate.verdict == SKIPPED:
        cases.insert(0, _blamed(_new(THE_GATE, group), gate.override_reason or gate.message or SKIPPED, [], "skipped"))
    elif gate.reasons or (gate.bad and not broken):
        cases.insert(0, _of_the_gate(gate, group))
    return cases or [_new(THE_GATE, group)]


def _case(gate: Gate, job: Job, group: str) -> TestCase:
    case = _new(job.name or "a job without a name", group)
    if job.settled_at is not None:
        case.time = decimal.Decimal(f"{job.settled_at:.3f}")
    message = "; ".join(reason.message for reason in job.reasons) or f"{job.name} is {job.verdict}"
    if job.verdict == PASS:
        return case
    if job.verdict == LEFT_OUT:
        return _blamed(case, f"left out: {message}", job.reasons, "skipped")
    if job.tolerated:
        return _blamed(case, f"tolerated: {message}", job.reasons, "skipped")
    if not gate.bad:
        return _blamed(case, f"{job.verdict}: {message}", job.reasons, "skipped")
    if job.verdict == PENDING and not job.unread and gate.verdict != TIMEOUT:
        return _blamed(case, f"not waited for any longer: {message}", job.reasons, "skipped")
    return _blamed(case, message, job.reasons, "error" if job.unread else "failure")


def _of_the_gate(gate: Gate, group: str) -> TestCase:
    """The case for what concerns no single job."""
    case = _new(THE_GATE, group)
    if gate.elapsed is not None:
        case.time = decimal.Decimal(f"{gate.elapsed:.3f}")
    message = "; ".join(reason.message for reason in gate.reasons) or gate.message
    if not gate.bad:
        if gate.verdict == PENDING:
            return _blamed(case, message, gate.reasons, "skipped")
        case.system_out = xml_text(message)
        return case
    unread = gate.reasons[0].unread if gate.reasons else gate.verdict == ERROR
    return _blamed(case, message, gate.reasons, "error" if unread else "failure")


def _new(name: str, group: str) -> TestCase:
    return TestCase(name=xml_text(name), classname=xml_text(group))


def _blamed(case: TestCase, message: str, reasons: Sequence[Reason], how: str) -> TestCase:
    """Give a case its outcome: ``failure``, ``error`` or ``skipped``."""
    details = xml_text("\n".join(_details(reasons) or [message]))
    message = xml_text(message)
    if how == "skipped":
        case.skipped = message  # the library knows no message of its own for it
        return case
    kind = xml_text(reasons[0].code) if reasons else how
    if how == "error":
        case.errors.append(TestError(output=details, message=message, type=kind))
    else:
        case.failures.append(TestFailure(output=details, message=message, type=kind))
    return case


def _details(reasons: Sequence[Reason]) -> list[str]:
    lines = []
    for reason in reasons:
        lines.append(f"{reason.code}: {reason.message}")
        if reason.log_path:
            lines.append(f"  log: {reason.log_path}")
    return lines
