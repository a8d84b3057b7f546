# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a command and writes the resources of its process tree: ``usage.py RESULT OUTPUT COMMAND...``.

It is a small process between the benchmark and the command, because the system counts the memory of the parent of a process as
that process's own peak.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> int:
    """Run the command; the result is JSON with seconds (wall, cpu), mebibytes (memory) and the exit code."""
    result, output, *command = sys.argv[1:]
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, output, flags, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    started = time.time()
    begun = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    dummy, status, used = os.wait4(pid, 0)
    found = {
        "started": started,
        "wall": time.perf_counter() - begun,
        "cpu": used.ru_utime + used.ru_stime,
        "memory": used.ru_maxrss / 1024 if sys.platform != "darwin" else used.ru_maxrss / 1024**2,
        "code": os.waitstatus_to_exitcode(status),
    }
    with open(result, "w", encoding="utf-8") as out:
        json.dump(found, out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
