# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records of refused keys: shared by processes, private to the user, valid for five minutes; their errors are ignored."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.datagate.huaweicloud.plugins.module_utils._clock import Clock
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.authentication.credential_admission import (
    CredentialAdmission,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.authentication.credential_records import (
    APPROVAL_COUNTS_FOR,
    MAX_TRIAL_TURNS,
    NEXT_TURN_AFTER,
    REFUSAL_COUNTS_FOR,
    CredentialRecords,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.authentication.elapsed_time import ElapsedTime
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.authentication.private_folder import (
    private_folder,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.endpoints import cloud_of
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.options import resolve
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import (
    DENIED,
    TRANSIENT,
    UNREACHED,
    RequestError,
)

PARTS = ["AKNE0123456789", "the-secret-key-0815"]
CLOUDS = ["myhuaweicloud.com"]


class HandClock(Clock, ElapsedTime):
    """All clocks of a machine, set by the test."""

    def __init__(self) -> None:
        self.monotonic, self.wall_time, self.up_seconds, self.boot_id = 1000.0, 1_700_000_000.0, 5000.0, "boot-1"
        self.slept: list[float] = []

    def now(self) -> Any:
        return self.monotonic

    def wall(self) -> float:
        return self.wall_time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.pass_(seconds)

    def pass_(self, seconds: float) -> None:
        self.monotonic += seconds
        self.wall_time += seconds
        self.up_seconds += seconds


class HandTimes(ElapsedTime):
    """The same clocks, as the records read them."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__(clock.wall)
        self._clock = clock

    def up(self) -> float:
        return self._clock.up_seconds

    def boot(self) -> str | None:
        return self._clock.boot_id


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CACHE_HOME": str(tmp_path / "cache")}


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(autouse=True)
def no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CredentialRecords, "_own", {})


def account(environ: dict[str, str], clock: HandClock) -> CredentialRecords:
    return CredentialRecords(environ, HandTimes(clock))


def digest(found: CredentialRecords, parts: list[str] | None = None, cloud: str = CLOUDS[0]) -> str:
    return found.digests(parts or PARTS, [cloud])[0]


def refuse(found: CredentialRecords, locked: bool = False) -> None:
    found.refuse(digest(found), 401, "APIGW.0301", locked)


# -- records ------------ -----------------------------------------------------------------------------------------------


def test_refusal_is_shared_with_other_processes_for_five_minutes(environ: dict[str, str], clock: HandClock) -> None:
    refuse(account(environ, clock))
    clock.pass_(12)
    other = account(environ, clock)
    found = other.refusal(digest(other))
    assert found is not None
    assert (found.ago, found.left, found.status, found.code, found.locked) == (
        12,
        REFUSAL_COUNTS_FOR - 12,
        401,
        "APIGW.0301",
        False,
    )
    clock.pass_(REFUSAL_COUNTS_FOR - 12)
    assert other.refusal(digest(other)) is None


@pytest.mark.parametrize(
    ("parts", "cloud"),
    [
        ([PARTS[0], "the-correct-secret-1"], CLOUDS[0]),
        (["AKNE0123456788", PARTS[1]], CLOUDS[0]),
        ([*PARTS, "token"], CLOUDS[0]),
        ([PARTS[0] + PARTS[1]], CLOUDS[0]),
        ([PARTS[0] + PARTS[1][0], PARTS[1][1:]], CLOUDS[0]),
        (PARTS, "myhuaweicloud.eu"),
    ],
)
def test_refusal_does_not_apply_to_other_credentials(
    environ: dict[str, str], clock: HandClock, parts: list[str], cloud: str
) -> None:
    found = account(environ, clock)
    refuse(found)
    assert found.refusal(digest(found, parts, cloud)) is None


def test_last_record_replaces_earlier_ones(environ: dict[str, str], clock: HandClock) -> None:
    found = account(environ, clock)
    found.accept(digest(found))
    assert found.is_accepted(digest(found))
    refuse(found)
    assert not found.is_accepted(digest(found))
    found.accept(digest(found))
    assert found.refusal(digest(found)) is None
    clock.pass_(APPROVAL_COUNTS_FOR)
    assert not found.is_accepted(digest(found))


STEPS = [-400_000_000.0, -86400.0, -300.0, -1.0, 1.0, 299.0, 301.0, 86400.0, 400_000_000.0]


@pytest.mark.parametrize("step", STEPS)
def test_wall_clock_steps_do_not_change_the_expiry(environ: dict[str, str], clock: HandClock, step: float) -> None:
    refuse(account(environ, clock))
    clock.pass_(10)
    clock.wall_time += step
    found = account(environ, clock)
    known = found.refusal(digest(found))
    assert known is not None
    assert known.ago == 10
    clock.pass_(REFUSAL_COUNTS_FOR)
    assert found.refusal(digest(found)) is None


@pytest.mark.parametrize(("step", "known"), [(10.0, True), (299.0, True), (301.0, False), (-1.0, False), (-1e9, False)])
def test_wall_clock_is_used_after_a_reboot(environ: dict[str, str], clock: HandClock, step: float, known: bool) -> None:
    refuse(account(environ, clock))
    clock.boot_id, clock.up_seconds = "boot-2", 3.0
    clock.wall_time += step
    found = account(environ, clock)
    assert (found.refusal(digest(found)) is not None) == known


ODD = st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.just("boot-1") | st.integers()
RECORDS = st.fixed_dictionaries(
    {"state": st.sampled_from(["refused", "good", None])},
    optional={
        "at": st.dictionaries(st.sampled_from(["boot", "up", "wall"]), ODD) | ODD,
        "status": ODD,
        "code": ODD,
        "locked": ODD,
    },
)


@given(st.binary(max_size=60) | RECORDS.map(lambda record: json.dumps(record).encode()))
def test_a_damaged_file_is_ignored(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = account({"XDG_CACHE_HOME": folder}, HandClock())
        assert found.folder is not None
        Path(found.folder, f"{digest(found)}.json").write_bytes(content)
        known = found.refusal(digest(found))
        assert known is None or 0 <= known.ago < REFUSAL_COUNTS_FOR
        found.is_accepted(digest(found))
        refuse(found)
        assert found.refusal(digest(found)) is not None


# -- what is on the disk ----------------------------------------------------------------------------------------------


def test_files_contain_no_secret(environ: dict[str, str], clock: HandClock) -> None:
    found = account(environ, clock)
    refuse(found)
    found.accept(digest(found, ["other-key-12345", "other-secret-12345"]))
    turn = found.take_turn(digest(found), 0)
    assert found.folder is not None
    assert turn is not None
    assert stat.S_IMODE(os.stat(found.folder).st_mode) == 0o700
    for path in Path(found.folder).iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        for secret in (*PARTS, "other-key-12345", "other-secret-12345"):
            assert secret[:4].encode() not in path.read_bytes()
            assert secret[:4] not in path.name
    # The same credentials have another file name in another user's folder.
    other = account({"XDG_CACHE_HOME": str(Path(found.folder).parent / "other")}, clock)
    assert digest(other) != digest(found)


def unusable(tmp: Path, kind: str) -> Path:
    cache = tmp / "cache"
    cache.mkdir()
    path = cache / "datagate-huaweicloud"
    if kind == "file":
        path.write_text("")
    elif kind == "link":
        (tmp / "elsewhere").mkdir()
        path.symlink_to(tmp / "elsewhere")
    elif kind == "dangling link":
        path.symlink_to(tmp / "nowhere")
    elif kind == "cache is a file":
        cache.rmdir()
        cache.write_text("")
    elif kind == "no parent":
        cache.rmdir()
        cache = tmp / "not" / "there" / "cache"
    elif kind == "relative":
        cache = Path("cache")
    elif kind == "too long":
        cache = tmp / ("x" * 5000)
    else:
        cache = tmp / "a\0b"
    return cache


KINDS = ["file", "link", "dangling link", "cache is a file", "no parent", "relative", "too long", "null"]


@pytest.mark.parametrize("fallback", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_unusable_folder_falls_back_to_memory(
    kind: str, fallback: bool, tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "tmp"
    if fallback:
        temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    environ = {"XDG_CACHE_HOME": str(unusable(tmp_path, kind))}
    if not fallback:
        temporary.write_text("")
    found = account(environ, clock)
    assert found.folder == (str(temporary / f"datagate-huaweicloud-{os.geteuid()}") if fallback else None)
    refuse(found)
    # Without a folder, a process keeps its own records in memory.
    assert account(environ, clock).refusal(digest(found)) is not None
    turns = [found.take_turn(digest(found), 0) for dummy in range(2)]
    assert (turns[1] is None) == fallback


def test_folder_of_another_user_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "datagate-huaweicloud").mkdir(mode=0o700)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert private_folder({"XDG_CACHE_HOME": str(tmp_path)}) is None


def test_readable_folder_is_made_private(tmp_path: Path) -> None:
    (tmp_path / "datagate-huaweicloud").mkdir()
    (tmp_path / "datagate-huaweicloud").chmod(0o777)
    folder = private_folder({"XDG_CACHE_HOME": str(tmp_path)})
    assert folder is not None
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700


@pytest.mark.parametrize("name", ["salt", "record"])
@pytest.mark.parametrize("kind", ["folder", "fifo", "link", "empty", "long"])
def test_invalid_record_path_is_replaced(kind: str, name: str, environ: dict[str, str], clock: HandClock) -> None:
    first = account(environ, clock)
    assert first.folder is not None
    path = Path(first.folder, "salt" if name == "salt" else f"{digest(first)}.json")
    path.unlink(missing_ok=True)
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to("/etc/passwd")
    else:
        path.write_bytes(b"x" * (0 if kind == "empty" else 100_000))
    found = account(environ, clock)
    assert found.refusal(digest(found)) is None
    refuse(found)
    found.take_turn(digest(found), 0)
    found.refusal(digest(found))  # nothing is raised


def test_old_records_are_removed(environ: dict[str, str], clock: HandClock) -> None:
    found = account(environ, clock)
    refuse(found)
    assert found.folder is not None
    for path in Path(found.folder).iterdir():
        os.utime(path, (1, 1))
    found.accept(digest(found, ["other-key"]))
    assert sorted(path.name for path in Path(found.folder).iterdir()) == sorted(
        ["salt", f"{digest(found, ['other-key'])}.json"]
    )


# -- turns ------------------------------------------------------------------------------------------------------------


def connection(**options: Any) -> Any:
    given = {"access_key": PARTS[0], "secret_key": PARTS[1], "region": "cn-north-4", "project_id": "p1", **options}
    return resolve(given, {}, "dataarts")


def standing(environ: dict[str, str], clock: HandClock) -> CredentialAdmission:
    return CredentialAdmission(connection(), clock, account(environ, clock))


def test_other_processes_wait_for_the_first_trial(environ: dict[str, str], clock: HandClock) -> None:
    began = clock.now()
    sessions = [standing(environ, clock) for dummy in range(MAX_TRIAL_TURNS)]
    for number, session in enumerate(sessions):
        session.admit(PARTS, None)
        assert clock.now() - began == pytest.approx(number * NEXT_TURN_AFTER, abs=0.2)
    # No further turn is available before one of these has its answer.
    for deadline, kind in ((clock.now() + 7, UNREACHED), (None, TRANSIENT)):
        with pytest.raises(RequestError, match="wait for their first answer") as caught:
            standing(environ, clock).admit(PARTS, deadline)
        assert caught.value.kind == kind
        assert deadline is None or clock.now() == pytest.approx(deadline)
    sessions[0].close()  # it got none
    before = clock.now()
    another = standing(environ, clock)
    another.admit(PARTS, None)
    assert clock.now() == before
    another.accept()
    for dummy in range(20):
        standing(environ, clock).admit(PARTS, None)
    assert clock.now() == before


def test_waiting_sessions_send_nothing_after_a_refusal(environ: dict[str, str], clock: HandClock) -> None:
    first, second = standing(environ, clock), standing(environ, clock)
    first.admit(PARTS, None)

    def answered(seconds: float) -> None:
        clock.pass_(seconds)
        first.refuse(RequestError(DENIED, "no", host="dayu-dlf.cn-north-4.myhuaweicloud.com", status=401))

    clock.sleep = answered  # type: ignore[method-assign]
    with pytest.raises(RequestError, match="were refused") as caught:
        second.admit(PARTS, None)
    assert (caught.value.kind, caught.value.refused, caught.value.sent_at) == (DENIED, True, None)


def test_one_session_may_send_four_requests_without_an_answer(environ: dict[str, str], clock: HandClock) -> None:
    first = standing(environ, clock)
    first.admit(PARTS, None)
    assert [first.may_send_another() for dummy in range(5)] == [True, True, True, False, False]
    with pytest.raises(RequestError, match="wait for their first answer"):
        standing(environ, clock).admit(PARTS, clock.now() + 20)
    first.accept()
    assert [first.may_send_another() for dummy in range(9)] == [True] * 9


@pytest.mark.parametrize(
    ("status", "code", "remembered"),
    [
        (401, None, True),
        (403, "APIGW.0301", True),
        (400, "APIC.0307", True),
        (401, "APIGW.0303", False),
        (403, None, False),
    ],
)
def test_which_refusals_are_remembered(
    environ: dict[str, str], clock: HandClock, status: int, code: str | None, remembered: bool
) -> None:
    first = standing(environ, clock)
    first.admit(PARTS, None)
    first.refuse(
        RequestError(DENIED, "no", host="dayu-dlf.cn-north-4.myhuaweicloud.com", status=status, error_code=code)
    )
    if remembered:
        with pytest.raises(RequestError, match=r"AKNE\.\.\. from the task"):
            standing(environ, clock).admit(PARTS, None)
    else:
        standing(environ, clock).admit(PARTS, None)


def test_messages_name_the_refusal_and_the_wait(environ: dict[str, str], clock: HandClock) -> None:
    found = account(environ, clock)
    refuse(found)
    clock.pass_(12)
    with pytest.raises(RequestError) as caught:
        standing(environ, clock).admit(PARTS, None)
    assert str(caught.value) == (
        "APIGW.0301 (HTTP 401): these credentials were refused 12 s ago (AKNE... from the task (access_key)); nothing is sent "
        "with them for 4 min 48 s, because more failures lock the key; check the access key, its secret and its security token"
    )
    refuse(found, locked=True)
    with pytest.raises(RequestError, match=r"is locked after .* then wait 5 min") as caught:
        standing(environ, clock).admit(PARTS, None)
    assert caught.value.locked


@pytest.mark.parametrize(
    ("host", "cloud"),
    [
        ("dayu-dlf.cn-north-4.myhuaweicloud.com", "myhuaweicloud.com"),
        ("dli.cn-north-4.myhuaweicloud.com", "myhuaweicloud.com"),
        ("IAM.myhuaweicloud.com", "myhuaweicloud.com"),
        ("iam.eu-west-101.myhuaweicloud.eu", "eu-west-101.myhuaweicloud.eu"),
        ("dli.cn-north-4.cloud.example:8443", "cloud.example:8443"),
        ("gateway.example", "gateway.example"),
        ("dli.example", "dli.example"),
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]:8080", "[::1]:8080"),
        ("[::1]", "[::1]"),
        ("localhost", "localhost"),
        ("", ""),
    ],
)
def test_cloud_of_a_host(host: str, cloud: str) -> None:
    assert cloud_of(host, "cn-north-4") == cloud


# -- real processes ---------------------------------------------------------------------------------------------------


# Threads of other tests may still run in this process; the children here do not use them.
forks = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")


def contender(folder: str, start: Any, results: Any) -> None:
    """A process that tries credentials: the first one is refused, as all would be."""
    start.wait(30)
    session = CredentialAdmission(connection(), Clock(), CredentialRecords({"XDG_CACHE_HOME": folder}))
    try:
        session.admit(PARTS, None)
    except RequestError as error:
        results.put("held back" if error.refused else str(error))
        return
    session.refuse(RequestError(DENIED, "no", host="dayu-dlf.cn-north-4.myhuaweicloud.com", status=401))
    results.put("sent")


@forks
def test_only_one_of_many_processes_sends(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    start, results = context.Event(), context.Queue()
    processes = [context.Process(target=contender, args=(str(tmp_path), start, results)) for dummy in range(8)]
    for process in processes:
        process.start()
    start.set()
    outcomes = sorted(results.get(timeout=60) for dummy in processes)
    for process in processes:
        process.join(30)
    assert outcomes == ["held back"] * 7 + ["sent"]


@forks
def test_killed_process_releases_its_turn(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    taken = context.Event()

    def hold() -> None:
        found = CredentialRecords({"XDG_CACHE_HOME": str(tmp_path)})
        turn = found.take_turn(digest(found), 0)
        assert turn is not None
        taken.set()
        threading.Event().wait(60)

    process = context.Process(target=hold)
    process.start()
    assert taken.wait(30)
    found = CredentialRecords({"XDG_CACHE_HOME": str(tmp_path)})
    assert found.take_turn(digest(found), 0) is None
    process.kill()
    process.join(30)
    assert found.take_turn(digest(found), 0) is not None


def salted(folder: str, start: Any, results: Any) -> None:
    start.wait(30)
    found = CredentialRecords({"XDG_CACHE_HOME": folder})
    results.put(digest(found))


@forks
def test_concurrent_processes_share_one_salt(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    start, results = context.Event(), context.Queue()
    processes = [context.Process(target=salted, args=(str(tmp_path), start, results)) for dummy in range(8)]
    for process in processes:
        process.start()
    start.set()
    assert len({results.get(timeout=60) for dummy in processes}) == 1
    for process in processes:
        process.join(30)
