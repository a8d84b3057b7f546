# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The README and guides: their commands run in the order of the page, and print what the page shows.

Each page has a temporary folder, in which these blocks of code are used:

- `shell` is run. Environment and working directory are kept for the next block.
- `yaml` after a sentence that ends with a file name and a colon is written to that file. Other tasks and plays run in check mode.
- `text` after `shell` is compared with what the command printed: `...` stands for any text, and numbers of seconds, times, spaces
  and line breaks may differ. A command has to fail if and only if the text shows a failure.

The commands use an emulated cloud, and an environment that contains ansible-core and requests, but no other packages.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import signal
import socket
import subprocess
import sys
import venv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from tests.emulator import ACCESS_KEY, AUTH_TOKEN, REGION, SECRET_KEY, Emulator, running

from .page import Block, blocks, file_name, pattern

ROOT = Path(__file__).resolve().parents[2]
SCENARIO = ROOT / "tests" / "emulator" / "scenarios" / "demo.yml"
DATA = ROOT / "tests" / "data"
GATES = DATA / "guides_verdicts_gates.yml"
GUIDES = yaml.safe_load(SCENARIO.with_name("guides.yml").read_text("utf-8"))
"""Jobs of each kind, and runs."""
TIMEOUT = 120.0
"""Maximum seconds of a command."""


@dataclass(frozen=True)
class Page:
    """How the commands of a page run in a test.

    :ivar replaced: text in a block -> text in the test, in this order. {venv}, {root}, {port} and {emulator} are filled in.
    :ivar printed: beginning of a `text` block that does not follow a `shell` block -> the command that prints it; empty if the
        block is not compared.
    :ivar connected: the collection is installed, and the environment contains credentials, from the beginning of the page.
    :ivar cloud: keys of the emulator's scenario that differ.
    """

    file: str
    replaced: dict[str, str] = field(default_factory=dict)
    printed: dict[str, str] = field(default_factory=dict)
    connected: bool = False
    cloud: dict[str, Any] = field(default_factory=dict)


# The environment is there already. The tarball is that of the tree.
INSTALLED = {
    "python3 -m venv gate": "test -d {venv}",
    ". gate/bin/activate": ". {venv}/bin/activate",
    "pip install ansible-core requests": "python3 -c 'import ansible, requests'",
}
PROJECT = "HW_PROJECT_ID=0123456789abcdef0123456789abcdef"
KEYS = f"HW_ACCESS_KEY={ACCESS_KEY} HW_SECRET_KEY={SECRET_KEY}"
CONNECTION = f"{KEYS} {PROJECT}"
# A restart that ends after the first reading of the gate, however slow the machine is.
DEPLOYMENT = """\
emulator=http://127.0.0.1:{port}/_emulator
curl -sS $emulator/jobs/job_orders_stream -d '{"status": "STARTING"}'
{ until curl -sS $emulator/journal | grep -q job_orders_stream/status; do sleep 0.1; done
  sleep 0.5; curl -sS $emulator/jobs/job_orders_stream -d '{"status": "NORMAL"}'; } >/dev/null 2>&1 &"""
