# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sample results of gates; each form of a report accepts each of them, and incomplete ones."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.filter.gate_report import gate_report
from ansible_collections.datagate.huaweicloud.plugins.filter.gate_summary import gate_summary
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report.gate.formats import FORMS

Data = dict[str, Any]

LOG = "obs://dlf-log-0123456789abcdef0123456789abcdef/job_sms/DLI_SMS_GES/DLI_SMS_GES.job"
ABOUT: Data = {
    "title": "Gate after the deployment",
    "finished_at": "2026-11-23T03:12:45Z",
    "facts": {
        "Region": "cn-north-4",
        "Workspace": "0f6a1c3e5b7d9f2468ace013579bdf24",
        "Entry point": "wait_until_normal",
        "Job of AWX": "",
    },
}
DLI_JOB = "85798b38-ae44-48eb-bb90-7cf0dcdafe7b"


def change(at: float, job: str, node: str | None, previous: str | None, status: str | None) -> Data:
    """An entry of the history."""
    return {"at": at, "job": job, "node": node, "previous": previous, "status": status}


def reason(code: str, job: str | None, message: str, **more: Any) -> Data:
    """A reason with all its keys."""
    return {"code": code, "job": job, "node": None, "status": None, "message": message, "log_path": None, **more}


def node(name: str, status: str, kind: str = "DLI SQL", log_path: str | None = None) -> Data:
    """A node of a real-time job."""
    return {"name": name, "status": status, "type": kind, "log_path": log_path}


def job(name: str, status: str | None, verdict: str, reasons: list[Data] | None = None, **more: Any) -> Data:
    """A real-time job."""
    return {"name": name, "status": status, "verdict": verdict, "reasons": reasons or [], "nodes": [], **more}


def result(verdict: str, jobs: list[Data], **more: Any) -> Data:
    """A gate's result whose reasons are those of its jobs."""
    by_status: dict[str, int] = {}
    for item in jobs:
        by_status[item["status"] or "missing"] = by_status.get(item["status"] or "missing", 0) + 1
    return {
        "verdict": verdict,
        "msg": f"{verdict} after 71 s.",
        "reasons": [found for item in jobs for found in item["reasons"]],
        "failed": verdict in ("FAIL", "TIMEOUT", "ERROR"),
        "elapsed": 71.0,
        "polls": 8,
        "requests": 26,
        "history": [],
        "history_dropped": 0,
        "by_status": by_status,
        "resume": None,
        "job": jobs[0] if len(jobs) == 1 else None,
        "jobs": jobs,
        **more,
    }


def failed() -> Data:
    """A gate that failed because of a node while another job was starting."""
    broken = reason(
        "node_exception",
        "job_sms",
        "job_sms: node DLI_SMS_GES is EXCEPTION",
        node="DLI_SMS_GES",
        status="EXCEPTION",
        log_path=LOG,
    )
    pending = reason("still_pending", "job_payments", "job_payments is STARTING", status="STARTING")
    jobs = [
        job(
            "job_orders_stream",
            "NORMAL",
            "PASS",
            nodes=[node("READ_ORDERS", "NORMAL", "DIS Transfer Task"), node("WRITE_ORDERS", "NORMAL")],
        ),
        job(
            "job_sms",
            "NORMAL",
            "FAIL",
            [broken],
            nodes=[
                node("CS_SMS_PROCESS", "NORMAL", "ExecuteCloudStream", LOG.replace("DLI_SMS_GES", "CS_SMS_PROCESS")),
                node("DELETE_GES_DIR", "STOPPED", "Delete OBS"),
                node("DIS_EVENT", "NORMAL", "ExecuteDISStream", LOG.replace("DLI_SMS_GES", "DIS_EVENT")),
                node("DLI_SMS_GES", "EXCEPTION", log_path=LOG),
            ],
        ),
        job("job_payments", "STARTING", "PENDING", [pending]),
    ]
    history = [
        *(change(0.0, name, None, None, "STOPPED") for name in ("job_orders_stream", "job_sms", "job_payments")),
        change(10.1, "job_orders_stream", None, "STOPPED", "STARTING"),
        change(10.1, "job_sms", None, "STOPPED", "STARTING"),
        *(change(10.2, "job_sms", name, None, "STARTING") for name in ("CS_SMS_PROCESS", "DIS_EVENT", "DLI_SMS_GES")),
        change(10.2, "job_sms", "DELETE_GES_DIR", None, "STOPPED"),
        change(20.3, "job_payments", None, "STOPPED", "STARTING"),
        change(30.1, "job_orders_stream", None, "STARTING", "NORMAL"),
        change(30.1, "job_sms", None, "STARTING", "NORMAL"),
        *(change(30.2, "job_orders_stream", name, None, "NORMAL") for name in ("READ_ORDERS", "WRITE_ORDERS")),
        *(
            change(30.2, "job_sms", name, "STARTING", "NORMAL")
            for name in ("CS_SMS_PROCESS", "DIS_EVENT", "DLI_SMS_GES")
        ),
        change(70.4, "job_sms", "DLI_SMS_GES", "NORMAL", "EXCEPTION"),
    ]
    message = (
        f"FAIL after 71 s: job_sms: node DLI_SMS_GES is EXCEPTION (log {LOG}); job_payments is STARTING. "
        "1 of 3 jobs ready (2 NORMAL, 1 STARTING)."
    )
    return result("FAIL", jobs, reasons=[broken, pending], history=history, msg=message)


