# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vendor's own clients run against the emulator and parse its answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.options import resolve
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.session import Session
from ansible_collections.datagate.huaweicloud.plugins.module_utils._services.factory.jobs import DataArts
from tests.emulator import ACCESS_KEY, OTHER_DOMAIN_ID, PROJECT_ID, REGION, SECRET_KEY, Emulator, running
from tests.emulator.client import Client
from tests.emulator.vendor import other_home

with other_home():  # the vendor's package writes a file to the home folder while it is imported
    from huaweicloudsdkcore.auth.credentials import BasicCredentials
    from huaweicloudsdkcore.auth.provider import OidcStsCredentialProvider
    from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
    from huaweicloudsdkdgc.v1 import (
        DgcClient,
        JobParam,
        ListJobInstancesRequest,
        ListJobsRequest,
        ShowJobInstanceRequest,
        ShowJobRequest,
        ShowJobStatusRequest,
        StartJobReq,
        StartJobRequest,
        StopJobRequest,
    )
    from huaweicloudsdkdli.v1 import (
        BatchRunFlinkJobsRequest,
        BatchRunFlinkJobsRequestBody,
        BatchStopFlinkJobsRequest,
        CancelSparkJobRequest,
        CancelSqlJobRequest,
        DliClient,
        ListFlinkJobsRequest,
        ListSparkJobsRequest,
        ListSqlJobsRequest,
        ShowFlinkJobRequest,
        ShowSparkJobLogRequest,
        ShowSparkJobRequest,
        ShowSparkJobStatusRequest,
        ShowSqlJobProgressRequest,
        ShowSqlJobStatusRequest,
        StopFlinkJobsRequestBody,
    )

DLI_JOB = "85798b38-ae44-48eb-bb90-7cf0dcdafe7b"
SCENARIO: dict[str, Any] = {
    "clock": "manual",
    # The vendor's model of the status supports only `starttime` and `nodeType`.
    "spelling": ["starttime", "nodeType"],
    "jobs": [
        {
            "name": "作业 1",
            "tags": ["t1"],
            "nodes": [
                {"name": "n1", "type": "CS Job", "running_data": {"jobId": "1"}},
                {"name": "n2", "type": "DLI SQL", "status": "EXCEPTION", "log_path": "obs://logs/n2"},
            ],
        },
        {"name": "job_{i:03d}", "count": 120},
        {"name": "job_batch", "type": "BATCH"},
        {
            "name": "nightly",
            "type": "BATCH",
            "nodes": [{"name": "load"}],
            "runs": [{"plan": "now-600", "id": 7}, {"plan": "now-60", "id": 8, "status": "fail", "retries": 2}],
        },
        {"name": "elsewhere", "workspace": "ws1", "status": "STOPPED"},
    ],
    "dli_jobs": [
        {
            "job_id": DLI_JOB,
            "status": "RUNNING",
            "progress": 0.25,
            "sub_job_id": 0,
            "sub_jobs": [{"id": 0, "num_tasks": 8, "killed_tasks_summary": {"why": 1}}],
            "status_fields": {"statement": "SELECT * FROM t", "tags": [{"key": "release", "value": "42"}]},
        }
    ],
    "flink_jobs": [{"job_id": 7, "name": "orders", "message": "fine"}],
    "spark_batches": [{"batch_id": "b-1", "name": "nightly", "fields": {"log": ["one", "two"]}}],
}


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with running(SCENARIO) as running_emulator:
        yield running_emulator


def client_of(kind: Any, emulator: Emulator, secret_key: str = SECRET_KEY) -> Any:
    credentials = BasicCredentials(ACCESS_KEY, secret_key, PROJECT_ID)
    with other_home():
        return kind.new_builder().with_credentials(credentials).with_endpoint(emulator.url).build()


