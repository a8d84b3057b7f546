# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials that are wrong or expire: sent once, renewed if possible, never sent until they are locked."""

from __future__ import annotations

import re
import stat
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.credentials.methods import ecs_agency
from tests.emulator import ACCESS_KEY, AUTH_TOKEN, Emulator, running

from .cases import CREDENTIALS, JOBS, PLACES, READY, REAL_TIME, WAIT
from .servers import free_port
from .stage import JOB, KEY, USER, Result, SkippingClock, gate

ENDS = 4.0
LOCK = "locked for too many failures"
MANY = 60
MANY_JOBS = {"jobs": [{"name": "job_{i}", "count": MANY, "timeline": [{"status": "STARTING"}]}]}
NAMES = [f"job_{number}" for number in range(MANY)]
TEMPORARY = {"access_key": "temporary-key-1", "secret_key": "temporary-secret-1", "security_token": "temporary-token-1"}
NEXT = {name: value.replace("-1", "-2") for name, value in TEMPORARY.items()}


def refused(emulator: Emulator) -> list[str]:
    """The calls that were answered with 401."""
    return [record.call for record in emulator.journal if record.status == 401]


def after_refusal(emulator: Emulator) -> list[str]:
    """The calls that came after the first 401."""
    statuses = [record.status for record in emulator.journal]
    return [record.call for record in emulator.journal[statuses.index(401) + 1 :]]