def passed() -> Data:
    """A passed gate that tolerated two jobs."""
    names = ("job_orders_stream", "job_sms")
    history = [
        *(change(0.1, name, None, None, "STARTING") for name in names),
        *(change(20.3, name, None, "STARTING", "NORMAL") for name in names),
        *(change(20.4, name, part, None, "NORMAL") for name in names for part in ("READ", "WRITE")),
    ]
    nodes = [node("READ", "NORMAL"), node("WRITE", "NORMAL")]
    jobs = [job(name, "NORMAL", "PASS", nodes=nodes) for name in names]
    return result("PASS", jobs, history=history, msg="PASS after 71 s: 2 of 2 jobs ready.")


def many(count: int = 300) -> Data:
    """A failed gate of many jobs, with the largest history."""
    draw = random.Random(count)
    jobs, history = [], []
    for number in range(count):
        name, status, verdict, reasons = f"job_{number:05d}", "NORMAL", "PASS", []
        if number % 61 == 7:
            status, verdict = "EXCEPTION", "FAIL"
            log = f"obs://logs/{name}/READ.job"
            reasons = [reason("job_exception", name, f"{name} is EXCEPTION", status=status, log_path=log)]
        elif number % 23 == 5:
            status, verdict = "STARTING", "PENDING"
            reasons = [reason("still_pending", name, f"{name} is STARTING", status=status)]
        at = draw.random() * 40
        history.append(change(round(at / 40, 3), name, None, None, "STARTING"))
        if status != "STARTING":
            history.append(change(round(5 + at, 3), name, None, "STARTING", status))
        jobs.append(job(name, status, verdict, reasons, nodes=[node("READ", status), node("WRITE", status)]))
    history.sort(key=lambda item: float(item["at"]))
    dropped = max(0, len(history) - 1000)
    first = [item for item in history if item["previous"] is None]
    gone = {id(item) for item in first[:dropped]}
    kept = [item for item in history if id(item) not in gone][-1000:]
    return result("FAIL", jobs, elapsed=46.0, history=kept, history_dropped=dropped)


def dli() -> Data:
    """A gate on DLI jobs that ended as TIMEOUT."""
    pending = reason("still_pending", DLI_JOB, f"{DLI_JOB} is RUNNING", status="RUNNING")
    jobs: list[Data] = [
        {
            "job_id": DLI_JOB,
            "status": "RUNNING",
            "verdict": "PENDING",
            "reasons": [pending],
            "progress": 0.45,
            "tasks": {"total": 200, "completed": 90, "active": 12, "failed": 3, "skipped": 0, "killed": 0},
            "sub_job_id": 1,
            "sub_jobs": [],
            "message": "",
        },
        {
            "job_id": "second",
            "status": "FINISHED",
            "verdict": "PASS",
            "reasons": [],
            "progress": 1.0,
            "tasks": None,
            "sub_job_id": None,
            "sub_jobs": [],
            "message": "",
        },
    ]
    history = [
        change(0.1, DLI_JOB, None, None, "LAUNCHING"),
        change(0.1, "second", None, None, "RUNNING"),
        change(40.1, DLI_JOB, None, "LAUNCHING", "RUNNING"),
        change(300.5, "second", None, "RUNNING", "FINISHED"),
    ]
    return result("TIMEOUT", jobs, elapsed=600.0, history=history)


SKIPPED: Data = {
    "verdict": "SKIPPED",
    "reasons": [],
    "failed": False,
    "msg": "SKIPPED: the gate is switched off: CHG-4711",
    "override_reason": "CHG-4711",
}
REFUSED: Data = {
    "verdict": "ERROR",
    "reasons": [],
    "failed": True,
    "msg": "job_names: give one of job_names, tags and name_contains",
}

SAMPLES = {
    "failed": failed(),
    "passed": passed(),
    "dli": dli(),
    "skipped": SKIPPED,
    "refused": REFUSED,
    "module": {"failed": True, "changed": False, "msg": "started_after: no", "option": "started_after"},
    "verdict": {"verdict": "PASS"},
}


def parse(form: str, text: str) -> None:
    """Parse a report."""
    if form == "json":
        json.loads(text)
    elif form == "xml":
        ElementTree.fromstring(text)


def parts() -> Iterator[tuple[str, Data]]:
    """Each sample, and each without one of its keys."""
    for name, sample in SAMPLES.items():
        yield name, sample
        for key in sample:
            rest = {other: item for other, item in sample.items() if other != key}
            if "verdict" in rest or "msg" in rest:
                yield f"{name} without {key}", rest