BREAK = "curl -sS -X POST {emulator}/_emulator/events/break\n"
PAGES = [
    Page(
        "README.md",
        {
            **INSTALLED,
            # It opens an editor.
            "ansible-vault create vault.yml": (
                f"echo 'vault_access_key: {ACCESS_KEY}\nvault_secret_key: {SECRET_KEY}' > vault.yml\n"
                "echo password > password\nansible-vault encrypt --vault-password-file password vault.yml"
            ),
            "--ask-vault-pass": "--vault-password-file password",
            "job_gate_stable_for: 60": "job_gate_stable_for: 1\n        job_gate_wait_interval: 0.2",
        },
        {
            "FAIL after": "curl -sS -X POST {emulator}/_emulator/events/break\nansible-playbook"
            " --vault-password-file password first_gate.yml"
        },
    ),
    Page(
        "docs/guides/first_gate.md",
        {
            **INSTALLED,
            # A clone is the tree. test_playbooks.py runs the demonstration.
            "git clone https://github.com/datagate/huaweicloud.git": (
                "mkdir huaweicloud\nln -s {root}/tests {root}/.venv huaweicloud"
            ),
            "make demo": "",
            # README.md and connection.md run these.
            "ansible-galaxy collection install ./": ": ",
            "ansible-playbook datagate.huaweicloud.doctor": "",
            "curl -X POST http://127.0.0.1:8765/_emulator/events/restart": DEPLOYMENT,
            "8765": "{port}",
            "job_gate_wait_timeout: 60": "job_gate_wait_timeout: 60\n        job_gate_wait_interval: 0.5",
            "HW_ACCESS_KEY=... HW_SECRET_KEY=...": KEYS,
            "HW_PROJECT_ID=...": PROJECT,
            "HW_DATAARTS_WORKSPACE_ID=...": "HW_DATAARTS_WORKSPACE_ID=",
        },
        # The demonstration prints these. test_playbooks.py compares its end.
        {"0:00 of 1:00: 1 STOPPED": "", "The gates said": ""},
    ),
    Page(
        "docs/guides/deploy.md",
        {
            "/opt/pipelines/deploy.sh": "echo",
            "-e deploy_rollback_file": "-e deploy_stable_for=1 -e job_gate_wait_interval=0.5 -e deploy_rollback_file",
        },
        {
            # The deployment makes a node fail, and the rollback mends it.
            "TASK [Fail the deployment]": (
                "for name in break mend\n"
                'do echo "- ansible.builtin.command: curl -sS -X POST {emulator}/_emulator/events/$name" > $name.yml\ndone\n'
                "ansible-playbook datagate.huaweicloud.deploy_with_gates -e job_gate_tags=orders"
                " -e deploy_task_file=$PWD/break.yml -e deploy_rollback_file=$PWD/mend.yml"
                " -e deploy_stable_for=1 -e job_gate_wait_interval=0.5"
            )
        },
        connected=True,
        cloud=GUIDES,
    ),
    Page(
        "docs/guides/batch.md",
        {"        wait: true\n": "        wait: true\n        wait_interval: 0.5\n"},
        {"FAIL after": f"{BREAK}ansible-playbook nightly.yml"},
        connected=True,
        cloud=GUIDES,
    ),
    Page(
        "docs/guides/dli.md",
        {
            "job_gate_stall_timeout: 1800": "job_gate_stall_timeout: 1800\n        job_gate_wait_interval: 0.5",
            # The job ends once it has been read.
            "ansible-playbook dli.yml": (
                "{ until curl -sS {emulator}/_emulator/stats | grep -q dli_progress; do sleep 0.1; done\n"
                "sleep 0.5; curl -sS -X POST {emulator}/_emulator/events/finish; } >/dev/null 2>&1 &\n"
                "ansible-playbook dli.yml"
            ),
            "stable_for: 120": "stable_for: 1\n        wait_interval: 0.5",
            "{{ batch.json.id }}": "2d3e4f50-aaaa-4bbb-8ccc-0d0e0f101112",
        },
        {"FAIL after": "curl -sS -X POST {emulator}/_emulator/events/fail\nansible-playbook dli.yml"},
        connected=True,
        cloud=GUIDES,
    ),
    Page(
        "docs/guides/inventory.md",
        printed={
            "[WARNING]: Failed to parse": (
                "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=false HW_SECRET_KEY="
                " ansible-inventory -i demo.dataarts_jobs.yml --graph"
            ),
            "fatal: [job_orders_stream]": (
                f"{BREAK}ansible-playbook -i demo.dataarts_jobs.yml datagate.huaweicloud.gate_sliced"
            ),
        },
        connected=True,
    ),
    Page(
        "docs/guides/events.md",
        # It runs until Ctrl+C. test_event_source_rulebook.py runs it.
        {"ansible-rulebook -r": ": ansible-rulebook -r", "http://127.0.0.1:8765": "{emulator}"},
        connected=True,
    ),
    Page(
        "docs/guides/migration.md",
        {
            "ansible-playbook loop.yml": f"{BREAK}export IAM_TOKEN={AUTH_TOKEN}\nansible-playbook loop.yml",
            # The jobs of the emulator are not restarted.
            "began=$(( ($(date +%s) - 5) * 1000 ))": "began=1",
            "terraform apply": "",
            "terraform output -json gate": 'echo \'{"job_gate_job_names": ["job_orders_stream"]}\'',
        },
        connected=True,
    ),
    Page(
        "docs/guides/awx.md",
        {
            # test_awx_setup.py runs it with a stand-in for AWX.
            "ansible-galaxy collection install awx.awx": ": awx.awx",
            "ansible-playbook datagate.huaweicloud.awx_setup": ": awx_setup",
            "< survey_gate.yml": "< {root}/playbooks/awx/survey_gate.yml",
            "curl -H": "cat >survey.json; : curl -H",
            # test_execution_environment.py checks the definition of the image.
            "make build": ": make build",
            "ansible-builder build": ": ansible-builder build",
            "podman": ": podman",
        },
        connected=True,
    ),
    Page(
        "docs/guides/connection.md",
        {
            "AKNE": ACCESS_KEY[:4],
            "dayu-dlf.cn-north-4.myhuaweicloud.com": "{emulator_host}",
            "the certificate of the server is trusted": "not used on the loopback interface",
        },
        connected=True,
        cloud={"clock_skew": 412},
    ),
    Page(
        "docs/guides/verdicts.md",
        {"2026-11-28 02:00 +08:00": "...", "AKNE": ACCESS_KEY[:4]},
        {
            # The first message on the page. The gates print the others, too.
            "1 of 4 jobs ready": f"ansible-playbook {GATES} > printed\ncat printed\nfalse",
            # These would take longer.
            "was restarted": "",
            "all ready for": "",
            "FAIL after": "cat printed\nfalse",
            "TIMEOUT after": "cat printed",
            "ERROR after": "cat printed",
            "SKIPPED: ": "cat printed",
            "job_gate_stable_for: 900": "cat printed",
        },
        connected=True,
        cloud=yaml.safe_load((DATA / "guides_verdicts_cloud.yml").read_text("utf-8")),
    ),
    Page(
        "docs/guides/timeouts.md",
        # The job stops in less than a second.
        {"wait: false": "wait: false\n        wait_interval: 0.2"},
        connected=True,
    ),
    Page(
        "docs/guides/many_jobs.md",
        {
            "job_gate_min_jobs: 10000": "job_gate_min_jobs: 1",
            # The environment does not contain it.
            "ansible-runner ": f"{Path(sys.executable).with_name('ansible-runner')} ",
        },
        connected=True,
    ),
    Page("docs/guides/monitoring.md", connected=True),
    Page(
        "docs/guides/ci.md",
        {
            "python3 -m venv .gate": "ln -s {venv} .gate",
            "pip install ansible-core requests": "python -c 'import ansible, requests'",
            # It is installed.
            ".gate/bin/ansible-galaxy": ": ansible-galaxy",
            "job_gate_stable_for=60": "job_gate_stable_for=1 -e job_gate_wait_interval=0.2",
        },
        connected=True,
    ),
    Page(
        "docs/guides/report_a_problem.md",
        {
            "ansible-playbook deploy.yml": "ansible-playbook datagate.huaweicloud.gate -e job_gate_job_names=job_sms",
            "less": "grep -q job_1",
            ".venv/bin/python -m": "cd {root}\n.venv/bin/python -m",
            "8765": "{port}",
        },
        # test_recordings.py compares what a replay prints.
        {"Ask with": ""},
        connected=True,
    ),
    Page("docs/guides/versions.md", connected=True),
]


