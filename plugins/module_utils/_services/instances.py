# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""DataArts Factory V1: instances, which are runs of batch jobs and of nodes with a trigger."""

from __future__ import annotations

from typing import Any, Dict, Optional, Union

from .._cloud.calls import Task, malformed
from .._errors import RequestError
from .factory import factory_call
from .instance_answers import InstancePage, instance_page, one_instance
from .normalize import Unreadable
from .readings import STATUS, Reading, unread

MAX_LIMIT = 1000  # the largest page of the list, so that one request usually is enough
# Types of instances that an order to run a job at once may make; the documents do not agree.
IMMEDIATE_TYPES = (2, 7)
# Milliseconds around a planned time. The documents do not say which time the list compares, and clocks differ.
WINDOW = 3_600_000


class Instances:
    """Reads instances of one workspace. Its methods are tasks: a session runs them.

    :param workspace: its ID, or None for the default one.
    """

    def __init__(self, workspace: Optional[str] = None) -> None:
        self.workspace = workspace

    def one(self, job: str, instance_id: int, key: str) -> Task[Reading]:
        """Read one instance with its nodes.

        :param key: the name of the reading.
        """
        call = factory_call(self.workspace, ("jobs", job, "instances", str(instance_id)), key=key)
        (outcome,) = yield [call]
        if isinstance(outcome, RequestError):
            return unread(key, STATUS, outcome)
        try:
            found = one_instance(outcome.data, job, instance_id)
        except Unreadable as problem:
            return Reading(key, outcome.sent_at, STATUS, error=malformed(call, str(problem)))
        return Reading(key, outcome.sent_at, STATUS, job=found)

    def around(self, job: str, time: int) -> Task[Union[InstancePage, RequestError]]:
        """The instances of a job that are planned at about a time.

        :param time: in epoch milliseconds. Two hours around it stay below the shortest window that a cloud allows.
        """
        query = [
            ("jobName", job),
            ("preciseQuery", "true"),
            ("minPlanTime", str(time - WINDOW)),
            ("maxPlanTime", str(time + WINDOW)),
            ("limit", str(MAX_LIMIT)),
            ("offset", "0"),
        ]
        call = factory_call(self.workspace, ("jobs", "instances", "detail"), query, key=job)
        (outcome,) = yield [call]
        if isinstance(outcome, RequestError):
            return outcome
        try:
            return instance_page(outcome.data, job)
        except Unreadable as problem:
            return malformed(call, str(problem))

    def explain(self, found: Dict[str, Any]) -> Task[Dict[str, Any]]:
        """A failed instance with the error text of the list call, where the call for one instance gives none.

        Where it cannot be read, the instance as it was.
        """
        time = found.get("plan_time")
        if not isinstance(time, int):
            return found
        page = yield from self.around(found["job_name"], time)
        if isinstance(page, RequestError):
            return found
        texts = [item["message"] for item in page.instances if item.get("instance_id") == found["instance_id"]]
        return {**found, "message": next((text for text in texts if text), found["message"])}
