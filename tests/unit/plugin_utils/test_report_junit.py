# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""gate.xml, read with a JUnit library."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from ansible_collections.datagate.huaweicloud.plugins.filter.gate_report import gate_report
from ansible_collections.datagate.huaweicloud.tests.unit.plugin_utils.test_report_samples import (
    ABOUT,
    LOG,
    REFUSED,
    SAMPLES,
    SKIPPED,
    dli,
    failed,
    job,
    passed,
    reason,
    result,
)

# Which children and attributes an element may have, after the schema that the library names.
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "properties": {"property"},
    "property": set(),
    "testcase": {"skipped", "failure", "error", "system-out"},
    "skipped": set(),
    "failure": set(),
    "error": set(),
    "system-out": set(),
}
NEEDED = {
    "testsuites": {"tests", "failures", "errors", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time"},
    "property": {"name", "value"},
    "testcase": {"name", "classname"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
}


def suite(data: dict[str, Any], about: dict[str, Any] | None = None) -> TestSuite:
    """The only suite of a report."""
    text = gate_report(data, "xml", about or ABOUT)
    check(ElementTree.fromstring(text))
    (found,) = JUnitXml.fromstring(text.encode())
    return found


def check(element: ElementTree.Element) -> None:
    """Compare an element with the schema, and the counts with the cases."""
    assert {child.tag for child in element} <= CHILDREN[element.tag]
    assert NEEDED.get(element.tag, set()) <= set(element.attrib)
    if element.tag == "testsuite":
        for outcome, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(element.attrib[attribute]) == len(element.findall(f"testcase/{outcome}"))
        assert int(element.attrib["tests"]) == len(element.findall("testcase"))
    if element.tag == "testcase":
        assert len([child for child in element if child.tag != "system-out"]) <= 1
    for child in element:
        check(child)


def outcomes(found: TestSuite) -> dict[str, str]:
    """Name of a case -> its outcome."""
    return {case.name: outcome(case) for case in found}


def outcome(case: TestCase) -> str:
    names = {Failure: "failure", Error: "error", Skipped: "skipped"}
    return next((names[type(item)] for item in case.result), "passed")


def test_failed_gate_has_a_failure_for_the_failing_job() -> None:
    found = suite(failed())
    assert outcomes(found) == {"job_sms": "failure", "job_payments": "skipped", "job_orders_stream": "passed"}
    cases = {case.name: case for case in found}
    (failure,) = cases["job_sms"].result
    assert failure.message == "job_sms: node DLI_SMS_GES is EXCEPTION"
    assert failure.type == "node_exception"
    assert f"log: {LOG}" in failure.text
    assert {case.classname for case in found} == {"dataarts.Gate after the deployment"}
    assert [case.time for case in found] == [70.4, 20.3, 30.1]
    assert found.time == 71  # the time of the gate, not the sum over its jobs
    assert found.timestamp == "2026-11-23T03:11:34"
    properties = {item.name: item.value for item in found.properties()}
    assert properties["verdict"] == "FAIL"
    assert properties["Region"] == "cn-north-4"
    assert (properties["polls"], properties["requests"], properties["jobs NORMAL"]) == ("8", "26", "2")


def test_unreadable_job_is_an_error() -> None:
    jobs = [
        job("a", None, "PENDING", [reason("unreadable", "a", "a could not be read")]),
        job(
            "b",
            "EXCEPTION",
            "FAIL",
            [reason("job_exception", "b", "b is EXCEPTION"), reason("unreadable", "b", "b could not be read")],
        ),
    ]
    assert outcomes(suite(result("ERROR", jobs))) == {"a": "error", "b": "failure"}


def test_tolerated_failures_of_a_passed_gate_are_skipped() -> None:
    jobs = [job("a", "EXCEPTION", "FAIL", [reason("job_exception", "a", "a is EXCEPTION")]), job("b", "NORMAL", "PASS")]
    sample = result("PASS", jobs)
    sample["reasons"].append(reason("job_missing", "new", "new does not exist"))
    found = suite(sample)
    assert outcomes(found) == {"a": "skipped", "new": "skipped", "b": "passed"}
    assert [case.result[0].text for case in found if case.result] == [
        "tolerated: a is EXCEPTION",
        "left out: new does not exist",
    ]


def test_pending_reading_has_no_failures() -> None:
    jobs = [
        job("a", "STARTING", "PENDING", [reason("still_pending", "a", "a is STARTING")]),
        job("b", "NORMAL", "PASS"),
    ]
    assert outcomes(suite(result("PENDING", jobs))) == {"a": "skipped", "b": "passed"}
    unstable = result("PENDING", [], reasons=[reason("not_stable", None, "all ready for 2 s")])
    assert outcomes(suite(unstable)) == {"the gate": "skipped"}


def test_disabled_gate_is_skipped() -> None:
    found = suite(SKIPPED)
    assert outcomes(found) == {"the gate": "skipped"}
    assert next(iter(found)).result[0].text == "CHG-4711"


@pytest.mark.parametrize(
    ("code", "expected"),
    [("too_few_jobs", "failure"), ("not_stable", "failure"), ("denied", "error"), ("unreadable", "error")],
)
def test_reason_without_a_job_has_its_own_case(code: str, expected: str) -> None:
    found = suite(result("FAIL", [job("a", "NORMAL", "PASS")], reasons=[reason(code, None, "it is so")]))
    assert outcomes(found) == {"the gate": expected, "a": "passed"}


def test_a_failed_gate_has_a_failing_case() -> None:
    assert outcomes(suite(REFUSED)) == {"the gate": "error"}
    assert outcomes(suite({"verdict": "FAIL", "msg": "FAIL: unknown"})) == {"the gate": "failure"}
    assert outcomes(suite(result("TIMEOUT", [job("a", "NORMAL", "PASS")]))) == {"the gate": "failure", "a": "passed"}
    for sample in SAMPLES.values():
        found = suite(sample)
        assert (found.failures + found.errors > 0) == (sample.get("failed") is True)


def test_jobs_that_are_not_listed_are_one_case() -> None:
    sample = passed()
    sample.update(jobs=[], history=[], by_status={"NORMAL": 300})
    assert outcomes(suite(sample)) == {"300 further jobs, ready and not listed": "passed"}
    assert outcomes(suite({"verdict": "PASS"})) == {"the gate": "passed"}


def test_class_name_contains_service_and_title() -> None:
    found = suite(dli(), {"title": "v1.2 done"})
    assert {case.classname for case in found} == {"dli.v1_2 done"}


@given(st.text(st.characters(codec=None), min_size=1, max_size=20))
def test_any_text_makes_valid_xml(text: str) -> None:
    jobs = [job(text, text, "FAIL", [reason(text, text, text, node=text, log_path=text)])]
    about = {"title": text, "facts": {text: text, "verdict": text}}
    suite(result("FAIL", jobs, override_reason=text), about)


@pytest.mark.parametrize(
    ("noun", "group"), [("Flink job", "dli"), ("Spark job", "dli"), ("DLI job", "dli"), ("run", "dataarts")]
)
def test_class_name_starts_with_the_service(noun: str, group: str) -> None:
    (case,) = suite({**result("PASS", [job("a", "NORMAL", "PASS")]), "gate": {"kind": noun}})
    assert case.classname.startswith(f"{group}.")