WRONG: dict[str, dict[str, str]] = {
    "secret": {**KEY, "secret_key": "wrong-secret-key"},
    "access-key": {**KEY, "access_key": "UNKNOWN"},
    "security-token": {**KEY, "security_token": "left-over"},
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("call", ["projects", *JOBS])
def test_bad_signature_is_sent_once(call: str, wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place = PLACES[call]
    with running({"quota": 0, **place.scenario}) as emulator:
        result = gate(emulator, monkeypatch, {**WAIT, **place.options, **WRONG[wrong]}, dli=place.dli)
        assert len(emulator.journal) == 1, "more than one request with a bad signature"
    CREDENTIALS["bad-signature"].check(result)
    assert LOCK not in result["msg"]


@pytest.mark.parametrize("options", [{"job_names": NAMES}, {"name_contains": "job_", "check_nodes": False}])
def test_bad_signature_over_many_jobs_is_sent_once(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {**WRONG["secret"], "requests_per_second": 0}
    with running({"quota": 0, **MANY_JOBS}, latency=0.02) as emulator:
        CREDENTIALS["bad-signature"].check(gate(emulator, monkeypatch, {**WAIT, **options, **wrong}))
        assert len(emulator.journal) == 1


BREAKS: dict[str, dict[str, Any]] = {
    "reset-after": {"reset": "after_headers"},
    "reset-within": {"reset": "mid_body"},
    "truncated": {"truncate": 5},
    "drip": {"drip": 0.5},
    "flood": {"status": 401, "body_size": 8 * 1024 * 1024},
    "bomb": {"status": 401, "gzip_bomb": 8 * 1024 * 1024},
    "lie": {"headers": {"Content-Encoding": "gzip"}},
}


@pytest.mark.parametrize("broken", BREAKS)
def test_http_401_with_a_broken_body_is_a_refusal(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = [{"match": {"call": "job_status"}, **BREAKS[broken]}]
    options = {**WAIT, "job_names": JOB, **WRONG["secret"], "request_timeout": 0.5, "retries": 1}
    with running({"quota": 0, **REAL_TIME, "faults": faults}) as emulator:
        result = gate(emulator, monkeypatch, {**options, "max_consecutive_errors": 2})
        assert len(emulator.journal) == 1
    CREDENTIALS["broken-401"].check(result)


@pytest.mark.parametrize("status", [403, 503])
def test_refusal_with_another_status_is_sent_once(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = [{"match": {"service": "dataarts"}, "status": status, "error_code": "APIGW.0301"}]
    with running({"quota": 0, **MANY_JOBS, "faults": faults}, latency=0.02) as emulator:
        CREDENTIALS["refused-403"].check(gate(emulator, monkeypatch, {**WAIT, "job_names": NAMES}))
        assert len(emulator.journal) == 1


def test_refused_key_is_not_sent_in_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with running({"quota": 0, **REAL_TIME}) as emulator:
        options = {**WAIT, **WRONG["secret"]}
        gate(emulator, monkeypatch, {**options, "job_names": JOB})
        for call in ("job_status", "dli_progress"):
            place = PLACES[call]
            result = gate(emulator, monkeypatch, {**options, **place.options}, dli=place.dli)
            CREDENTIALS["next-run"].check(result)
            assert f"{ACCESS_KEY[:4]}... from the task (access_key)" in result["msg"]
        assert len(emulator.journal) == 1
        CREDENTIALS["mended"].check(gate(emulator, monkeypatch, {**options, "job_names": JOB, **KEY}))


def test_locked_key_is_reported_as_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    message = "Incorrect IAM authentication information: AK access failed to reach the limit,forbidden"
    faults = [{"match": {"call": "job_status"}, "status": 401, "error_code": "APIGW.0301", "error_msg": message}]
    with running({"quota": 0, **REAL_TIME, "faults": faults}) as emulator:
        for dummy in range(2):
            result = gate(emulator, monkeypatch, {**WAIT, "job_names": JOB})
            CREDENTIALS["locked"].check(result)
            assert re.search(r"then wait (5 minutes|5 min|4 min \d+ s)", result["msg"]), result["msg"]
        assert len(emulator.journal) == 1


# -- clocks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("skew", [3600, -3600])
@pytest.mark.parametrize(
    ("call", "since"), [("job_status", 0.0), ("job_status", ENDS), ("job_list", ENDS), ("projects", 0.0)]
)
def test_wrong_clock_ends_the_gate(call: str, since: float, skew: int, monkeypatch: pytest.MonkeyPatch) -> None:
    place = PLACES[call]
    faults = [{"match": {"call": call, "from": since}, "clock_skew": skew}]
    with running({"quota": 0, **place.scenario, "faults": faults}) as emulator:
        result = gate(emulator, monkeypatch, {**WAIT, **place.options})
        assert len(refused(emulator)) == 1
        assert after_refusal(emulator) == []
    CREDENTIALS["clock"].check(result)
    received = re.search(r"this host's clock is (\d+) s (behind|ahead of) the server's", result["msg"])
    assert received, result["msg"]
    assert abs(int(received[1]) - 3600) < 60
    assert received[2] == ("behind" if skew > 0 else "ahead of")


# -- expiry during a wait ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{"job_names": JOB}, {"name_contains": "job_", "check_nodes": False}])
def test_expired_token_ends_the_gate(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with running({"quota": 0, **REAL_TIME, "tokens": [{"token": AUTH_TOKEN, "valid_until": ENDS}]}) as emulator:
        result = gate(emulator, monkeypatch, {**WAIT, **options, "auth_token": AUTH_TOKEN})
        assert len(refused(emulator)) == 1
        assert after_refusal(emulator) == []
    CREDENTIALS["token-ends"].check(result)


def test_password_renews_an_expired_token(monkeypatch: pytest.MonkeyPatch) -> None:
    with running({"quota": 0, **REAL_TIME, "token_lifetime": 6}) as emulator:
        result = gate(emulator, monkeypatch, {**WAIT, "job_names": JOB, **USER})
        assert len(emulator.requests("tokens")) == 2
        assert refused(emulator) == ["job_status"]
    CREDENTIALS["password-renews"].check(result)


def test_changed_password_is_sent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    faults = [{"match": {"call": "tokens", "from": ENDS}, "status": 401}]
    with running({"quota": 0, **REAL_TIME, "token_lifetime": ENDS, "faults": faults}) as emulator:
        result = gate(emulator, monkeypatch, {**WAIT, "job_names": JOB, **USER})
        assert after_refusal(emulator) == ["tokens"]
    CREDENTIALS["password-dies"].check(result)


def credentials_file(path: Path, key: dict[str, str]) -> str:
    """A file in the format of the vendor's SDK."""
    lines = [f"ak = {key['access_key']}", f"sk = {key['secret_key']}", f"security_token = {key['security_token']}"]
    path.write_text("\n".join(["[basic]", *lines]) + "\n", encoding="utf-8")
    path.chmod(0o600)
    return str(path)


class Renewal(SkippingClock):
    """A clock that rewrites a file as soon as the old key has expired."""

    def __init__(self, emulator: Emulator, path: Path) -> None:
        super().__init__(emulator)
        self._path = path
        self._began = self.now()

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.now() - self._began >= ENDS:
            credentials_file(self._path, NEXT)


@pytest.mark.parametrize("renewed", [True, False])
def test_expired_key_is_read_again_from_the_file(
    renewed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "credentials"
    keys = [{**TEMPORARY, "valid_until": ENDS}, NEXT]
    with running({"quota": 0, **REAL_TIME, "access_keys": keys}) as emulator:
        clock = Renewal(emulator, path) if renewed else None
        options = {**WAIT, "job_names": JOB, "credentials_file": credentials_file(path, TEMPORARY)}
        result = gate(emulator, monkeypatch, options, clock=clock)
        assert len(refused(emulator)) == 1
        assert renewed or after_refusal(emulator) == []
    CREDENTIALS["file-renews" if renewed else "file-stays"].check(result)
    assert_hidden(result, [*TEMPORARY.values(), *NEXT.values()])


def assert_hidden(result: Result, secrets: list[str]) -> None:
    text = str(result)
    assert not [secret for secret in secrets if secret in text], text


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o604])
def test_credentials_file_readable_by_others_gives_a_warning(
    mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "credentials"
    with running({"quota": 0, **REAL_TIME, "access_keys": [TEMPORARY]}) as emulator:
        options = {**WAIT, "job_names": JOB, "credentials_file": credentials_file(path, TEMPORARY)}
        path.chmod(mode)
        result = gate(emulator, monkeypatch, options)
    others = mode & (stat.S_IRGRP | stat.S_IROTH)
    received = [warning for warning in result.get("warnings", []) if "can be read by other users" in warning]
    assert len(received) == (1 if others else 0)
    assert all(str(path) in warning and "chmod 600" in warning for warning in received)


AGENCY: dict[str, tuple[dict[str, Any] | None, str]] = {
    "agency-renews": (None, "PASS"),
    "agency-fails-once": (
        {"match": {"service": "metadata", "from": 1, "first": 10}, "reset": "before_headers"},
        "PASS",
    ),
    "agency-gone": ({"match": {"service": "metadata", "from": 1}, "reset": "before_headers"}, "ERROR"),
}


@pytest.mark.parametrize("row", AGENCY)
def test_agency_key_is_renewed(row: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fault, verdict = AGENCY[row]
    scenario = {"quota": 0, **REAL_TIME, "metadata": {"lifetime": ENDS + 2}, "faults": [fault] if fault else []}
    with running(scenario) as emulator:
        monkeypatch.setattr(ecs_agency, "EcsAgency", partial(ecs_agency.EcsAgency, base=emulator.url))
        result = gate(emulator, monkeypatch, {**WAIT, "job_names": JOB, "auth_type": "ecs_agency"})
        # A service that cannot be reached has not refused the key, so a key that has ended is sent once and not again.
        assert len(refused(emulator)) == 1
    assert result["verdict"] == verdict
    CREDENTIALS[row].check(result)


def test_missing_metadata_service_ends_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    with running({"quota": 0, **REAL_TIME}) as emulator:
        base = f"http://127.0.0.1:{free_port()}"
        monkeypatch.setattr(ecs_agency, "EcsAgency", partial(ecs_agency.EcsAgency, base=base))
        result = gate(emulator, monkeypatch, {**WAIT, "job_names": JOB, "auth_type": "ecs_agency"})
        assert emulator.journal == []
    CREDENTIALS["agency-gone"].check(result)


MANY_WAYS: dict[str, dict[str, Any]] = {
    "status": {"job_names": NAMES},
    "status-no-ceiling": {"job_names": NAMES, "requests_per_second": 0},
    "list": {"name_contains": "job_", "check_nodes": False},
}


@pytest.mark.parametrize(
    ("way", "interval"),
    [
        *((way, 10.0) for way in MANY_WAYS),
        ("list", 3.0),
        pytest.param("status", 3.0),
        pytest.param("status-no-ceiling", 3.0),
    ],
)
def test_key_that_expires_between_observations_ends_the_gate(
    way: str, interval: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = 1.6 * interval if interval < 5 else 1.5 * interval
    options = {**WAIT, **MANY_WAYS[way], "wait_interval": interval}
    if "requests_per_second" not in options:
        options["requests_per_second"] = 1000
    key = {**KEY, "valid_until": ends}
    with running({"quota": 0, **MANY_JOBS, "access_keys": [key]}, latency=0.02) as emulator:
        result = gate(emulator, monkeypatch, options)
        assert len(refused(emulator)) == 1
        assert after_refusal(emulator) == []
        assert len(emulator.requests(status=200)) >= (MANY if way != "list" else 2)
    CREDENTIALS["key-ends"].check(result)


@pytest.mark.parametrize("way", ["status", "status-no-ceiling"])
def test_key_that_expires_within_an_observation_ends_the_gate(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Running requests are refused; nothing is sent after the first refusal was received."""
    options = {**WAIT, **MANY_WAYS[way], "wait_interval": 10}
    faults = [{"match": {"call": "job_status", "nth": [MANY // 2]}, "advance": 100}]
    key = {**KEY, "valid_until": 50}
    with running({"quota": 0, **MANY_JOBS, "access_keys": [key], "faults": faults}, latency=0.03) as emulator:
        result = gate(emulator, monkeypatch, options)
        flying = [record for record in emulator.journal if record.number >= MANY // 2]
        assert len(flying) <= 17, "more than the threads had under way"
        assert LOCK not in result["msg"]
    CREDENTIALS["key-ends"].check(result)
    assert ACCESS_KEY not in str(result)


def test_keys_expire_before_the_jobs_are_ready() -> None:
    """The tests above rely on it."""
    assert ENDS < READY
