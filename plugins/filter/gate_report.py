# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: gate_report
short_description: The report of a gate as JSON, JUnit XML, Markdown or HTML
version_added: 0.2.0
description:
  - Turns the result of a gate into the text of a file that people or other tools read.
  - The result of an invalid option and that of a disabled gate are reported as well.
author:
  - datagate contributors (@datagate)
positional: form, about
options:
  _input:
    description:
      - What M(datagate.huaweicloud.dataarts_job_status) or M(datagate.huaweicloud.dli_job_progress) has returned, or
        the fact C(job_gate_result) of the role P(datagate.huaweicloud.job_gate#role).
    type: dict
    required: true
  form:
    description:
      - V(json) is the result itself, in a fixed order. O(about) is added as the key C(about), and what Ansible adds to a
        registered result (C(invocation), C(changed)) is left out.
      - V(xml) is a JUnit report with one test case for each job, for GitLab and Jenkins. If the gate has not passed, a
        failing job is a failure, and a job that could not be read is an error. A job in a transitional state is a failure
        if the verdict is V(TIMEOUT), and is skipped otherwise. Tolerated failures and ignored jobs that do not exist are
        skipped. A reason that concerns no single job is a test case called C(the gate). The time of a test case is the
        time until its job reached its last state.
      - V(md) is a summary in Markdown, for a ticket or a merge request. Names and messages in it are never links,
        mentions or markup.
      - V(html) is a single page with a timeline for each job and node. It has no scripts, and loads nothing.
    type: str
    required: true
    choices:
      - json
      - xml
      - md
      - html
  about:
    description: Additional data for the report.
    type: dict
    suboptions:
      title:
        description: Title of the report.
        type: str
        default: Gate
      finished_at:
        description: When the gate ended, in UTC and as ISO 8601, such as V(2026-11-23T03:12:45Z).
        type: str
      facts:
        description:
          - Label and text of each fact at the top of the report, such as the region, in this order. Empty ones are left
            out.
        type: dict
notes:
  - Text from the cloud is escaped for each form, and Ansible does not evaluate it as a template.
seealso:
  - plugin: datagate.huaweicloud.job_report
    plugin_type: filter
  - module: datagate.huaweicloud.dataarts_job_status
  - module: datagate.huaweicloud.dli_job_progress
"""

EXAMPLES = r"""
---
- name: Wait until the jobs run
  datagate.huaweicloud.dataarts_job_status:
    job_names: job_orders_stream
    wait: true
  register: gate
  ignore_errors: true

- name: Keep the report of it in four forms
  ansible.builtin.copy:
    content: "{{ gate | datagate.huaweicloud.gate_report(item, about) }}"
    dest: "{{ playbook_dir }}/gate.{{ item }}"
    mode: "0644"
  loop: [json, xml, md, html]
  vars:
    about:
      title: Gate after the deployment
      finished_at: "{{ now(utc=true, fmt='%Y-%m-%dT%H:%M:%SZ') }}"
      facts:
        Region: cn-north-4
        Change: "{{ change_number | default('') }}"
"""

RETURN = r"""
_value:
  description: The text of the file.
  type: str
"""

from typing import Any


def gate_report(result: Any, form: Any, about: Any = None) -> Any:
    """The report of a gate; see DOCUMENTATION."""
    # Imported here, because Ansible loads all filters of a collection to find one of them.
    from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report import filter_input
    from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report.gate.formats import FORMS

    return filter_input.render("gate_report", FORMS, result, form, about, "Gate")


class FilterModule:
    """Entry point for Ansible."""

    def filters(self) -> dict[str, Any]:
        """The filters by name."""
        return {"gate_report": gate_report}
