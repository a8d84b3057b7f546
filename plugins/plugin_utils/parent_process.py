# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Ends a task that runs in a worker of Ansible when ansible-playbook is killed.

ansible-playbook terminates its workers when it ends, unless it is killed with SIGKILL. Since ansible-core 2.19 workers have their own
session, so that a signal to the process group of ansible-playbook does not reach them. Without this, a gate would go on until its
time limit.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ansible_collections.datagate.huaweicloud.plugins.module_utils._threads import start

CHECK_INTERVAL = 0.5  # seconds


@contextmanager
def ended_with_parent(interval: float = CHECK_INTERVAL) -> Iterator[None]:
    """While the block runs, this process receives SIGTERM once its parent process has ended."""
    parent = os.getppid()
    is_over = threading.Event()

    def check() -> None:
        while not is_over.wait(interval):
            if os.getppid() != parent:
                os.kill(os.getpid(), signal.SIGTERM)
                return

    thread = start(check, "parent-process")
    try:
        yield
    finally:
        is_over.set()
        thread.join()
