# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines that a user sees while a gate waits: what has changed, how the jobs are doing, who is still waited for."""

from __future__ import annotations

from typing import Any

from ansible_collections.datagate.huaweicloud.plugins.module_utils.cloud.errors import printable

WIDTH = 100
NAMED = 3  # jobs that a line names
MOST_CHANGES = 10  # changes of one slice that get a line of their own
MINUTE = 60.0
BAR = 20


def clock(seconds: float) -> str:
    """``0:07``, ``12:34``, ``1:02:03``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def gauge(fraction: float) -> str:
    """A bar of fixed length with its percentage."""
    full = int(fraction * BAR)
    return f"[{'#' * full}{'.' * (BAR - full)}] {fraction * 100:3.0f} %"


class Progress:
    """Turns the results of slices into lines, none of which says what one before has said.

    :param host: name to put in front, or empty.
    """

    def __init__(self, host: str = "") -> None:
        self._host = f"{printable(host, 30)}: " if host else ""
        self._seen = 0
        self._said = ""
        self._last: float | None = None
        self._heard = 0.0

    def lines(self, result: dict[str, Any], next_slice: float) -> list[str]:
        """What to show after a slice.

        :param result: the slice's result.
        :param next_slice: seconds until there will be another one: there is a line at least once a minute.
        """
        elapsed = self._heard = float(result.get("elapsed") or 0.0)
        history = result.get("history") or []
        total = len(history) + int(result.get("history_dropped") or 0)
        new = history[len(history) - min(len(history), total - self._seen) :]
        self._seen = total
        changes = [entry for entry in new if entry.get("previous") is not None]
        lines = [self._line(entry["at"], self._change(entry)) for entry in changes[:MOST_CHANGES]]
        if len(changes) > MOST_CHANGES:
            lines.append(self._line(elapsed, f"+ {len(changes) - MOST_CHANGES} more changes"))
        status = self._status(result)
        due = self._last is None or elapsed - self._last + next_slice > MINUTE
        if due or changes or status != self._said:
            lines.append(self._line(elapsed, status))
            self._said = status
        if lines:
            self._last = elapsed
        return lines

    def due_in(self, elapsed: float) -> float:
        """Seconds from *elapsed* until there has been no line for a minute."""
        return max(0.0, (self._last or 0.0) + MINUTE - elapsed)

    def silence(self, elapsed: float) -> str:
        """What to show when a slice lasts so long: it ends between two readings, and one of them is not over.

        :param elapsed: seconds since the gate began.
        """
        self._last = elapsed
        known = f"at {clock(self._heard)}: {self._said}" if self._said else "nothing read yet"
        return self._line(elapsed, f"still waiting for the service to answer; {known}")

    def _line(self, at: float, text: str) -> str:
        return printable(f"{self._host}{clock(at)} {text}", WIDTH)

    @staticmethod
    def _change(entry: dict[str, Any]) -> str:
        node = f" node {printable(entry['node'], 40)}" if entry.get("node") is not None else ""
        status = "gone" if entry.get("status") is None else printable(entry["status"], 20)
        return f"{printable(entry['job'], 40)}{node}: {printable(entry['previous'], 20)} -> {status}"

    def _status(self, result: dict[str, Any]) -> str:
        states = result.get("by_status") or {}
        ordered = sorted(states.items(), key=lambda item: (-item[1], item[0]))
        text = ", ".join(f"{count} {printable(state, 20)}" for state, count in ordered) or "nothing read yet"
        jobs = result.get("jobs") or []
        if len(jobs) == 1 and "progress" in jobs[0]:
            return f"{text} {self._work(jobs[0])}".rstrip()
        reasons = result.get("reasons") or []
        waiting = list(dict.fromkeys(item["job"] for item in reasons if item.get("job")))
        if waiting:
            text += f"; waiting for {', '.join(printable(name, 30) for name in waiting[:NAMED])}"
            if len(waiting) > NAMED:
                text += f", + {len(waiting) - NAMED} more"
            elif len(waiting) == 1:
                text += self._why(next(item for item in reasons if item.get("job")))
        elif any(item.get("code") == "not_stable" for item in reasons):
            text += "; all ready, until they have been for stable_for"
        return text

    @staticmethod
    def _why(reason: dict[str, Any]) -> str:
        """What a single job is waited for, where its state does not say so."""
        name, message = str(reason["job"]), str(reason.get("message") or "")
        if reason.get("code") == "still_pending" or not message.startswith(name):
            return ""
        return f" ({message[len(name) :].lstrip(': ')})"

    @staticmethod
    def _work(job: dict[str, Any]) -> str:
        """A DLI job's bar, which is that of the running sub-job, and its tasks."""
        fraction = job.get("progress")
        text = gauge(float(fraction)) if isinstance(fraction, (int, float)) else ""
        tasks = job.get("tasks")
        if tasks:
            text += f" {tasks.get('completed')} of {tasks.get('total')} tasks"
        sub_job = job.get("sub_job_id")
        return f"{text}, sub-job {sub_job}" if sub_job is not None else text