# -- environment ------------------------------------------------------------------------------------------------------


def closure(*names: str) -> set[str]:
    """Packages with all that they require."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            needs = map(Requirement, importlib.metadata.requires(name) or [])
            waiting += [need.name for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]
    return found


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with links to the installed ansible-core and requests, and with what these require."""
    folder = tmp_path_factory.mktemp("environment") / "gate"
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for name in closure("ansible-core", "requests"):
        distribution = importlib.metadata.distribution(name)
        for file in distribution.files or []:
            path = Path(str(distribution.locate_file(file)))
            if file.parts[0] == "..":
                if file.parent.name == "bin":
                    script = folder / "bin" / file.name
                    script.write_text(f"#!{folder}/bin/python\n" + path.read_text("utf-8").partition("\n")[2], "utf-8")
                    script.chmod(0o755)
            elif not (site / file.parts[0]).exists():
                (site / file.parts[0]).symlink_to(Path(str(distribution.locate_file(file.parts[0]))))
    return folder


@pytest.fixture(scope="module")
def installed(environment: Path, tarball: Path) -> Path:
    """A folder in which the collection is installed."""
    folder = environment.parent / "collections"
    command = [str(environment / "bin" / "ansible-galaxy"), "collection", "install", str(tarball), "-p", str(folder)]
    clean = {"HOME": str(folder), "LC_ALL": "C.UTF-8", "PATH": os.defpath}
    subprocess.run(command, env=clean, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, check=True)
    return folder


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tarball")
    command = [sys.executable, str(ROOT / "tools" / "build.py"), str(folder)]
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, check=True)
    (built,) = folder.glob("*.tar.gz")
    return built


