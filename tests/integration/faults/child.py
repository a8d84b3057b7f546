# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module as a program, with its arguments on standard input, and prints its peak memory at the end.

python child.py NAME_OF_THE_MODULE [hang]      `hang`: no name server ever answers
"""

from __future__ import annotations

import resource
import runpy
import socket
import sys
import time
from pathlib import Path
from typing import Any

PEAK = "peak of memory in KiB: "


def _peak() -> int:
    """The peak memory of this program. getrusage includes that of its parent before the exec."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="utf-8").splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _no_answer(host: Any, *arguments: Any, **more: Any) -> Any:
    """IP addresses need no name server; Ansible resolves one when it starts."""
    if host == "localhost":
        time.sleep(3600)
    return _resolve(host, *arguments, **more)


_resolve = socket.getaddrinfo


if __name__ == "__main__":
    module = f"ansible_collections.datagate.huaweicloud.plugins.modules.{sys.argv[1]}"
    if "hang" in sys.argv[2:]:
        socket.getaddrinfo = _no_answer
    sys.argv = [module]
    try:
        runpy.run_module(module, run_name="__main__")
    finally:
        print(f"{PEAK}{_peak()}", file=sys.stderr, flush=True)
