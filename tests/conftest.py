# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings for all tests: the collection as a package, and isolation from the machine.

No test reads the credentials, proxies or Ansible settings of the user, writes into their home, or connects to
anything but this machine.
"""

from __future__ import annotations

import ipaddress
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent
COLLECTIONS = ROOT / ".venv" / "collections"

HOME = pytest.StashKey[str]()
ANSIBLE_TEST = "ansible_pytest_collections"
"""The plugin by which ansible-test makes pytest find the collection; ANSIBLE_ variables say where that is."""
COMPLETE = bool(os.environ.get("DATAGATE_TESTS_COMPLETE"))
FOREIGN = ("HUAWEICLOUD_", "HW_", "OS_")
PROXIES = ("all_proxy", "http_proxy", "https_proxy", "no_proxy")


def _only_this_machine(event: str, args: tuple[Any, ...]) -> None:
    """Audit hook: a connection of this process that leaves the machine is a fault of the test."""
    if event != "socket.connect" or not isinstance(args[1], tuple):
        return
    host = args[1][0]
    try:
        here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = host in ("", "localhost")
    if not here:
        raise RuntimeError(f"A test tried to connect to {args[1]}: tests talk to servers on this machine only.")


def pytest_configure(config: pytest.Config) -> None:
    """Set up the process, and so every process that a test starts."""
    ansible_test = config.pluginmanager.hasplugin(ANSIBLE_TEST)
    if not ansible_test and "ansible_collections.datagate" not in sys.modules and str(COLLECTIONS) not in sys.path:
        if not COLLECTIONS.is_dir():
            raise pytest.UsageError(f"{COLLECTIONS} is missing: `make venv` makes it.")
        sys.path.insert(0, str(COLLECTIONS))

    for name in list(os.environ):
        ansible = name.startswith("ANSIBLE_") and not ansible_test
        # Tests must not depend on unbuffered output.
        if ansible or name.startswith(FOREIGN) or name.lower() in PROXIES or name == "PYTHONUNBUFFERED":
            del os.environ[name]
    home = tempfile.mkdtemp(prefix="datagate-home-")
    config.stash[HOME] = home
    os.environ["HOME"] = home
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])

    sys.addaudithook(_only_this_machine)
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        # A shell starts jobs in the background so, and the processes that the tests start would inherit it.
        signal.signal(signal.SIGINT, signal.default_int_handler)

    # Properties must not fail on a busy machine, nor because of an example that is unrelated to a change: `make test`
    # and CI draw the same few each time, `make test-all` (DATAGATE_TESTS_RANDOM) others, and four times as many. Tests
    # with more examples than this count in multiples of it.
    hypothesis.settings.register_profile("random", deadline=None, max_examples=100)
    hypothesis.settings.register_profile("same", deadline=None, derandomize=True, print_blob=True, max_examples=25)
    # ansible-test runs the same tests on every core and Python: the many examples are drawn once, by `make test`.
    hypothesis.settings.register_profile(
        "ansible-test", deadline=None, derandomize=True, print_blob=True, max_examples=10
    )
    hypothesis.settings.load_profile(
        "ansible-test" if ansible_test else "random" if os.environ.get("DATAGATE_TESTS_RANDOM") else "same"
    )


@pytest.fixture(autouse=True)
def own_account(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Each test has its own records of refused keys, because ports, and so emulators, are reused within minutes."""
    monkeypatch.setenv("XDG_CACHE_HOME", tempfile.mkdtemp(prefix="cache-", dir=request.config.stash[HOME]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With DATAGATE_TESTS_COMPLETE all requirements must be installed, and a skipped test is a failure."""
    report = yield
    if COMPLETE and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and none may be: {report.longrepr}"
    return report


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    shutil.rmtree(config.stash.get(HOME, ""), ignore_errors=True)