def test_job_list(emulator: Emulator) -> None:
    client = client_of(DgcClient, emulator)
    answer = client.list_jobs(ListJobsRequest(job_type="REAL_TIME", limit=100, offset=1))
    assert answer.total == 121
    assert [job.name for job in answer.jobs] == [f"job_{i:03d}" for i in range(99, 120)]
    job = answer.jobs[0]
    assert (job.job_type, job.status, job.path, job.priority) == ("REAL_TIME", "NORMAL", "/", 0)
    assert job.start_time < emulator.epoch_ms
    batch = client.list_jobs(ListJobsRequest())
    assert [(job.name, job.status, job.last_instance_status) for job in batch.jobs] == [
        ("job_batch", "SCHEDULING", "success"),
        ("nightly", "SCHEDULING", "success"),
    ]
    fuzzy = client.list_jobs(ListJobsRequest(job_type="REAL_TIME", job_name="作业 ", tags="t1,t2"))
    assert [job.name for job in fuzzy.jobs] == ["作业 1"]


def test_job_status(emulator: Emulator) -> None:
    client = client_of(DgcClient, emulator)
    answer = client.show_job_status(ShowJobStatusRequest(job_name="作业 1"))
    assert (answer.name, answer.status) == ("作业 1", "NORMAL")
    assert int(answer.starttime) < emulator.epoch_ms
    first, second = answer.nodes
    assert (first.name, first.status, first.node_type, first.running_data) == (
        "n1",
        "NORMAL",
        "CS Job",
        '{"jobId": "1"}',
    )
    assert (second.status, second.log_path, second.last_instance_status) == ("EXCEPTION", "obs://logs/n2", "waiting")


def test_orders(emulator: Emulator) -> None:
    client = client_of(DgcClient, emulator)
    assert client.stop_job(StopJobRequest(job_name="作业 1")).status_code == 204
    emulator.advance(1)
    assert client.show_job_status(ShowJobStatusRequest(job_name="作业 1")).status == "STOPPED"
    params = [JobParam(name="p", value="1")]
    assert client.start_job(StartJobRequest(job_name="作业 1", body=StartJobReq(job_params=params))).status_code == 204
    emulator.advance(1)
    assert client.show_job_status(ShowJobStatusRequest(job_name="作业 1")).status == "NORMAL"


def test_instances(emulator: Emulator) -> None:
    # The vendor's client has no call for run-immediate.
    number = Client(emulator.url).order("job_batch", "run-immediate").json()["instanceId"]
    emulator.advance(2)
    client = client_of(DgcClient, emulator)
    one = client.show_job_instance(ShowJobInstanceRequest(job_name="job_batch", instance_id=number))
    assert (one.instance_id, one.status) == (number, "success")
    listed = client.list_job_instances(ListJobInstancesRequest(job_name="job_batch"))
    assert [(item.instance_id, item.status) for item in listed.instances] == [(number, "success")]


def test_runs_of_the_scenario(emulator: Emulator) -> None:
    client = client_of(DgcClient, emulator)
    begin = emulator.epoch_ms - 3_600_000
    listed = client.list_job_instances(
        ListJobInstancesRequest(job_name="nightly", min_plan_time=begin, max_plan_time=emulator.epoch_ms, limit=1)
    )
    assert (listed.total, [(item.instance_id, item.status) for item in listed.instances]) == (2, [(8, "fail")])
    assert listed.instances[0].plan_time == emulator.epoch_ms - 60_000
    one = client.show_job_instance(ShowJobInstanceRequest(job_name="nightly", instance_id=8))
    (node,) = one.nodes
    assert (node.node_name, node.status, node.retry_times) == ("load", "fail", 2)
    assert node.log_path == "obs://dlf-log/nightly/load.job"


def test_job_definition(emulator: Emulator) -> None:
    definition = client_of(DgcClient, emulator).show_job(ShowJobRequest(job_name="nightly"))
    assert (definition.name, definition.process_type) == ("nightly", "BATCH")
    assert [node.name for node in definition.nodes] == ["load"]


def test_workspace(emulator: Emulator) -> None:
    client = client_of(DgcClient, emulator)
    answer = client.show_job_status(ShowJobStatusRequest(job_name="elsewhere", workspace="ws1"))
    assert answer.status == "STOPPED"


