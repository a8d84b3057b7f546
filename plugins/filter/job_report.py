# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: job_report
short_description: A list of jobs for the screen, or as JSON, Markdown or HTML
version_added: 0.2.0
description:
  - Turns the list of jobs that M(datagate.huaweicloud.dataarts_job_info) returns into a report. Jobs in failing states
    come first.
author:
  - datagate contributors (@datagate)
positional: form, about
options:
  _input:
    description: What M(datagate.huaweicloud.dataarts_job_info) has returned.
    type: dict
    required: true
  form:
    description:
      - V(text) is a list of lines for the screen, 100 columns wide where the names allow it. The lines count the jobs
        by state, and then show each job.
      - V(json) is the result itself, in a fixed order, with O(about) as the key C(about).
      - V(md) is a summary in Markdown, for a ticket.
      - V(html) is a single page. It has no scripts, and loads nothing.
    type: str
    required: true
    choices:
      - text
      - json
      - md
      - html
  about:
    description: Additional data for the report. V(text) does not show it.
    type: dict
    suboptions:
      title:
        description: Title of the report.
        type: str
        default: Jobs
      finished_at:
        description: When the list was read, in UTC and as ISO 8601, such as V(2026-11-23T03:12:45Z).
        type: str
      facts:
        description:
          - Label and text of each fact at the top of the report, such as the region, in this order. Empty ones are left
            out.
        type: dict
notes:
  - Text from the cloud is escaped for each form, and Ansible does not evaluate it as a template.
seealso:
  - plugin: datagate.huaweicloud.gate_report
    plugin_type: filter
  - module: datagate.huaweicloud.dataarts_job_info
"""

EXAMPLES = r"""
---
- name: Read the job list
  datagate.huaweicloud.dataarts_job_info:
  register: jobs

- name: Show the jobs by state
  ansible.builtin.debug:
    msg: "{{ jobs | datagate.huaweicloud.job_report('text') }}"

- name: Keep them as a page
  ansible.builtin.copy:
    content: "{{ jobs | datagate.huaweicloud.job_report('html', {'title': 'Jobs before the deployment'}) }}"
    dest: "{{ playbook_dir }}/jobs.html"
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The text of the file, or the lines of V(text) as a list.
  type: raw
"""

from typing import Any


def job_report(result: Any, form: Any, about: Any = None) -> Any:
    """The report of a list of jobs; see DOCUMENTATION."""
    # Imported here, because Ansible loads all filters of a collection to find one of them.
    from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report import filter_input
    from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report.jobs.formats import FORMS

    return filter_input.render("job_report", FORMS, result, form, about, "Jobs")


class FilterModule:
    """Entry point for Ansible."""

    def filters(self) -> dict[str, Any]:
        """The filters by name."""
        return {"job_report": job_report}
