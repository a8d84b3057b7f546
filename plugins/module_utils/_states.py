# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The states of jobs, nodes and runs, by service.

A state that a service introduces is added here; ``make options`` adds it to the documentation of the options.
"""

from __future__ import annotations

STOPPED = "STOPPED"
# Real-time jobs and their nodes, from the vendor's pages and from newer regions.
REAL_TIME_STATES = (
    "STARTING",
    "NORMAL",
    "EXCEPTION",
    "STOPPING",
    STOPPED,
    "PAUSE",
    "ABNORMAL",
    "DISABLE",
    "OVERLOAD",
    "INIT",
)
FAILING_STATES = ("EXCEPTION", "ABNORMAL")
BATCH_ONLY = ("SCHEDULING", "PAUSED")  # states that real-time jobs do not have
# Of a real-time or batch job: it runs or is about to; it has been stopped.
RUNNING_STATES = ("NORMAL", "STARTING", "OVERLOAD", "SCHEDULING")
RESTING_STATES = (STOPPED, "PAUSED", "PAUSE")
SUCCESS = "success"
# Runs of batch jobs and of nodes with a trigger. The last two also come as flags beside success.
INSTANCE_STATES = (
    "waiting",
    "running",
    SUCCESS,
    "fail",
    "running-exception",
    "pause",
    "manual-stop",
    "freeze",
    "skip",
    "skip-by-depend",
    "waiting-confirm",
    "forceSuccess",
    "ignoreSuccess",
)
# A success that an operator or a policy has declared; runs that were left out because of a dependency or condition.
FORCED_STATES = ("forceSuccess", "ignoreSuccess")
SKIPPED_STATES = ("skip", "skip-by-depend")
FAILED_RUN_STATES = ("fail", "running-exception", "manual-stop")
# These continue only when a person acts.
HELD_RUN_STATES = ("pause", "freeze", "waiting-confirm")
NO_RUN = "no-run"  # our own: no run counts yet
DLI_STATES = ("LAUNCHING", "RUNNING", "SCALING", "FINISHED", "FAILED", "CANCELLED")
# DLI's Flink jobs and Spark batches, in the lower case of the documents. job_idle has no described meaning.
FLINK_STATES = (
    "job_init",
    "job_submitting",
    "job_submit_fail",
    "job_running",
    "job_running_exception",
    "job_downloading",
    "job_canceling",
    "job_cancel_success",
    "job_cancel_fail",
    "job_savepointing",
    "job_arrearage_stopped",
    "job_arrearage_recovering",
    "job_finish",
)
FLINK_FAILING_STATES = ("job_submit_fail", "job_running_exception", "job_arrearage_stopped")
SPARK_STATES = ("starting", "running", "recovering", "success", "dead")
