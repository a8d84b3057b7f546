# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs ansible-playbook and ansible-inventory in processes that have loaded Ansible already.

Loading Ansible takes most of the time of a short run. A server loads it once and forks for each run. A run has its own process,
environment, working directory and output, as if it had been started by itself.

Ansible reads its settings when it is loaded, so there is one server for each set of settings.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
COLLECTION = "datagate.huaweicloud"
SETTINGS = ("ANSIBLE_", "PYTHON", "HOME", "PATH", "LC_ALL", "COLUMNS", "TMPDIR")
"""Prefixes of the environment variables that Python and Ansible read when they are loaded."""
MAX_SERVERS = 3
"""Servers that are kept by one process of the tests."""


class _Server:
    """A process that has loaded Ansible."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__).resolve()), str(theirs.fileno())],
                # An ansible.cfg of the working directory would count, and the tests' home has none.
                cwd=environment["HOME"],
                env=dict(environment),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )

    def run(self, request: Mapping[str, Any], timeout: float) -> int:
        """The exit code of one run.

        :raises TimeoutError: if it has not ended within the timeout; the server is of no use any more.
        """
        self._socket.settimeout(timeout)
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        answer = self._socket.recv(16)
        assert answer, "the server of preloaded.py has ended"
        return int(answer)

    def close(self) -> None:
        """End the server, and a running command."""
        self._socket.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(30)


_servers: dict[tuple[tuple[str, str], ...], _Server] = {}


@atexit.register
def _close_all() -> None:
    while _servers:
        _servers.popitem()[1].close()


def run(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a command as `subprocess.run` does. Its first word is ansible-playbook or ansible-inventory."""
    key = tuple(sorted(item for item in env.items() if item[0].startswith(SETTINGS)))
    while key not in _servers and len(_servers) >= MAX_SERVERS:
        _servers.pop(next(iter(_servers))).close()
    # The server that was used last is the last to be closed.
    server = _servers.pop(key, None) or _Server(env)
    with tempfile.TemporaryDirectory(prefix="datagate-output-") as name:
        streams = [str(Path(name, stream)) for stream in ("stdout", "stderr")]
        try:
            code = server.run({"command": [*command], "cwd": str(cwd), "env": dict(env), "streams": streams}, timeout)
        except BaseException as err:
            server.close()
            if isinstance(err, TimeoutError):
                raise subprocess.TimeoutExpired(list(command), timeout) from err
            raise
        _servers[key] = server
        output, errors = (Path(stream).read_text("utf-8") for stream in streams)
    return subprocess.CompletedProcess(list(command), code, output, errors)


# -- in the server ----------------------------------------------------------------------------------------------------


def _main(command: Sequence[str]) -> int:
    """Run a command of Ansible in this process."""
    from ansible import constants
    from ansible.cli import inventory, playbook
    from ansible.utils import vars as ansible_vars

    sys.argv = [*command]
    # What Ansible chooses anew whenever it is loaded: the folder for the files of a run, and the unique part of the IDs of plays.
    ansible_vars.random_int = f"{secrets.randbits(32):08x}"
    common = Path(constants.DEFAULT_LOCAL_TMP)
    constants.DEFAULT_LOCAL_TMP = tempfile.mkdtemp(prefix=f"ansible-local-{os.getpid()}", dir=common.parent)
    # Packing a module with all that it imports takes longer than running it, so the runs share the packed modules.
    (common / "ansiballz_cache").mkdir(exist_ok=True)
    Path(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache").symlink_to(common / "ansiballz_cache")
    try:
        (playbook if command[0].endswith("ansible-playbook") else inventory).main(sys.argv)
    except SystemExit as err:
        if err.code is None or isinstance(err.code, int):
            return err.code or 0
        print(err.code, file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(constants.DEFAULT_LOCAL_TMP, ignore_errors=True)
    return 0


def _become(request: Mapping[str, Any]) -> None:
    """Make this process that of one run."""
    for number, name in enumerate(request["streams"], 1):
        with open(name, "wb") as stream:
            os.dup2(stream.fileno(), number)
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    os.chdir(request["cwd"])


def _load() -> None:
    """Load what nearly every run needs."""
    import ansible.cli.inventory
    import ansible.cli.playbook  # noqa: F401
    from ansible import constants
    from ansible.plugins import loader

    # Ansible warns that its finder of collections is there already.
    warnings.filterwarnings("ignore", message="AnsibleCollectionFinder has already been configured")
    loader.init_plugin_loader()
    for name in constants.INVENTORY_ENABLED:
        loader.inventory_loader.get(name, class_only=True)
    loader.callback_loader.get("default", class_only=True)
    loader.connection_loader.get("local", class_only=True)
    loader.shell_loader.get("sh", class_only=True)
    loader.strategy_loader.get("linear", class_only=True)
    for name in ("assert", "copy", "debug", "fail", "include_role", "set_fact", "validate_argument_spec"):
        loader.action_loader.get(name, class_only=True)
    loader.filter_loader.get(f"{COLLECTION}.gate_answer")
    loader.filter_loader.get("default")
    loader.test_loader.get("failed")
    # Ansible compiles the files of collections each time that it loads them.
    for path in (ROOT / "plugins").glob("*/**/[a-z_]*.py"):
        folder, *names = path.relative_to(ROOT / "plugins").with_suffix("").parts
        if folder != "inventory" and names[-1] != "__init__":
            importlib.import_module(f"ansible_collections.{COLLECTION}.plugins.{'.'.join([folder, *names])}")


def serve(connection: socket.socket) -> None:
    """Load Ansible, and fork for each request until the other side closes the connection."""
    _load()
    with connection, connection.makefile("rb") as lines:
        for line in lines:
            pid = os.fork()
            if not pid:
                os.close(connection.detach())
                code = 1
                try:
                    request = json.loads(line)
                    _become(request)
                    code = _main(request["command"])
                finally:
                    if sys.exception():
                        traceback.print_exc()
                    sys.stdout.flush()
                    sys.stderr.flush()
                    # Without the exit handlers, which are the server's.
                    os._exit(code)
            dummy, status = os.waitpid(pid, 0)
            connection.sendall(b"%d" % os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    # The folder of this file, which is on the path of no command of Ansible.
    del sys.path[0]
    serve(socket.socket(fileno=int(sys.argv[1])))