class Terminal:
    """Runs blocks one after the other, as in a terminal: environment and working directory are kept."""

    def __init__(self, folder: Path, emulator: Emulator) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        self.work = folder / "work"
        self.work.mkdir()
        self.servers: list[subprocess.Popen[str]] = []
        self.initial = {
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "PATH": os.defpath,
            "XDG_CACHE_HOME": str(self.home / ".cache"),
            "HW_DATAARTS_ENDPOINT": emulator.url,
            "HW_DLI_ENDPOINT": emulator.url,
            "HW_REGION_NAME": REGION,
        }
        self.start()

    def start(self) -> None:
        """A new terminal."""
        self.variables = dict(self.initial)
        self.place = self.work

    def run(self, code: str) -> tuple[int, str]:
        """Exit code and output of a block. The environment is that after it."""
        state = self.folder / "state"
        script = f'set -e\ntrap \'{{ env -0; printf "PWD_AFTER=%s\\0" "$PWD"; }} > {state}\' EXIT\n{code}'
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.place,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        after = dict(item.split("=", 1) for item in state.read_text("utf-8").split("\0") if item)
        self.place = Path(after.pop("PWD_AFTER"))
        self.variables = after
        return done.returncode, done.stdout

    def serve(self, code: str) -> tuple[int, str]:
        """Start a server; returns the line that it prints when it is ready."""
        server = subprocess.Popen(
            ["bash", "-c", f"exec {code}"],
            cwd=self.place,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.servers.append(server)
        assert server.stdout is not None
        return 0, server.stdout.readline()

    def close(self) -> None:
        for server in self.servers:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=TIMEOUT)


