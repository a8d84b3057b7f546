# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The result of a task that orders jobs, and its sentence."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from .._errors import DatagateError, RequestError
from .._gate.verdicts import ERROR, PENDING, code_of, make_reason
from .goals import describe, steps
from .options import OrderOptions
from .ordered_job import as_before
from .ordered_run import OrderedRun
from .orders import Orders

Result = Dict[str, Any]


class Report:
    """Makes results.

    :param check_mode: whether nothing is ordered.
    :ivar before: the jobs before any order, by name.
    :ivar orders: the orders of the task, None before any.
    """

    def __init__(self, options: OrderOptions, check_mode: bool) -> None:
        self.before: Dict[str, Dict[str, Any]] = {}
        self.orders: Optional[Orders] = None
        self._options, self._check_mode = options, check_mode

    def acted(self) -> List[Tuple[str, str]]:
        """The orders that may have had an effect, each with the name of its job."""
        return [] if self.orders is None else self.orders.acted()

    def of_check_mode(self) -> Result:
        """What would be ordered."""
        planned = self._planned()
        text = f"would order: {describe(planned)}" if planned else "nothing would be ordered"
        return {
            "changed": bool(planned),
            "verdict": PENDING,
            "reasons": [],
            "notes": [],
            "jobs": self._unwaited(),
            "msg": f"Check mode: {text}.",
        }

    def without_waiting(self) -> Result:
        """All orders were taken, and their effect is not waited for."""
        return {"jobs": self._unwaited(), "msg": "The effect was not waited for."}

    def of_error(self, error: DatagateError) -> Result:
        """The task has ended with an error after orders were sent."""
        request_error = error if isinstance(error, RequestError) else None
        code = "denied" if request_error is None else code_of(request_error)
        return {
            "failed": True,
            "jobs": self._unwaited(),
            "verdict": ERROR,
            "reasons": [make_reason(code, None, str(error), error=request_error)],
            "msg": str(error),
            **error.extras(),
        }

    def complete(self, result: Result) -> Result:
        """A result with the keys that all results of the module have."""
        acted = self.acted()
        orders = self._planned() if self._check_mode else acted
        for job in result.get("jobs", []):
            job["job_type"] = (self.before.get(job.get("name")) or {}).get("job_type")
            job["orders"] = [order for order, name in orders if name == job.get("name")]
        result.setdefault("changed", bool(acted))
        result["before"] = [as_before(job) for job in self.before.values()]
        result["instances"] = self._instances()
        result["left_alone"] = [{"name": name, "status": state} for name, state in self._options.left_alone.items()]
        result["diff"] = self._diff(orders)
        result["msg"] = self._sentence(result, acted)
        return result

    def _planned(self) -> List[Tuple[str, str]]:
        goal = self._options.goal
        return [(order, name) for name, job in self.before.items() for order in steps(goal, job["status"])]

    def _unwaited(self) -> List[Dict[str, Any]]:
        return [as_before(job) for job in self.before.values()]

    def _instances(self) -> List[Dict[str, Any]]:
        runs = [] if self.orders is None else self.orders.jobs.values()
        return [
            {"name": run.name, "instance_id": run.instance_id}
            for run in runs
            if isinstance(run, OrderedRun) and run.instance_id is not None
        ]

    def _sentence(self, result: Result, acted: List[Tuple[str, str]]) -> str:
        parts = [str(result["msg"])]
        if not self._check_mode:
            parts.append(f"Ordered: {describe(acted)}." if acted else "Nothing was ordered.")
        not_sent = [] if self.orders is None else self.orders.not_sent()
        if not_sent:
            parts.append(f"Not ordered any more: {describe(not_sent)}.")
        if self._options.left_alone:
            others = [f"{name} ({state or 'without a state'})" for name, state in self._options.left_alone.items()]
            parts.append(f"Left alone, because they did not run before: {', '.join(others)}.")
        return " ".join(parts)

    def _diff(self, orders: List[Tuple[str, str]]) -> Dict[str, Dict[str, Any]]:
        """The states before, and the orders, by job."""
        before = {name: job["status"] for name, job in self.before.items()}
        ordered: Dict[str, List[str]] = {}
        for order, name in orders:
            ordered.setdefault(name, []).append(order)
        changes = {name: f"{', '.join(found)} ordered" for name, found in ordered.items()}
        return {"before": before, "after": {**before, **changes}}
