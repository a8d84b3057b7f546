# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DataArts Studio: the instances of the project, and the workspaces of an instance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .answers import Answer, Errors, answer_json
from .scenario import Scenario


class Studio:
    """Answers the lists of instances and workspaces."""

    def __init__(self, scenario: Scenario, errors: Errors) -> None:
        self._scenario = scenario
        self._errors = errors

    def instances(self, query: Mapping[str, str]) -> Answer:
        """`GET /v1/{project}/instances`."""
        if self._scenario.instances_denied:
            return self._errors.make("DAYU.1001", status=403, message="No permission.")
        records = [
            {
                "resource_id": instance.id,
                "resource_name": instance.name,
                "status": instance.status,
                "resource_type": "hws.resource.type.dayu",
                "resource_spec_code": "dayu.starter",
                "create_time": 1700000000000.0,
            }
            for instance in self._scenario.instances
        ]
        return self._page(records, query, "commodity_orders", {"billing_check": True})

    def workspaces(self, instance_id: str, query: Mapping[str, str]) -> Answer:
        """`GET /v1/{project}/workspaces/{instance}`."""
        if self._scenario.workspaces_denied:
            return self._errors.make("DAYU.1001", status=403, message="No permission.")
        found = next((instance for instance in self._scenario.instances if instance.id == instance_id), None)
        if found is None:
            return self._errors.make("DAYU.3012", status=400, message="The instance does not exist.")
        records = [
            {"id": identity, "name": name, "is_default": 0, "instance_id": instance_id, "update_time": 1700000000000.0}
            for identity, name in found.workspaces
        ]
        return self._page(records, query, "data", {"total_page": 1})

    def _page(self, records: list[dict[str, Any]], query: Mapping[str, str], key: str, more: dict[str, Any]) -> Answer:
        try:
            limit, offset = int(query.get("limit", "20")), int(query.get("offset", "0"))
        except ValueError:
            limit = 0
        if not 1 <= limit <= 100:
            return self._errors.make("DAYU.3001", status=400, message="The limit is invalid.")
        size = min(limit, self._scenario.studio_page)
        return answer_json({"count": len(records), **more, key: records[offset : offset + size]})
