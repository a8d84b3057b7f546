# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter gate_summary."""

from __future__ import annotations

DOCUMENTATION = r"""
name: gate_summary
short_description: A gate's result in short, for an artifact
version_added: 0.2.0
author:
  - datagate contributors (@datagate)
description:
  - Makes a short dictionary of the result of a gate, to be kept as an artifact with M(ansible.builtin.set_stats).
  - The role P(datagate.huaweicloud.job_gate#role) does this by itself.
  - >-
    AWX hands artifacts to the following jobs of a workflow as extra variables, which Ansible evaluates as templates. So
    braces in names and messages become parentheses here, and no text begins with a number sign.
positional: _input
options:
  _input:
    type: dict
    required: true
    description:
      - The result of M(datagate.huaweicloud.dataarts_job_status) or M(datagate.huaweicloud.dli_job_progress), or the
        fact C(job_gate_result).
seealso:
  - plugin: datagate.huaweicloud.gate_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Ask about the jobs
  datagate.huaweicloud.dataarts_job_status:
    job_names: [job_orders_stream]
  register: answer

- name: Hand the verdict to the next job of the workflow
  ansible.builtin.set_stats:
    data:
      orders_gate: "{{ answer | datagate.huaweicloud.gate_summary }}"
    aggregate: false
"""

RETURN = r"""
_value:
  description:
    - What the gate found, in short.
  type: dict
  contains:
    verdict:
      description: The gate's verdict.
      type: str
      sample: FAIL
    failed:
      description: Whether the gate has failed.
      type: bool
      sample: true
    msg:
      description: The sentence that was shown.
      type: str
      sample: "FAIL after 12 s: job_sms: node DLI_SMS_GES is EXCEPTION."
    codes:
      description: The codes of the reasons, each once.
      type: list
      elements: str
      sample: [node_exception]
    named_jobs:
      description: The first ten jobs that the reasons name.
      type: list
      elements: str
      sample: [job_sms]
    by_status:
      description: How many jobs are in each state.
      type: dict
      sample: {"NORMAL": 2}
    elapsed:
      description: Seconds that the gate took.
      type: float
      sample: 12.1
    polls:
      description: How many observations there were.
      type: int
      sample: 2
    requests:
      description: How many HTTP requests were sent.
      type: int
      sample: 5
    override_reason:
      description: Why the gate was switched off; null where it was not.
      type: str
      sample: null
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.summary import summary


def gate_summary(result: Any) -> dict[str, Any]:
    """The short form of a gate's result."""
    if not isinstance(result, Mapping) or "verdict" not in result:
        raise AnsibleFilterError("gate_summary: the input must be the result of a gate, a dictionary with a verdict")
    return summary(result)


class FilterModule:
    """Entry point for Ansible."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"gate_summary": gate_summary}