def test_dli_progress_and_status(emulator: Emulator) -> None:
    client = client_of(DliClient, emulator)
    answer = client.show_sql_job_progress(ShowSqlJobProgressRequest(job_id=DLI_JOB))
    assert (answer.is_success, answer.status, answer.sub_job_id, answer.progress) == (True, "RUNNING", 0, 0.25)
    (sub_job,) = answer.sub_jobs
    assert (sub_job.id, sub_job.status, sub_job.num_tasks, sub_job.num_completed_tasks) == (0, "RUNNING", 8, 2)
    assert (sub_job.job_group, sub_job.stage_ids, sub_job.killed_tasks_summary) == (DLI_JOB, [0], {"why": 1})
    status = client.show_sql_job_status(ShowSqlJobStatusRequest(job_id=DLI_JOB))
    assert (status.job_id, status.status, status.job_type) == (DLI_JOB, "RUNNING", "QUERY")
    assert (status.queue_name, status.statement) == ("default", "SELECT * FROM t")
    emulator.advance(2)
    assert client.show_sql_job_status(ShowSqlJobStatusRequest(job_id=DLI_JOB)).duration == 2000


def test_errors(emulator: Emulator) -> None:
    client = client_of(DgcClient, emulator)
    with pytest.raises(ClientRequestException) as caught:
        client.show_job_status(ShowJobStatusRequest(job_name="nobody"))
    error = caught.value
    assert (error.status_code, error.error_code, error.error_msg) == (400, "DLF.0100", "The job does not exists.")
    assert error.request_id == emulator.journal[-1].request_id
    with pytest.raises(ClientRequestException) as caught:
        client_of(DliClient, emulator).show_sql_job_progress(ShowSqlJobProgressRequest(job_id="none"))
    assert caught.value.error_code == "DLI.0002"


def test_wrong_secret_key(emulator: Emulator) -> None:
    with pytest.raises(ClientRequestException) as caught:
        client_of(DgcClient, emulator, "wrong").list_jobs(ListJobsRequest())
    assert (caught.value.status_code, caught.value.error_code) == (401, "APIGW.0301")


# -- credentials ------------------------------------------------------------------------------------------------------

ID_TOKEN = "header.payload.signature"
FEDERATED: dict[str, Any] = {
    "agencies": [{"name": "gate"}],
    "identity_providers": [{"id": "ci-provider", "tokens": [ID_TOKEN]}],
}


