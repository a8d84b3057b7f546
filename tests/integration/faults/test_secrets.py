# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret is shown or stored: on the terminal, in results, logs and files, in the list of processes.

Two playbooks give every kind of secret, one as options and one in the environment, and run into a service that repeats
what it was sent in its errors.
"""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.emulator import PROJECT_ID, REGION, Emulator, running

from ..playbook import OWN_PROCESS, Run, Task, play, run, task
from .servers import free_port
from .stage import DLI_JOB

HOST_OF_ALL = ("dataarts", "dli", "iam")


def secrets_of(place: str) -> dict[str, str]:
    """Each kind of secret, with a recognizable value."""
    return {
        "access_key": f"{place}ACCESSKEY0001",
        "secret_key": f"{place}-secret-key-0002",
        "temporary_access_key": f"{place}TEMPORARY0003",
        "temporary_secret_key": f"{place}-temporary-secret-0004",
        "security_token": f"{place}-security-token-0005",
        "auth_token": f"{place}-auth-token-0006",
        "password": f"{place}-pass;word/0007",
        "file_access_key": f"{place}FILEKEY0008",
        "file_secret_key": f"{place}-file-secret-0009",
        "proxy_password": f"{place}-proxy@password-0010",
        "wrong_secret_key": f"{place}-wrong-secret-0011",
    }


OPTION, ENVIRONMENT = secrets_of("OPT"), secrets_of("ENV")
USER, DOMAIN, PROXY_USER = "gate-user", "gate-domain", "proxy-user"
ECHOES: dict[str, dict[str, Any]] = {
    "echo_400": {"status": 400},
    "echo_403": {"status": 403},
    "echo_404": {"status": 404},
    "echo_500": {"status": 500},
    "echo_429": {"status": 429},
    "echo_6888": {"error_code": "DLF.6888"},
}


def scenario() -> dict[str, Any]:
    keys, tokens, users = [], [], []
    for place in (OPTION, ENVIRONMENT):
        keys += [
            {"access_key": place["access_key"], "secret_key": place["secret_key"]},
            {"access_key": place["file_access_key"], "secret_key": place["file_secret_key"]},
            {
                "access_key": place["temporary_access_key"],
                "secret_key": place["temporary_secret_key"],
                "security_token": place["security_token"],
            },
        ]
        tokens.append({"token": place["auth_token"]})
        users.append({"name": f"{USER}-{place['password'][:3]}", "password": place["password"], "domain": DOMAIN})
    faults = [{"match": {"job": job}, "echo": True, **action} for job, action in ECHOES.items()]
    faults.append({"match": {"call": "projects"}, "echo": True, "status": 400})
    # The first password gets its token, the second one's request is repeated.
    faults.append({"match": {"call": "tokens", "every": 2}, "echo": True, "status": 400})
    return {
        "quota": 0,
        "access_keys": keys,
        "tokens": tokens,
        "users": users,
        "jobs": [{"name": "job_good", "nodes": [{"name": "READ"}]}, {"name": "job_stuck", "status": "STARTING"}],
        "dli_jobs": [{"job_id": DLI_JOB, "status": "FINISHED"}],
        "faults": faults,
    }


def proxy_url(place: dict[str, str], port: int) -> str:
    """A URL as a proxy variable has it, with its password percent-encoded."""
    return f"http://{PROXY_USER}:{quote(place['proxy_password'], safe='')}@127.0.0.1:{port}"


def leaks(text: str, place: dict[str, str]) -> list[str]:
    """The kinds of secrets that are in a text, as they are or in a form in which they are sent."""
    found = []
    for kind, secret in place.items():
        forms = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}
        if any(form in text for form in forms):
            found.append(kind)
    if base64.b64encode(f"{PROXY_USER}:{place['proxy_password']}".encode()).decode() in text:
        found.append(BASIC)
    return found + [word for word in ("emulator-issued-token",) if word in text]


BASIC = "proxy user and password, as the header Proxy-Authorization has them"


@dataclass
class Processes:
    """The command lines of the processes with a mark in their environment while they ran."""

    mark: str
    commands: set[str] = field(default_factory=set)
    environments: set[str] = field(default_factory=set)

    def look(self) -> None:
        """Record all of them once."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    environment = (entry / "environ").read_bytes().decode("utf-8", "replace")
                    if self.mark in environment:
                        self.environments.add(environment)
                        self.commands.add((entry / "cmdline").read_bytes().decode("utf-8", "replace"))


@contextlib.contextmanager
def watching(mark: str) -> Iterator[Processes]:
    """Record the processes repeatedly while the block lasts."""
    processes, done = Processes(mark), threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            processes.look()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield processes
    finally:
        done.set()
        thread.join(10)


