# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The progress lines of a waiting gate: state changes, counts by state, and the jobs that are not ready."""

from __future__ import annotations

from typing import Any

from ansible_collections.datagate.huaweicloud.plugins.module_utils._text import printable

MAX_NAMED = 3  # jobs that a line names
MAX_STATES = 5  # states that a line counts
MAX_CHANGES = 10  # changes with their own line at one time
MAX_CAUSE = 300  # characters of what keeps a single job; never cut in practice
MINUTE = 60.0
BAR_WIDTH = 20


def clock(seconds: float) -> str:
    """``0:07``, ``12:34``, ``1:02:03``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def gauge(fraction: float) -> str:
    """A bar of fixed length with its percentage."""
    full = int(fraction * BAR_WIDTH)
    return f"[{'#' * full}{'.' * (BAR_WIDTH - full)}] {fraction * 100:3.0f} %"


class Progress:
    """Turns the progress of a gate into lines, without repeating a line.

    :param host: prefix of each line, or empty.
    :param deadline: time limit of the gate in seconds, 0 for one observation.
    """

    def __init__(self, host: str = "", deadline: float = 0.0) -> None:
        self._host = f"{printable(host, 30)}: " if host else ""
        self._deadline = f" of {clock(deadline)}:" if deadline else ""
        self._seen = 0
        self._said = ""
        self._shown = ""
        self._last: float | None = None
        self._heard = 0.0

    def lines(self, result: dict[str, Any], next_due: float) -> list[str]:
        """The lines to print while the gate continues.

        :param result: a slice's result, or a part of it.
        :param next_due: seconds until the next call: there is a line at least once a minute.
        """
        elapsed = self._heard = float(result.get("elapsed") or 0.0)
        lines = self.changes(result)
        text, key = self._status(result)
        due = self._last is None or elapsed - self._last + next_due > MINUTE
        if due or lines or key != self._said:
            lines.append(self._line(elapsed, text))
            self._said, self._shown = key, text
        if lines:
            self._last = elapsed
        return lines

    def changes(self, result: dict[str, Any]) -> list[str]:
        """The state changes that were not printed yet."""
        history = result.get("history") or []
        total = len(history) + int(result.get("history_dropped") or 0)
        new = history[len(history) - min(len(history), total - self._seen) :]
        self._seen = total
        found = [entry for entry in new if entry.get("previous") is not None]
        lines = [self._line(entry["at"], self._change(entry)) for entry in found[:MAX_CHANGES]]
        if len(found) > MAX_CHANGES:
            lines.append(self._line(max(self._heard, found[-1]["at"]), f"+ {len(found) - MAX_CHANGES} more changes"))
        return lines

    def due_in(self, elapsed: float) -> float:
        """Seconds from *elapsed* until the last line is a minute old."""
        return max(0.0, (self._last or 0.0) + MINUTE - elapsed)

    def silence(self, elapsed: float) -> str:
        """The lines to print after a minute without a line, because a request has no response yet.

        :param elapsed: seconds since the gate began.
        """
        self._last = elapsed
        known = f"at {clock(self._heard)}: {self._shown}" if self._shown else "nothing read yet"
        return self._line(elapsed, f"still waiting for the service to answer; {known}")

    def _line(self, at: float, text: str) -> str:
        return f"{self._host}{clock(at)}{self._deadline} {text}"

    @staticmethod
    def _change(entry: dict[str, Any]) -> str:
        node = f" node {printable(entry['node'], 40)}" if entry.get("node") is not None else ""
        status = "gone" if entry.get("status") is None else printable(entry["status"], 20)
        return f"{printable(entry['job'], 40)}{node}: {printable(entry['previous'], 20)} -> {status}"

    def _status(self, result: dict[str, Any]) -> tuple[str, str]:
        """The line about all jobs, and the part of it that counts as a change."""
        text = self._counts(result.get("by_status") or {})
        jobs = result.get("jobs") or []
        if len(jobs) == 1 and "progress" in jobs[0]:
            text = f"{text} {self._work(jobs[0])}".rstrip()
            return text, text
        reasons = result.get("reasons") or []
        waiting = list(dict.fromkeys(item["job"] for item in reasons if item.get("job")))
        if waiting:
            text += f"; waiting for {', '.join(printable(name, 30) for name in waiting[:MAX_NAMED])}"
            if len(waiting) > MAX_NAMED:
                text += f", + {len(waiting) - MAX_NAMED} more"
            elif len(waiting) == 1:
                text += self._cause(next(item for item in reasons if item.get("job")))
            return text, text
        key = text
        for item in reasons:
            message = printable(item.get("message") or "", MAX_CAUSE)
            if item.get("code") == "not_stable":
                # The elapsed seconds do not count as a change.
                text += f"; {message.removeprefix('all ') or 'all ready'}"
                key += "; stable"
            elif message:
                text, key = f"{text}; {message}", f"{key}; {message}"
        return text, key

    @staticmethod
    def _counts(states: dict[str, int]) -> str:
        ordered = sorted(states.items(), key=lambda item: (-item[1], item[0]))
        shown = [f"{count} {printable(state, 20)}" for state, count in ordered[:MAX_STATES]]
        if len(ordered) > MAX_STATES:
            shown.append(f"{sum(count for dummy, count in ordered[MAX_STATES:])} in other states")
        return ", ".join(shown) or "nothing read yet"

    @staticmethod
    def _cause(reason: dict[str, Any]) -> str:
        """The reason why a single job is not ready, if its state does not show it."""
        name, message = str(reason["job"]), str(reason.get("message") or "")
        if reason.get("code") == "still_pending" or not message.startswith(name):
            return ""
        return f" ({printable(message[len(name) :].lstrip(': '), MAX_CAUSE)})"

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
