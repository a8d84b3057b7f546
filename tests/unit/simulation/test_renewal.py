# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gates of hours with temporary keys: no request is sent with a key that has expired, and no renewal holds up a reading."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.datagate.huaweicloud.tests.unit.simulation.job_scripts import Job, job
from ansible_collections.datagate.huaweicloud.tests.unit.simulation.request_log import Request
from ansible_collections.datagate.huaweicloud.tests.unit.simulation.runner import run_gate
from ansible_collections.datagate.huaweicloud.tests.unit.simulation.simulated_cloud import STS, SimulatedCloud
from ansible_collections.datagate.huaweicloud.tests.unit.simulation.virtual_time import EPOCH, Planned, Reply

HOUR = 3600.0
DURATION = 900.0
ANSWERED, HANGS, FAILS, REFUSES = "answered", "hangs", "fails", "refuses"
_keys = itertools.count()


class IssuingCloud(SimulatedCloud):
    """A cloud whose STS issues keys for 900 s.

    :param manner: how STS answers at a time: ANSWERED, HANGS, FAILS or REFUSES.
    :ivar renewals: the times of requests to STS.
    :ivar used: (seconds, key) of each request that was signed with an issued key.
    """

    def __init__(self, jobs: list[Job], manner: Callable[[float], str]) -> None:
        super().__init__(jobs)
        self.renewals: list[float] = []
        self.used: list[tuple[float, str]] = []
        self.ends: dict[str, float] = {}
        self._manner = manner

    def receive(self, prepared: Any, sent_at: float, bound: float) -> Planned:
        if not prepared.url.startswith(STS):
            found = re.search(r"Access=(\w+)", prepared.headers["Authorization"])
            assert found is not None
            self.used.append((sent_at, found[1]))
            return super().receive(prepared, sent_at, bound)
        self.renewals.append(sent_at)
        manner = self._manner(sent_at)
        request = Request(len(self.renewals), sent_at, "POST", "/v5/agencies/assume", {}, "other", None, bound)

        def make() -> Reply:
            moment = sent_at + 0.2
            if manner != ANSWERED:
                code = "APIGW.0301" if manner == REFUSES else "STS5.0000"
                return self._reply(request, moment, 401 if manner == REFUSES else 500, {"error_code": code})
            name = f"ISSUED{len(self.ends):04d}"
            self.ends[name] = moment + DURATION
            expiry = datetime.fromtimestamp(EPOCH + moment + DURATION, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            keys = {
                "access_key_id": name,
                "secret_access_key": "s" * 8,
                "security_token": "t" * 8,
                "expiration": expiry,
            }
            return self._reply(request, moment, 200, {"credentials": keys})

        return Planned(None if manner == HANGS else sent_at + 0.2, make, lambda dummy_seconds, dummy_given_up: None)

    def late(self) -> list[tuple[float, str]]:
        """The requests that were sent with a key that had expired, or was not issued."""
        return [(at, key) for at, key in self.used if at > self.ends.get(key, -1.0)]


def watch(cloud: IssuingCloud, hours: float, **options: Any) -> str:
    """The verdict of a gate that has to stay ready for so long."""
    credentials = {
        "access_key": f"BASEKEY{next(_keys):05d}",
        "secret_key": "a-secret-key",
        "assume_role_agency": "gate",
        "assume_role_domain_id": "99887766554433221100ffeeddccbbaa",
        "assume_role_duration": int(DURATION),
    }
    names = list(cloud.jobs)
    run = run_gate(
        cloud,
        credentials=credentials,
        job_names=names,
        wait_interval=30,
        stable_for=hours * HOUR,
        wait_timeout=hours * HOUR + 600,
        **options,
    )
    verdict: str = run.result["verdict"]
    return verdict


def three() -> list[Job]:
    return [job(f"job_{number}", "NORMAL", {"n": "NORMAL"}) for number in range(3)]


def gaps(cloud: IssuingCloud) -> float:
    """The longest time between two readings."""
    times = [at for at, dummy in cloud.used]
    return max(second - first for first, second in itertools.pairwise(times))


@pytest.mark.parametrize("steps", [(), ((1000.0, 7200.0),), ((1000.0, -7200.0),)])
def test_a_gate_of_hours_never_uses_an_expired_key(steps: tuple[tuple[float, float], ...]) -> None:
    cloud = IssuingCloud(three(), lambda dummy: ANSWERED)
    assert watch(cloud, 1.5, steps=steps) == "PASS"
    assert cloud.late() == []
    # Each key is used for three quarters of its life, and up to an interval more.
    assert 1.5 * HOUR / 710 <= len(cloud.renewals) <= 1.5 * HOUR / 675 + 1


@pytest.mark.parametrize("manner", [HANGS, FAILS, REFUSES])
def test_readings_continue_while_renewal_fails(manner: str) -> None:
    """STS is out of order from 600 s to 850 s; the key of the start expires at 900 s."""
    cloud = IssuingCloud(three(), lambda at: manner if 600 < at < 850 else ANSWERED)
    if manner == REFUSES:
        # The key behind the agency is not sent again for five minutes.
        assert watch(cloud, 0.2) == "PASS"
        assert len(cloud.renewals) == 2
    else:
        assert watch(cloud, 1) == "PASS"
    assert cloud.late() == []
    assert gaps(cloud) < 35


def test_failure_is_detected_while_a_renewal_hangs() -> None:
    jobs = [*three()[1:], job("job_0", "0 NORMAL, 700 EXCEPTION", {"n": "NORMAL"})]
    cloud = IssuingCloud(jobs, lambda at: HANGS if at > 600 else ANSWERED)
    assert watch(cloud, 1) == "FAIL"
    assert cloud.used[-1][0] < 740
    assert cloud.late() == []