@pytest.mark.parametrize("form", FORMS)
def test_each_form_accepts_incomplete_results(form: str) -> None:
    for name, sample in parts():
        text = gate_report(sample, form, ABOUT)
        parse(form, text)
        assert text.endswith("\n"), name


@pytest.mark.parametrize("form", FORMS)
def test_override_reason_is_reported(form: str) -> None:
    text = gate_report(SKIPPED, form)
    assert "CHG-4711" in text
    assert "SKIPPED" in text


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES: st.SearchStrategy[Any] = st.sampled_from(("a", "b", "", None, 3, []))
STATES = st.sampled_from(("NORMAL", "STARTING", "EXCEPTION", "odd", None)) | JUNK
CODES: st.SearchStrategy[Any] = st.sampled_from(
    ("job_missing", "denied", "node_exception", "still_pending", "not_stable", None, 3, [])
)


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A list of dictionaries with any of these keys, or another value."""
    return st.lists(st.fixed_dictionaries({}, optional=fields), max_size=3) | JUNK


REASONS = some(code=CODES, job=NAMES, node=NAMES, status=STATES, message=JUNK, log_path=JUNK)
RESULTS = st.fixed_dictionaries(
    {"verdict": st.sampled_from(("PASS", "FAIL", "PENDING", "TIMEOUT", "ERROR", "SKIPPED", "odd \x00"))},
    optional={
        "jobs": some(
            name=NAMES,
            job_id=NAMES,
            status=STATES,
            verdict=st.sampled_from(("PASS", "FAIL", "PENDING", None, [])),
            nodes=some(name=NAMES, status=STATES, type=JUNK, log_path=JUNK),
            reasons=REASONS,
            progress=JUNK,
            tasks=JUNK,
            sub_job_id=JUNK,
        ),
        "job": JUNK,
        "reasons": REASONS,
        "history": some(at=st.floats(0, 99) | JUNK, job=NAMES, node=NAMES, status=NAMES, previous=NAMES),
        "history_dropped": st.integers(0, 3) | JUNK,
        "by_status": st.dictionaries(st.sampled_from(("NORMAL", "missing", "odd")), st.integers(0, 9) | JUNK) | JUNK,
        "elapsed": st.floats(0, 99) | JUNK,
        "polls": JUNK,
        "requests": JUNK,
        "failed": st.booleans(),
        "msg": JUNK,
        "override_reason": JUNK,
    },
)


@settings(max_examples=2 * settings().max_examples)
@given(RESULTS)
def test_malformed_results_give_a_valid_report(data: Data) -> None:
    for form in FORMS:
        parse(form, gate_report(data, form, ABOUT))
    suite = ElementTree.fromstring(gate_report(data, "xml"))
    # The cases fail if and only if the gate failed.
    bad = data["verdict"] not in ("PASS", "PENDING") or data.get("failed") is True
    failing = bool(suite.findall(".//failure") or suite.findall(".//error"))
    assert failing == (bad and data["verdict"] != "SKIPPED")
    check_summary(data)


SUMMARY = [
    *("verdict", "failed", "msg", "codes", "named_jobs", "by_status"),
    *("elapsed", "polls", "requests", "override_reason", "finished_at", "run"),
]
ODD = [None, True, 5, -1.5, float("nan"), 10**5000, "{{ x }}", "\ud800", [1], {"a": {"b": 1}}, [{"job": {"b": [1]}}]]


def check_summary(data: Data) -> None:
    """It is valid as an artifact, has its keys, and contains no template."""
    short = gate_summary(data)
    text = json.dumps(short, ensure_ascii=False, allow_nan=False)
    text.encode("utf-8")
    assert list(short) == SUMMARY
    assert "{" not in text.replace('"by_status": {', "").replace('"run": {', "")[1:]


@pytest.mark.parametrize("odd", ODD, ids=lambda item: type(item).__name__)
def test_summary_ignores_malformed_values(odd: Any) -> None:
    check_summary(dict.fromkeys([*SUMMARY, "reasons"], odd))
    check_summary({"verdict": "FAIL", "reasons": [odd, {"code": odd, "job": odd}], "by_status": {"NORMAL": odd}})
    short = gate_summary({"verdict": "FAIL", "by_status": odd, "reasons": odd, "polls": 3, "elapsed": 1.5})
    assert (short["verdict"], short["codes"]) == ("FAIL", [])
    assert (short["polls"], short["elapsed"], short["requests"]) == (3, 1.5, None)


@pytest.mark.parametrize("odd", [None, 5, "verdict", ["verdict"], {}, {"msg": "no verdict"}])
def test_summary_rejects_another_value(odd: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="must be the result of a gate, a dictionary with a verdict"):
        gate_summary(odd)


@pytest.mark.parametrize("form", FORMS)
def test_report_of_a_thousand_jobs_is_small_and_fast(form: str) -> None:
    sample = many(1000)
    started = time.monotonic()
    text = gate_report(sample, form, ABOUT)
    assert time.monotonic() - started < 20
    assert len(text.encode()) < 3_000_000
    parse(form, text)