@pytest.fixture
def terminal(page: Page, tmp_path: Path, environment: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    with running(SCENARIO, **page.cloud) as emulator:
        found = Terminal(tmp_path, emulator)
        if page.connected:
            found.variables |= dict(item.split("=", 1) for item in CONNECTION.split())
            found.variables["PATH"] = f"{environment / 'bin'}{os.pathsep}{os.defpath}"
            found.variables["ANSIBLE_COLLECTIONS_PATH"] = str(request.getfixturevalue("installed"))
        yield found
        found.close()


# -- pages ------------------------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def as_playbook(code: str) -> str:
    """A playbook of an example that is a play or a list of tasks; empty for other YAML."""
    content: Any = yaml.safe_load(code)
    if not isinstance(content, list):
        return ""
    if "hosts" in content[0]:
        return code
    return yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": content}])


def shows_failure(text: str) -> bool:
    return bool(re.search(r"^FAIL\b|\[ERROR\]|FAILED!", text, re.MULTILINE))


class Run:
    """A page in a terminal."""

    def __init__(self, page: Page, terminal: Terminal, **names: str) -> None:
        self.page = page
        self.terminal = terminal
        self.names = names

    def filled(self, code: str) -> str:
        for name, value in self.names.items():
            code = code.replace(f"{{{name}}}", value)
        return code

    def used(self, code: str) -> str:
        """A block, as used in the test."""
        for old, new in self.page.replaced.items():
            code = code.replace(old, self.filled(new))
        return code

    def example(self, block: Block) -> None:
        """Write the file that a block shows, or run its tasks in check mode."""
        name = file_name(block)
        text = self.used(block.code) if name else as_playbook(self.used(block.code))
        (self.terminal.place / (name or "example.yml")).write_text(text, "utf-8")
        if text and not name:
            code, printed = self.terminal.run(f"{CONNECTION} ansible-playbook --check example.yml")
            assert code == 0, printed

    def command(self, code: str, shown: str) -> None:
        """Run a command, and compare its output."""
        run = self.terminal.serve if "-m tests.emulator" in code else self.terminal.run
        status, printed = run(code)
        assert (status != 0) == shows_failure(shown), f"{code}\n{printed}"
        assert pattern(self.used(shown)).search(" ".join(printed.split())), f"{code}\n{shown}\n{printed}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.file)
def test_commands_print_what_the_page_shows(page: Page, terminal: Terminal, environment: Path, tarball: Path) -> None:
    (terminal.work / tarball.name).symlink_to(tarball)
    emulator = terminal.initial["HW_DATAARTS_ENDPOINT"]
    run = Run(
        page,
        terminal,
        venv=str(environment),
        root=str(ROOT),
        port=str(free_port()),
        emulator=emulator,
        emulator_host=emulator.removeprefix("http://"),
    )
    shell = ""
    for block in [*blocks((ROOT / page.file).read_text("utf-8")), Block("", "", "")]:
        shown = block.code if block.language == "text" else ""
        if shell:  # of the block before
            run.command(shell, "" if block.before else shown)
            if shown and not block.before:
                shown = ""
        shell = ""
        if "new terminal" in block.before:
            terminal.start()
        if block.language == "yaml":
            run.example(block)
        elif block.language == "shell":
            shell = run.used(block.code)
        elif command := next((new for start, new in page.printed.items() if start in shown), ""):
            run.command(run.filled(command), shown)


@pytest.mark.parametrize(
    ("shown", "printed", "agrees"),
    [
        ("PASS after 0.1 s: 2 jobs", "x\nPASS after 12.0 s: 2\n  jobs ready", True),
        ("PASS after 0.1 s: 2 jobs", "PASS after 0.1 s: 3 jobs", False),
        ("0:09 of 10:00: a -> b", "0:10 of 1:00: a -> b", True),
        ("ok\n...\nfailed=0", "ok: changed=1 failed=0", True),
        ("ok\n...\nfailed=0", "ok: changed=1 failed=1", False),
        ("TASK [x] *****", "TASK [x] ********", True),
    ],
)
def test_shown_and_printed_text_are_compared(shown: str, printed: str, agrees: bool) -> None:
    assert bool(pattern(shown).search(" ".join(printed.split()))) == agrees


@pytest.mark.parametrize(
    ("before", "name"),
    [
        ("`first_gate.yml`:", "first_gate.yml"),
        ("**Write a playbook**, `first_gate.yml`, in any directory:", "first_gate.yml"),
        ("Add it to `first_gate.yml` as `tasks`:", ""),
        ("A task:", ""),
    ],
)
def test_file_name_is_read_from_the_sentence(before: str, name: str) -> None:
    assert file_name(Block("yaml", "", before)) == name
