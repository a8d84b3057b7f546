# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: doctor_report
short_description: A check of the connection for the screen, or as Markdown
version_added: 2.0.0
description:
  - Turns the result of M(datagate.huaweicloud.connection_info) into a table of its checks, with what to do, and a table of
    its findings.
author:
  - datagate contributors (@datagate)
positional: form, about
options:
  _input:
    description: The result of M(datagate.huaweicloud.connection_info).
    type: dict
    required: true
  form:
    description:
      - V(text) is a list of lines for the screen, at most 74 columns wide where the words allow it. A failed check is V(FAIL) there, so that it
        is visible without colours.
      - V(json) is the result itself, in a fixed order, with O(about) as the key C(about).
      - V(md) is a page in Markdown, for a ticket or a bug report.
    type: str
    required: true
    choices:
      - text
      - json
      - md
  about:
    description: Additional data for the report. V(text) does not show it.
    type: dict
    suboptions:
      title:
        description: Title of the report.
        type: str
        default: Connection
      finished_at:
        description: When the connection was checked, in UTC and as ISO 8601, such as V(2026-11-23T03:12:45Z).
        type: str
      facts:
        description: Label and text of facts such as the region, in this order. Empty ones are left out.
        type: dict
notes:
  - All text that comes from the cloud stays text. It is escaped for each form, and Ansible does not evaluate it as a
    template.
seealso:
  - module: datagate.huaweicloud.connection_info
"""

EXAMPLES = r"""
---
- name: Check the connection
  datagate.huaweicloud.connection_info:
  register: connection

- name: Show the result
  ansible.builtin.debug:
    msg: "{{ connection | datagate.huaweicloud.doctor_report('text') }}"
"""

RETURN = r"""
_value:
  description: The text of the file, or the lines of V(text) as a list.
  type: raw
"""

from typing import Any


def doctor_report(result: Any, form: Any, about: Any = None) -> Any:
    """The report of a check of the connection; see DOCUMENTATION."""
    # Imported here, because Ansible loads all filters of a collection to find one of them.
    from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report import filter_input
    from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report.doctor.formats import FORMS

    return filter_input.render("doctor_report", FORMS, result, form, about, "Connection")


class FilterModule:
    """Entry point for Ansible."""

    def filters(self) -> dict[str, Any]:
        """The filters by name."""
        return {"doctor_report": doctor_report}