def test_id_token_by_iam(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(ID_TOKEN, "utf-8")
    with running(SCENARIO, **FEDERATED) as emulator, other_home():
        credentials = BasicCredentials().with_project_id(PROJECT_ID).with_iam_endpoint(emulator.url)
        credentials = credentials.with_idp_id("ci-provider").with_id_token_file(str(file))
        client = DgcClient.new_builder().with_credentials(credentials).with_endpoint(emulator.url).build()
        assert client.list_jobs(ListJobsRequest()).total == 2
        assert [record.call for record in emulator.journal] == ["id_tokens", "securitytokens", "job_list"]


def test_id_token_by_sts(monkeypatch: pytest.MonkeyPatch) -> None:
    with running(SCENARIO, **FEDERATED) as emulator, other_home():
        variables = {
            "HUAWEICLOUD_OIDC_PROVIDER_URN": f"iam::{OTHER_DOMAIN_ID}:oidcProvider:ci-provider",
            "HUAWEICLOUD_OIDC_AGENCY_URN": f"iam::{OTHER_DOMAIN_ID}:agency:gate",
            "HUAWEICLOUD_OIDC_ID_TOKEN": ID_TOKEN,
            "HUAWEICLOUD_SDK_PROJECT_ID": PROJECT_ID,
            "HUAWEICLOUD_SDK_STS_ENDPOINT": emulator.url,
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        credentials = OidcStsCredentialProvider.get_basic().get_credentials()
        client = DgcClient.new_builder().with_credentials(credentials).with_endpoint(emulator.url).build()
        assert client.list_jobs(ListJobsRequest()).total == 2
        theirs = [record.call for record in emulator.journal]
        # The same variables lead this collection to the same calls.
        emulator.clear()
        connection = resolve({"region": REGION}, {**variables, **endpoints(emulator)}, "dataarts")
        session = Session(connection)
        try:
            session.complete(DataArts().list("BATCH"))
        finally:
            session.close()
        assert [record.call for record in emulator.journal] == theirs == ["sts_assume_oidc", "job_list"]


def endpoints(emulator: Emulator) -> dict[str, str]:
    return dict.fromkeys(("HW_DATAARTS_ENDPOINT", "HW_IAM_ENDPOINT", "HW_STS_ENDPOINT"), emulator.url)


def test_dli_list_and_cancel(emulator: Emulator) -> None:
    client = client_of(DliClient, emulator)
    answer = client.list_sql_jobs(ListSqlJobsRequest(page_size=10, current_page=1, tags="release=42"))
    assert (answer.is_success, answer.job_count) == (True, 1)
    (job,) = answer.jobs
    assert (job.job_id, job.status, job.queue_name) == (DLI_JOB, "RUNNING", "default")
    assert client.list_sql_jobs(ListSqlJobsRequest(tags="release=43")).job_count == 0
    assert client.cancel_sql_job(CancelSqlJobRequest(job_id=DLI_JOB)).is_success is True
    assert client.show_sql_job_status(ShowSqlJobStatusRequest(job_id=DLI_JOB)).status == "CANCELLED"
    assert client.cancel_sql_job(CancelSqlJobRequest(job_id=DLI_JOB)).is_success is False


def test_dli_flink_jobs(emulator: Emulator) -> None:
    client = client_of(DliClient, emulator)
    listed = client.list_flink_jobs(ListFlinkJobsRequest(name="orders", limit=100, offset=0))
    assert (str(listed.is_success).lower(), listed.job_list.total_count) == ("true", 1)
    assert [(job.job_id, job.name, job.status) for job in listed.job_list.jobs] == [(7, "orders", "job_running")]
    stopped = client.batch_stop_flink_jobs(
        BatchStopFlinkJobsRequest(body=StopFlinkJobsRequestBody(job_ids=[7], trigger_savepoint=True))
    )
    assert stopped.status_code == 200
    emulator.advance(5)
    detail = client.show_flink_job(ShowFlinkJobRequest(job_id=7)).job_detail
    assert (detail.status, detail.has_savepoint, detail.restart_times) == ("job_cancel_success", True, 0)
    run = BatchRunFlinkJobsRequest(body=BatchRunFlinkJobsRequestBody(job_ids=[7], resume_savepoint=True))
    assert [str(item.is_success).lower() for item in client.batch_run_flink_jobs(run).body] == ["true"]
    assert client.show_flink_job(ShowFlinkJobRequest(job_id=7)).job_detail.status == "job_submitting"
    emulator.advance(5)
    assert client.show_flink_job(ShowFlinkJobRequest(job_id=7)).job_detail.status == "job_running"
    with pytest.raises(ClientRequestException) as caught:
        client.show_flink_job(ShowFlinkJobRequest(job_id=8))
    assert caught.value.error_code == "DLI.16001"


def test_dli_spark_batches(emulator: Emulator) -> None:
    client = client_of(DliClient, emulator)
    batch = client.show_spark_job(ShowSparkJobRequest(batch_id="b-1"))
    assert (batch.id, batch.state, batch.name) == ("b-1", "running", "nightly")
    assert client.show_spark_job_status(ShowSparkJobStatusRequest(batch_id="b-1")).state == "running"
    assert client.show_spark_job_log(ShowSparkJobLogRequest(batch_id="b-1")).log == ["one", "two"]
    listed = client.list_spark_jobs(ListSparkJobsRequest(_from=0, size=100, job_name="nightly"))
    assert (listed.total, [(item.id, item.state) for item in listed.sessions]) == (1, [("b-1", "running")])
    assert client.cancel_spark_job(CancelSparkJobRequest(batch_id="b-1")).msg == "deleted"
    emulator.advance(5)
    assert client.show_spark_job(ShowSparkJobRequest(batch_id="b-1")).state == "dead"
    with pytest.raises(ClientRequestException) as caught:
        client.show_spark_job(ShowSparkJobRequest(batch_id="b-2"))
    assert caught.value.error_code == "DLI.0002"
