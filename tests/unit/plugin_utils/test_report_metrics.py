# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Metrics: the text equals that of prometheus_client, and contains only values that were read."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import example, given
from hypothesis import strategies as st
from jinja2 import StrictUndefined, UndefinedError
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from ansible_collections.datagate.huaweicloud.plugins.filter.job_metrics import FilterModule, job_metrics
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.kinds import (
    DLI_KIND,
    FLINK_KIND,
    REAL_TIME_KIND,
    SPARK_KIND,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._states import REAL_TIME_STATES
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report import metrics
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report.exposition import (
    COUNTER,
    GAUGE,
    Family,
    Sample,
    exposition,
    number,
)
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report.template_data import plain

Data = dict[str, Any]
Labels = tuple[tuple[str, str], ...]

READ_AT = 1_795_601_301.25
WORKSPACE = "0f6a1c3e5b7d9f2468ace013579bdf24"


def reason(code: str, job: str | None = None, **more: Any) -> Data:
    return {"code": code, "job": job, "node": None, "status": None, "message": "", "log_path": None, **more}


def node(name: str, status: str | None = "NORMAL", **more: Any) -> Data:
    return {"name": name, "status": status, "type": "DLI SQL", "log_path": None, **more}


def job(name: str, status: str | None = "NORMAL", verdict: str = "PASS", *reasons: Data, **more: Any) -> Data:
    return {"name": name, "status": status, "verdict": verdict, "reasons": list(reasons), "nodes": [], **more}


def gate(*jobs: Data, verdict: str = "PASS", reasons: Iterable[Data] = (), **more: Any) -> Data:
    """A gate's result; its reasons are those of its jobs and the given ones."""
    by_status: dict[str, int] = {}
    for item in jobs:
        key = item["status"] or "not read"
        by_status[key] = by_status.get(key, 0) + 1
    whole = [*(found for item in jobs for found in item["reasons"]), *reasons]
    result = {"jobs": list(jobs), "verdict": verdict, "reasons": whole, "by_status": by_status}
    return {**result, "elapsed": 0.25, "requests": 3, "msg": "", **more}


SMS = job(
    "job_sms",
    "NORMAL",
    "FAIL",
    reason("node_exception", "job_sms", node="DLI_SMS_GES"),
    start_time=1_551_409_465_000,
    nodes=[
        node("DLI_SMS_GES", "EXCEPTION", total_put_records=1_043_200, total_get_records=0),
        node("DIS_INPUT", total_put_bytes=2**53, total_get_bytes=5),
    ],
)
DLI: Data = {
    "job_id": "85798b38",
    "status": "RUNNING",
    "progress": 0.45,
    "tasks": {"total": 52, "completed": 45, "active": 4, "failed": 0, "skipped": 3, "killed": 0},
    "verdict": "PENDING",
    "reasons": [reason("still_pending", "85798b38")],
}
FLINK: Data = {
    "job_id": "7",
    "name": "orders",
    "status": "job_running",
    "restart_times": 3,
    "verdict": "PASS",
    "reasons": [],
}
SPARK: Data = {"batch_id": "b-1", "name": None, "status": "dead", "verdict": "FAIL", "reasons": []}
RUN: Data = {
    "name": "orders_daily",
    "status": "fail",
    "verdict": "FAIL",
    "reasons": [],
    "instance": {"plan_time": 1_551_405_600_000},
}
SAMPLE: Data = {
    "dataarts": gate(SMS, job("job_orders_stream"), verdict="FAIL"),
    "dli": gate(DLI, verdict="PENDING"),
    "dli_flink": gate(FLINK),
    "dli_spark": gate(SPARK, verdict="FAIL"),
}


def written(results: Any, nodes: bool = True, workspace: str = WORKSPACE) -> str:
    return job_metrics(results, workspace, READ_AT, nodes)


def series(text: str) -> dict[tuple[str, Labels], float]:
    """Name and labels of each sample -> value, as Prometheus' own library reads them. Each sample occurs once."""
    found: dict[tuple[str, Labels], float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in found, key
            found[key] = sample.value
    return found


def values(text: str, name: str, label: str | None = None) -> dict[str, float]:
    """The samples of one metric by one of their labels."""
    found: dict[str, float] = {}
    for (metric, labels), value in series(text).items():
        if metric == name:
            key = dict(labels)[label] if label else ""
            assert key not in found, key
            found[key] = value
    return found


def state(text: str, metric: str, **labels: str) -> list[str]:
    """The states that are 1."""
    return [
        dict(found)["state"]
        for (name, found), value in series(text).items()
        if name == metric and value == 1.0 and labels.items() <= dict(found).items()
    ]


# -- the format -------------------------------------------------------------------------------------------------------


class Families(Collector):
    """The metrics for prometheus_client."""

    def __init__(self, families: Iterable[Family], samples: Iterable[Sample]) -> None:
        self._metrics: dict[str, Metric] = {}
        for family in families:
            kind = CounterMetricFamily if family.type == COUNTER else GaugeMetricFamily
            self._metrics[family.name] = kind(family.name, family.help, labels=family.labels)
        for family, labels, value in samples:
            self._metrics[family.name].add_metric(labels, value)  # type: ignore[attr-defined]

    def collect(self) -> Iterator[Metric]:
        return (metric for metric in self._metrics.values() if metric.samples)


def reference(families: Iterable[Family], samples: Iterable[Sample]) -> str:
    """The text that prometheus_client writes for the same samples."""
    registry = CollectorRegistry()
    registry.register(Families(families, samples))
    return generate_latest(registry).decode("utf-8")


NUMBERS = st.floats(allow_nan=False) | st.integers(-(2**60), 2**60).map(float)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12) | st.text('"\\\n{}=, a#\r', max_size=12)
FAMILIES = (
    Family("datagate_one_total", COUNTER, 'A counter with a \\ and a\nline break and a ".', ("b", "a")),
    Family("datagate_two", GAUGE, "A gauge.", ("name",)),
    Family("datagate_three", GAUGE, "Without labels.", ()),
)


@st.composite
def samples_of_all(draw: st.DrawFn) -> list[Sample]:
    """Samples of the families above, with distinct labels."""
    found: list[Sample] = []
    for family in FAMILIES:
        labels = st.tuples(*(TEXTS for dummy in family.labels))
        many = draw(st.dictionaries(labels, NUMBERS, max_size=4))
        found.extend(Sample(family, key, value) for key, value in many.items())
    return found


@given(samples_of_all())
def test_exposition_equals_that_of_prometheus_client(samples: list[Sample]) -> None:
    assert exposition(FAMILIES, samples) == reference(FAMILIES, samples)


@given(samples_of_all())
@example([Sample(FAMILIES[0], ('"\\"\n', "{}\\n,x=}"), 1e300)])
def test_prometheus_client_parses_the_exposition(samples: list[Sample]) -> None:
    wanted = {
        (family.name, tuple(sorted(zip(family.labels, labels, strict=True)))): value
        for family, labels, value in samples
    }
    assert series(exposition(FAMILIES, samples)) == wanted


@given(st.text(st.characters(), max_size=8))
@example("\ud800")
@example("a\udfff{{ b }}")
def test_any_name_is_preserved(name: str) -> None:
    text = written({"dataarts": gate(job(name, nodes=[node(name)]))})
    text.encode("utf-8")
    assert values(text, "datagate_job_ready", "job_name") == {plain(name): 1.0}
    assert state(text, "datagate_node_state", job_name=plain(name), node=plain(name)) == ["NORMAL"]


@given(NUMBERS)
@example(0.0)
@example(-0.0)
@example(999_999.0)
@example(1_000_000.0)
@example(1e16)
@example(1e22)
@example(math.inf)
@example(-math.inf)
def test_numbers_are_formatted_like_prometheus_client(value: float) -> None:
    assert number(value) == floatToGoString(value)
    assert float(number(value)) == value


def test_nan_is_formatted() -> None:
    assert number(math.nan) == "NaN"


def test_sample_of_an_unknown_family_raises() -> None:
    with pytest.raises(KeyError):
        exposition(FAMILIES[:1], [Sample(FAMILIES[1], ("x",), 1.0)])


def test_identical_labels_are_written_once() -> None:
    twice = [Sample(FAMILIES[1], ("\ud800",), 1.0), Sample(FAMILIES[1], ("\udc00",), 3.0)]
    assert exposition(FAMILIES, twice).splitlines()[2:] == ['datagate_two{name="\N{REPLACEMENT CHARACTER}"} 3.0']


# -- what the metrics say ---------------------------------------------------------------------------------------------


def test_sample_of_a_real_time_job() -> None:
    results = {"dataarts": gate(job("job_sms", "STOPPED", "PENDING", start_time=1_551_409_465_000))}
    assert written(results, workspace="").splitlines() == [
        "# HELP datagate_up Whether the last reading succeeded.",
        "# TYPE datagate_up gauge",
        'datagate_up{service="dataarts",workspace="default"} 1.0',
        "# HELP datagate_last_reading_timestamp_seconds When the last reading began, successful or not.",
        "# TYPE datagate_last_reading_timestamp_seconds gauge",
        'datagate_last_reading_timestamp_seconds{service="dataarts",workspace="default"} 1.79560130125e+09',
        "# HELP datagate_reading_duration_seconds How long the last reading took, without a job list before it.",
        "# TYPE datagate_reading_duration_seconds gauge",
        'datagate_reading_duration_seconds{service="dataarts",workspace="default"} 0.25',
        "# HELP datagate_reading_requests HTTP requests of the last reading, without a job list before it.",
        "# TYPE datagate_reading_requests gauge",
        'datagate_reading_requests{service="dataarts",workspace="default"} 3.0',
        "# HELP datagate_jobs_missing Jobs asked for that do not exist.",
        "# TYPE datagate_jobs_missing gauge",
        'datagate_jobs_missing{service="dataarts",workspace="default"} 0.0',
        "# HELP datagate_job_state State of a real-time job: 1 for the one it is in.",
        "# TYPE datagate_job_state gauge",
        *(
            f'datagate_job_state{{job_name="job_sms",state="{state}",workspace="default"}} {float(state == "STOPPED")}'
            for state in REAL_TIME_STATES
        ),
        "# HELP datagate_job_ready Whether the verdict of a job is PASS.",
        "# TYPE datagate_job_ready gauge",
        'datagate_job_ready{job_name="job_sms",workspace="default"} 0.0',
        "# HELP datagate_job_failing Whether the verdict of a job is FAIL, its nodes included.",
        "# TYPE datagate_job_failing gauge",
        'datagate_job_failing{job_name="job_sms",workspace="default"} 0.0',
        "# HELP datagate_job_start_time_seconds When a job was started, in seconds since 1970.",
        "# TYPE datagate_job_start_time_seconds gauge",
        'datagate_job_start_time_seconds{job_name="job_sms",workspace="default"} 1.551409465e+09',
    ]


def test_jobs_and_their_nodes() -> None:
    text = written(SAMPLE)
    assert values(text, "datagate_up", "service") == dict.fromkeys(SAMPLE, 1.0)
    assert values(text, "datagate_job_failing", "job_name") == {"job_sms": 1.0, "job_orders_stream": 0.0}
    assert values(text, "datagate_job_ready", "job_name") == {"job_sms": 0.0, "job_orders_stream": 1.0}
    # The state of the job is still NORMAL.
    assert state(text, "datagate_job_state", job_name="job_sms", workspace=WORKSPACE) == ["NORMAL"]
    assert state(text, "datagate_node_state", node="DLI_SMS_GES") == ["EXCEPTION"]
    assert values(text, "datagate_node_records_written_total", "node") == {"DLI_SMS_GES": 1_043_200.0}
    assert values(text, "datagate_node_records_read_total", "node") == {"DLI_SMS_GES": 0.0}
    assert values(text, "datagate_node_written_bytes_total", "node") == {"DIS_INPUT": 2.0**53}
    assert values(text, "datagate_node_read_bytes_total", "node") == {"DIS_INPUT": 5.0}
    assert values(text, "datagate_job_start_time_seconds", "job_name") == {"job_sms": 1_551_409_465.0}


def test_dli_jobs() -> None:
    text = written({"dli": SAMPLE["dli"]})
    assert state(text, "datagate_dli_job_state", job_id="85798b38") == ["RUNNING"]
    assert values(text, "datagate_dli_job_progress_ratio", "job_id") == {"85798b38": 0.45}
    assert values(text, "datagate_dli_job_tasks", "kind") == DLI["tasks"]
    assert "datagate_job_" not in text


def test_flink_jobs_and_spark_batches() -> None:
    text = written({"dli_flink": SAMPLE["dli_flink"], "dli_spark": SAMPLE["dli_spark"]})
    assert state(text, "datagate_flink_job_state", job_id="7", job_name="orders") == ["job_running"]
    assert values(text, "datagate_flink_job_restarts", "job_name") == {"orders": 3}
    assert state(text, "datagate_spark_batch_state", batch_id="b-1") == ["dead"]


def test_each_known_state_has_a_series() -> None:
    text = written(SAMPLE)
    for metric, known in (
        ("datagate_job_state", REAL_TIME_KIND.known),
        ("datagate_node_state", REAL_TIME_KIND.known),
        ("datagate_dli_job_state", DLI_KIND.known),
        ("datagate_flink_job_state", FLINK_KIND.known),
        ("datagate_spark_batch_state", SPARK_KIND.known),
    ):
        assert {dict(labels)["state"] for name, labels in series(text) if name == metric} == known


def test_unknown_and_missing_states() -> None:
    none = job("job_none", None, "PENDING", reason("unknown_state", "job_none"))
    text = written({"dataarts": gate(job("job_new", "REBALANCING", "PENDING"), none)})
    assert state(text, "datagate_job_state", job_name="job_new") == ["REBALANCING"]
    assert state(text, "datagate_job_state", job_name="job_none") == ["UNKNOWN"]
    assert values(text, "datagate_up", "service") == {"dataarts": 1.0}


def test_nodes_false_writes_no_node_metrics() -> None:
    assert "datagate_node_" not in written(SAMPLE, nodes=False)
    assert values(written(SAMPLE, nodes=False), "datagate_job_failing", "job_name")["job_sms"] == 1.0


def test_nodes_of_the_same_name_are_one_series() -> None:
    same = [node("n", total_put_records=3), node("n", "EXCEPTION", total_put_records=4)]
    text = written({"dataarts": gate(job("job_sms", nodes=same))})
    assert sorted(state(text, "datagate_node_state", node="n")) == ["EXCEPTION", "NORMAL"]
    assert values(text, "datagate_node_records_written_total", "node") == {"n": 7.0}


def test_jobs_of_the_same_name_are_one_series_and_the_worse_one_counts() -> None:
    same = [job("a"), job("a", "EXCEPTION", "FAIL"), job("a")]
    text = written({"dataarts": gate(*same)})
    assert values(text, "datagate_job_failing", "job_name") == {"a": 1.0}
    assert values(text, "datagate_job_ready", "job_name") == {"a": 0.0}


# -- what was not read ------------------------------------------------------------------------------------------------

UNREACHABLE = {"failed": True, "msg": "the connection was refused", "path": "/v1", "http_status": None}


@pytest.mark.parametrize(
    "result",
    [
        UNREACHABLE,
        {"msg": "job_names: ...", "option": "job_names"},
        {"skipped": True},
        {},
        {"jobs": [job("job_sms")], "msg": "neither a gate's result nor a list"},
        gate(reasons=[reason("denied")], verdict="ERROR"),
        gate(reasons=[reason("unreadable")], verdict="ERROR"),
        gate(reasons=[reason("too_few_jobs")], verdict="FAIL"),
        gate(verdict="ERROR"),
    ],
)
def test_failed_reading_writes_only_up_and_its_time(result: Data) -> None:
    text = written({"dataarts": result})
    assert values(text, "datagate_up", "service") == {"dataarts": 0.0}
    assert values(text, "datagate_last_reading_timestamp_seconds", "service") == {"dataarts": READ_AT}
    known = {"datagate_up", "datagate_last_reading_timestamp_seconds"}
    if "verdict" in result:
        known |= {"datagate_reading_duration_seconds", "datagate_reading_requests"}
    assert {name for name, dummy in series(text)} == known


@pytest.mark.parametrize("code", ["denied", "unreadable"])
def test_partial_reading_writes_the_jobs_that_were_read(code: str) -> None:
    # Earlier states, and those in the list, do not count.
    half = job("job_orders_stream", "NORMAL", "PENDING", reason(code, "job_orders_stream"), nodes=[node("n")])
    text = written({"dataarts": gate(SMS, half, verdict="ERROR")})
    assert values(text, "datagate_up", "service") == {"dataarts": 0.0}
    assert values(text, "datagate_job_failing", "job_name") == {"job_sms": 1.0}
    assert "job_orders_stream" not in text


def test_job_that_was_not_read_has_no_series() -> None:
    late = job("job_late", None, "PENDING", reason("still_pending", "job_late"))
    text = written({"dataarts": gate(SMS, late, reasons=[reason("denied")], verdict="FAIL")})
    assert values(text, "datagate_up", "service") == {"dataarts": 0.0}
    assert "job_late" not in text


def test_missing_job_has_no_series_and_is_counted() -> None:
    gone = job("job_gone", None, "FAIL", reason("job_missing", "job_gone"))
    for result in (gate(SMS, gone), gate(SMS, reasons=gone["reasons"])):
        text = written({"dataarts": result})
        assert "job_gone" not in text
        assert values(text, "datagate_jobs_missing", "service") == {"dataarts": 1.0}
        assert values(text, "datagate_up", "service") == {"dataarts": 1.0}


def test_failed_service_does_not_hide_another() -> None:
    text = written({**SAMPLE, "dli": UNREACHABLE})
    assert values(text, "datagate_up", "service") == {**dict.fromkeys(SAMPLE, 1.0), "dli": 0.0}
    assert "datagate_dli_" not in text
    assert values(text, "datagate_job_failing", "job_name")["job_sms"] == 1.0


def test_job_list_writes_states_without_verdicts() -> None:
    listing = {"jobs": [{"name": "a", "status": "STOPPED"}, {"name": "b", "status": None}], "total": 2}
    text = written({"dataarts": listing})
    assert values(text, "datagate_up", "service") == {"dataarts": 1.0}
    assert (state(text, "datagate_job_state", job_name="a"), state(text, "datagate_job_state", job_name="b")) == (
        ["STOPPED"],
        ["UNKNOWN"],
    )
    assert "datagate_job_ready" not in text
    assert "datagate_job_failing" not in text


def test_result_without_all_jobs_is_rejected() -> None:
    some = gate(SMS, job("b"))
    some["jobs"] = some["jobs"][:1]
    with pytest.raises(AnsibleFilterError, match="dataarts holds 1 of 2 jobs; the task needs return_jobs: all"):
        written({"dataarts": some})


# -- odd input --------------------------------------------------------------------------------------------------------

ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**40), 10**40) | st.floats() | st.text(st.characters(), max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "status", "nodes", "verdict", "reasons", "code", "job", "tasks", "total"])
            | st.sampled_from(["job_id", "progress", "start_time", "total_put_records", "killed", "jobs", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(ODD, ODD)
def test_malformed_results_give_a_valid_exposition(jobs: Any, reasons: Any) -> None:
    for service in ("dataarts", "dli"):
        for verdict in ("PASS", jobs):
            text = written({service: {"jobs": jobs, "reasons": reasons, "verdict": verdict}})
            text.encode("utf-8")
            series(text)


@given(ODD)
def test_invalid_numbers_are_left_out(value: Any) -> None:
    counters = dict.fromkeys(metrics.NODE_COUNTERS, value)
    real_time = job("a", start_time=value, nodes=[node("n", **counters)])
    dli = {**DLI, "progress": value, "tasks": dict.fromkeys(DLI["tasks"], value)}
    text = written({"dataarts": gate(real_time, elapsed=value, requests=value), "dli": gate(dli)})
    for found in series(text).values():
        assert math.isfinite(found)
        assert found >= 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("x", "", 1.0), "a mapping of service to result, not text"),
        (({}, "", 1.0), "a mapping with at least one of dataarts, runs, dli, dli_flink, dli_spark"),
        (({"dataart": {}}, "", 1.0), "a mapping with at least one of dataarts, runs, dli, dli_flink, dli_spark"),
        (({"dli": []}, "", 1.0), "dli must be a module's result, which is a mapping, not a list"),
        (({"dli": {}}, None, 1.0), "workspace must be text, not nothing"),
        (({"dli": {}}, "", "now"), "read_at must be a number of seconds since 1970, not text"),
        (({"dli": {}}, "", -1), "read_at must be a number of seconds since 1970, not a number"),
        (({"dli": {}}, "", math.inf), "read_at must be a number of seconds since 1970"),
        (({"dli": {}}, "", 1.0, "no"), "nodes must be true or false, not text"),
    ],
)
def test_invalid_input_is_rejected(arguments: tuple[Any, ...], words: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        job_metrics(*arguments)
    assert words in str(caught.value)
    assert "datagate.huaweicloud.job_metrics: " in str(caught.value)


def test_results_are_not_modified() -> None:
    before = copy.deepcopy(SAMPLE)
    written(SAMPLE)
    assert before == SAMPLE


def test_filter_is_registered() -> None:
    assert FilterModule().filters() == {"job_metrics": job_metrics}


def test_undefined_result_is_reported_with_its_name() -> None:
    missing = StrictUndefined(name="nowhere")
    wrong: list[tuple[Any, ...]] = [(missing, "", 1.0), ({"dli": {}}, missing, 1.0), ({"dli": {}}, "", missing)]
    for arguments in wrong:
        with pytest.raises(UndefinedError, match="nowhere"):
            job_metrics(*arguments)


# -- the table --------------------------------------------------------------------------------------------------------


def test_metric_names_follow_the_conventions() -> None:
    assert len({family.name for family in metrics.FAMILIES}) == len(metrics.FAMILIES)
    for family in metrics.FAMILIES:
        assert family.name.startswith("datagate_")
        assert (family.type == COUNTER) == family.name.endswith("_total"), family.name
        assert family.help.endswith("."), family.name


def test_full_sample_equals_that_of_prometheus_client() -> None:
    by_name = {family.name: family for family in metrics.FAMILIES}
    text = written({**SAMPLE, "runs": gate(RUN, verdict="FAIL")})
    samples = [
        Sample(by_name[name], tuple(dict(labels)[label] for label in by_name[name].labels), value)
        for (name, labels), value in series(text).items()
    ]
    assert {sample.family for sample in samples} == set(metrics.FAMILIES)
    assert reference(metrics.FAMILIES, samples) == text


def test_last_run_of_a_batch_job_has_state_and_times() -> None:
    text = written(
        {"runs": gate(RUN, {"name": "new", "status": "no-run", "verdict": "PENDING", "reasons": [], "instance": None})}
    )
    assert state(text, "datagate_run_state", job_name="orders_daily") == ["fail"]
    assert state(text, "datagate_run_state", job_name="new") == ["no-run"]
    assert values(text, "datagate_run_plan_time_seconds", "job_name") == {"orders_daily": 1_551_405_600.0}
    assert values(text, "datagate_run_age_seconds", "job_name") == {"orders_daily": READ_AT - 1_551_405_600.0}