@dataclass
class Scene:
    """A playbook that has run, with its output and files."""

    run: Run
    processes: Processes
    files: dict[str, str]

    def places(self) -> dict[str, str]:
        """All texts that must not contain a secret, by name."""
        records = {f"result of {record.task}": json.dumps(record.result) for record in self.run.records}
        return {"stdout": self.run.output, "stderr": self.run.errors, **records, **self.files}


def play_through(tmp: Path, tasks: list[Task], environment: dict[str, str], variables: dict[str, Any]) -> Scene:
    """Run tasks with the most verbose output of Ansible."""
    home, mark = tmp / "home", uuid.uuid4().hex
    home.mkdir()
    given = tmp / "given.json"
    given.write_text(json.dumps(variables), "utf-8")
    settings = {
        "HOME": str(home),
        "TMPDIR": str(home),
        "ANSIBLE_HOME": str(home / "ansible"),
        "ANSIBLE_LOCAL_TEMP": str(home / "local"),
        "ANSIBLE_REMOTE_TMP": str(home / "remote"),
        "ANSIBLE_ASYNC_DIR": str(home / "async"),
        "ANSIBLE_LOG_PATH": str(home / "ansible.log"),
        "ANSIBLE_RETRY_FILES_ENABLED": "true",
        "ANSIBLE_RETRY_FILES_SAVE_PATH": str(home),
        "DATAGATE_TEST_MARK": mark,
    }
    # Ansible's children have the mark in their environment, too.
    with watching(mark) as processes:
        ran = run([play(tasks)], {**environment, **settings}, "-vvvv", "-e", f"@{given}")
    files = {
        str(path.relative_to(home)): path.read_bytes().decode("utf-8", "replace")
        for path in home.rglob("*")
        if path.is_file()
    }
    return Scene(ran, processes, files)


MODULE = OWN_PROCESS
"""Keywords of a task that runs in a process of its own."""
ONCE = {"retries": 0}
WAIT = {**ONCE, "wait": True, "wait_interval": 0.2, "wait_timeout": 0.6, "max_consecutive_errors": 2}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with running(scenario()) as server:
        yield server


def credentials_file(path: Path, place: dict[str, str]) -> str:
    path.write_text(f"[basic]\nak = {place['file_access_key']}\nsk = {place['file_secret_key']}\n", "utf-8")
    path.chmod(0o600)
    return str(path)


def with_options(emulator: Emulator, tmp: Path) -> Scene:
    """Each kind of secret as an option, in passing tasks and in tasks that fail in each way."""
    file = credentials_file(tmp / "credentials", OPTION)
    base: dict[str, Any] = {
        "endpoints": dict.fromkeys(HOST_OF_ALL, emulator.url),
        "region": REGION,
        "project_id": PROJECT_ID,
        **ONCE,
    }
    key = {"access_key": "{{ access_key }}", "secret_key": "{{ secret_key }}"}
    sets: dict[str, dict[str, Any]] = {
        "key": key,
        "temporary": {
            "access_key": "{{ temporary_access_key }}",
            "secret_key": "{{ temporary_secret_key }}",
            "security_token": "{{ security_token }}",
        },
        "token": {"auth_token": "{{ auth_token }}"},
        "password": {"username": f"{USER}-OPT", "password": "{{ password }}", "domain_name": DOMAIN},
        "file": {"credentials_file": file},
        "proxy": {**key, "proxy": "{{ proxy }}"},
    }
    everything = {name: value for given in sets.values() for name, value in given.items()}
    tasks = []

    def add(name: str, options: dict[str, Any], **keywords: Any) -> None:
        tasks.append(task(name, "dataarts_job_status", {**base, **options}, **keywords))

    for name, given in sets.items():
        add(f"pass {name}", {**given, "job_names": "job_good"})
        for job in ECHOES if name == "temporary" else ["echo_400"]:
            add(f"{job} {name}", {**given, "job_names": job})
    add("stuck", {**sets["temporary"], **WAIT, "job_names": "job_stuck"})
    add("echo while waiting", {**sets["proxy"], **WAIT, "job_names": "echo_500"})
    add("wrong key", {**key, "secret_key": "{{ wrong_secret_key }}", "job_names": "job_good"})
    add("no project", {**sets["token"], "project_id": "", "job_names": "job_good"})
    add("password again", {**sets["password"], "job_names": "job_good"})
    add("bad interval", {**everything, "job_names": "job_good", "wait_interval": "often"})
    add("unknown option", {**everything, "job_names": "job_good", "secret": "{{ secret_key }}"})
    add("two selections", {**everything, "job_names": "job_good", "tags": "a"})
    add("bad region", {**everything, "credentials_file": "", "job_names": "job_good", "region": "a b"})
    add("half a set", {"access_key": "{{ access_key }}", "proxy": "{{ proxy }}", "job_names": "job_good"})
    add("no such proxy", {**key, "proxy": "{{ dead_proxy }}", "job_names": "job_good"})
    add("module echo", {**sets["proxy"], "job_names": "echo_400"}, **MODULE)
    add("module bad interval", {**everything, "job_names": "job_good", "wait_interval": "often"}, **MODULE)
    tasks.append(task("info", "dataarts_job_info", {name: base[name] for name in ("endpoints", "project_id")} | key))
    variables = {
        **OPTION,
        "proxy": proxy_url(OPTION, emulator.port),
        "dead_proxy": proxy_url(OPTION, free_port()),
    }
    return play_through(tmp, tasks, {}, variables)


