# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""A task that changes jobs: read them, send the needed orders, wait with a gate, and report the changes."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, List, Optional

from .._cloud.session import Session
from .._errors import DatagateError, OptionError, RequestError
from .._gate.kinds import INSTANCE_KIND, ORDERED_KIND
from .._gate.observing.loop import Loop
from .._gate.observing.outcome import OnLook
from .._gate.policy import MISSING_FAIL, MISSING_WAIT, Policy, Selection
from .._gate.result import as_dict, describe_gate, fails
from .._services.factory.instances import Instances
from .._services.factory.job_actions import JobActions
from .._services.factory.jobs import DataArts
from .._services.readings import BATCH
from .._sources.real_time_jobs import RealTimeJobs
from .._states import RESTING_STATES
from .goals import RUN, STOPPED, describe, steps
from .interruption import interruptible
from .options import OrderOptions
from .ordered_job import Ordered, OrderedJob, as_before, failing_nodes
from .ordered_run import OrderedRun
from .orders import Note, Orders
from .report import Report, Result
from .sources import OrderingSource


class Ordering:
    """Carries out one task.

    :param check_mode: read the jobs and order nothing.
    :param on_look: is called with the progress of the gate.
    :param note: is called with a line before orders are sent, and when the task is interrupted.
    """

    def __init__(
        self, options: OrderOptions, session: Session, check_mode: bool, on_look: Optional[OnLook], note: Note
    ) -> None:
        self.options = options
        self.session = session
        self._check_mode = check_mode
        self._on_look, self._note = on_look, note
        self.workspace = session.connection.workspace
        self._deadline = session.clock.now() + options.policy.timeout
        self._report = Report(options, check_mode)

    def run(self) -> Result:
        """The module's result, with ``failed`` if the task fails.

        :raises DatagateError: the task has ended before anything was ordered.
        """
        with interruptible() as interruption:
            try:
                return self._run()
            except DatagateError as error:
                if not self._report.acted():
                    raise
                return self._report.complete(self._report.of_error(error))
            except BaseException:
                interruption.is_taken = True
                acted = self._report.acted()
                self._note(f"interrupted; ordered: {describe(acted)}" if acted else "interrupted; nothing was ordered")
                raise

    def _run(self) -> Result:
        missing = self._read()
        if missing and self.options.missing == MISSING_FAIL:
            return self._report.complete(self._missing_result(missing))
        if self.options.goal == RUN:
            self._check_batch()
        if self._check_mode:
            return self._report.complete(self._report.of_check_mode())
        subjects = self._runs() if self.options.goal == RUN else self._jobs()
        self._report.orders = orders = self._make_orders(subjects)
        fails_last = orders.has_later_steps
        orders.send_due()
        if not self.options.wait:
            orders.finish()
            if orders.are_settled:
                return self._report.complete(self._report.without_waiting())
        source = OrderingSource.of(self.session, self.workspace, orders)
        return self._report.complete(
            self._gate(self._policy(fails_last), Selection(tuple(self._report.before), least=0), source)
        )

    # -- reading ----------------------------------------------------------------------------------------------------

    def _read(self) -> List[str]:
        """Read the jobs as they are before any order. Returns the names of those that do not exist.

        :raises RequestError: a job cannot be read.
        """
        service = DataArts(self.workspace)
        tasks = [service.identify(name) for name in self.options.names]
        missing = []
        for reading in self.session.complete_all(tasks, self._deadline):
            if reading.error is not None:
                raise reading.error
            if reading.job is None:
                missing.append(reading.name)
            else:
                self._report.before[reading.name] = reading.job
        return missing

    def _check_batch(self) -> None:
        """Check that all jobs can be run once.

        :raises OptionError: one is a real-time job.
        """
        name = next((name for name, job in self._report.before.items() if job["job_type"] != BATCH), None)
        if name is not None:
            problem = "is a real-time job, and only batch jobs can be run once; use state=started. Nothing was ordered"
            raise OptionError("names", f"{name} {problem}")

    def _known_runs(self) -> Dict[str, Optional[FrozenSet[int]]]:
        """The IDs of the runs that each job has had lately, so that the run of an order whose answer is lost can be found."""
        service, time = Instances(self.workspace), int(self.session.clock.wall() * 1000)
        pages = self.session.complete_all([service.around(name, time) for name in self._report.before], self._deadline)
        return {
            name: None
            if isinstance(page, RequestError) or not page.is_complete
            else frozenset(item["instance_id"] for item in page.instances if isinstance(item.get("instance_id"), int))
            for name, page in zip(self._report.before, pages)
        }

    # -- ordering ---------------------------------------------------------------------------------------------------

    def _jobs(self) -> List[Ordered]:
        return [self._ordered(name, job) for name, job in self._report.before.items()]

    def _runs(self) -> List[Ordered]:
        known = self._known_runs()
        return [OrderedRun(name, list(steps(RUN, None)), known=known[name]) for name in self._report.before]

    def _ordered(self, name: str, job: Dict[str, Any]) -> OrderedJob:
        before = as_before(job)
        return OrderedJob(
            name,
            list(steps(self.options.goal, before["status"])),
            goal=self.options.goal,
            job_type=job["job_type"],
            before=before,
            state=before["status"],
            start=before["start_time"],
            old_nodes=failing_nodes(job),
        )

    def _make_orders(self, jobs: List[Ordered]) -> Orders:
        options = self.options
        return Orders(
            self.session,
            JobActions(self.workspace),
            jobs,
            options.params,
            options.use_execution_user,
            self._note,
            self._deadline,
        )

    # -- waiting ----------------------------------------------------------------------------------------------------

    def _policy(self, fails_last: bool) -> Policy:
        """The gate that waits for the effect of the orders.

        :param fails_last: a failure of one job must not leave others stopped that are to be started again.
        """
        kind = INSTANCE_KIND if self.options.goal == RUN else ORDERED_KIND
        ready = frozenset(RESTING_STATES) if self.options.goal == STOPPED else kind.ready
        left = max(0.1, self._deadline - self.session.clock.now())
        policy = self.options.policy._replace(
            kind=kind,
            ready=ready,
            failing=kind.failing,
            # The nodes of a job that is to stop do not matter, and those of a run only explain it.
            check_nodes=self.options.policy.check_nodes and self.options.goal not in (STOPPED, RUN),
            missing=MISSING_WAIT if self.options.goal == RUN else MISSING_FAIL,
            fails_last=fails_last,
            timeout=left,
        )
        if self.options.wait:
            return policy
        # Only until each order has an effect: any state that is later than the order is sufficient.
        return policy._replace(ready=kind.known, failing=frozenset(), check_nodes=False, stable_for=0.0)

    def _gate(self, policy: Policy, selection: Selection, source: Any) -> Result:
        outcome = Loop(policy, selection, source, self.session.clock, on_look=self._on_look).run()
        result = as_dict(outcome, "all")
        result["gate"] = describe_gate(policy, selection, self.session.connection, self.session.project_id)
        if fails(policy, outcome):
            result["failed"] = True
            if outcome.error is not None:
                result.update(outcome.error.extras())
        return result

    def _missing_result(self, missing: List[str]) -> Result:
        """The verdict of the gate over the jobs that do not exist, so that it says which names are similar."""
        selection = Selection(tuple(missing))
        source = RealTimeJobs(self.session, self.workspace, selection)
        policy = self.options.policy._replace(kind=ORDERED_KIND, timeout=0.0, stable_for=0.0)
        return self._gate(policy, selection, source)