def with_environment(emulator: Emulator, tmp: Path) -> Scene:
    """The same in the environment, as AWX gives credentials."""
    environment = {
        "HW_ACCESS_KEY": ENVIRONMENT["temporary_access_key"],
        "HW_SECRET_KEY": ENVIRONMENT["temporary_secret_key"],
        "HW_SECURITY_TOKEN": ENVIRONMENT["security_token"],
        "HW_REGION_NAME": REGION,
        "HW_PROJECT_ID": PROJECT_ID,
        "HW_DATAARTS_ENDPOINT": emulator.url,
        "HW_DLI_ENDPOINT": emulator.url,
        "HW_IAM_ENDPOINT": emulator.url,
        "http_proxy": proxy_url(ENVIRONMENT, emulator.port),
    }
    tasks = [
        task("pass", "dataarts_job_status", {**WAIT, "job_names": "job_good"}),
        *(task(job, "dataarts_job_status", {**ONCE, "job_names": job}) for job in ECHOES),
        task("stuck", "dataarts_job_status", {**WAIT, "job_names": "job_stuck"}),
        task("bad option", "dataarts_job_status", {**WAIT, "job_names": "job_good", "retries": "many"}),
        task("dli", "dli_job_progress", {**WAIT, "job_ids": DLI_JOB}),
        task("info", "dataarts_job_info", {}),
        task("module", "dataarts_job_status", {**ONCE, "job_names": "echo_400"}, **MODULE),
        task("async", "dataarts_job_status", {**ONCE, "job_names": "echo_500"}, **{"async": 30, "poll": 1}),
    ]
    return play_through(tmp, tasks, environment, {})


@pytest.fixture(scope="module")
def scenes(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> tuple[Scene, Scene]:
    """Both playbooks, run concurrently."""
    with ThreadPoolExecutor(2) as pool:
        options = pool.submit(with_options, emulator, tmp_path_factory.mktemp("options"))
        environment = pool.submit(with_environment, emulator, tmp_path_factory.mktemp("environment"))
        return options.result(), environment.result()


@pytest.fixture
def options_scene(scenes: tuple[Scene, Scene]) -> Scene:
    return scenes[0]


@pytest.fixture
def environment_scene(scenes: tuple[Scene, Scene]) -> Scene:
    return scenes[1]


def test_playbooks_cover_passing_and_failing_tasks(
    emulator: Emulator, options_scene: Scene, environment_scene: Scene
) -> None:
    ran = options_scene.run
    for name in ("key", "temporary", "token", "password", "file", "proxy"):
        assert not ran[f"pass {name}"].failed, ran[f"pass {name}"].msg
        assert ran[f"echo_400 {name}"].failed
    assert not environment_scene.run["pass"].failed
    assert all(environment_scene.run[job].failed for job in ECHOES)
    echoed = {record.fault for record in emulator.journal}
    assert len(echoed) > len(ECHOES)
    for scene in (options_scene, environment_scene):
        assert "ansible.log" in scene.files
        assert scene.processes.commands
        assert "Traceback" not in scene.run.text


def check(scene: Scene, place: dict[str, str], known: Sequence[str] = ()) -> None:
    """Assert that no secret is found; `known` are kinds of secrets that another test covers."""
    found = {name: leaks(text, place) for name, text in scene.places().items()}
    assert {
        name: left for name, kinds in found.items() if (left := [kind for kind in kinds if kind not in known])
    } == {}


def test_secrets_in_options_are_not_shown(options_scene: Scene) -> None:
    check(options_scene, OPTION, ["proxy_password", BASIC])


def test_secrets_in_the_environment_are_not_shown(environment_scene: Scene) -> None:
    check(environment_scene, ENVIRONMENT, [BASIC])


def test_proxy_password_in_options_is_not_shown(options_scene: Scene) -> None:
    check(options_scene, OPTION, [BASIC])


def test_proxy_authorization_header_is_not_shown(options_scene: Scene, environment_scene: Scene) -> None:
    check(options_scene, OPTION, ["proxy_password"])
    check(environment_scene, ENVIRONMENT)


def test_process_list_contains_no_secret(options_scene: Scene, environment_scene: Scene) -> None:
    """Options get into no environment and no command line; the environment gets into no command line."""
    for scene in (options_scene, environment_scene):
        seen = "\n".join(scene.processes.commands)
        assert leaks(seen, OPTION) == []
        assert leaks(seen, ENVIRONMENT) == []
        assert leaks("\n".join(scene.processes.environments), OPTION) == []
