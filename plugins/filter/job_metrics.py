# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: job_metrics
short_description: States, records and progress of jobs as metrics for Prometheus
version_added: 1.0.0
description:
  - Turns results of M(datagate.huaweicloud.dataarts_job_status) and M(datagate.huaweicloud.dli_job_progress) into the
    text format of Prometheus, as the textfile collector of node_exporter reads it.
  - A reading that failed is C(datagate_up 0). Jobs that could not be read, or do not exist, have no series, so the
    metrics contain only states that were read.
  - The playbook C(datagate.huaweicloud.job_watch) uses it. The guide on monitoring names all metrics.
author:
  - datagate contributors (@datagate)
positional: workspace, read_at, nodes
options:
  _input:
    description:
      - The results of one reading, by service. At least one of the keys is required.
      - With more than 100 jobs the tasks need C(return_jobs=all). A result that does not contain all jobs is an error.
      - C(dataarts) can also be the result of M(datagate.huaweicloud.dataarts_job_info), which has neither nodes nor
        verdicts.
    type: dict
    required: true
    suboptions:
      dataarts:
        description: What M(datagate.huaweicloud.dataarts_job_status) has returned, failed or not.
        type: dict
      runs:
        description: What M(datagate.huaweicloud.dataarts_instance_status) has returned, failed or not.
        type: dict
        version_added: 2.0.0
      dli:
        description: What M(datagate.huaweicloud.dli_job_progress) has returned, failed or not.
        type: dict
      dli_flink:
        description: What M(datagate.huaweicloud.dli_flink_job_status) has returned, failed or not.
        type: dict
        version_added: 2.0.0
      dli_spark:
        description: What M(datagate.huaweicloud.dli_spark_job_status) has returned, failed or not.
        type: dict
        version_added: 2.0.0
  workspace:
    description: ID of the workspace, for the label C(workspace). Empty is the default workspace, with C(default) as label.
    type: str
    required: true
  read_at:
    description: When the reading began, in seconds since 1970.
    type: float
    required: true
  nodes:
    description: Whether nodes have series of their own.
    type: bool
    default: true
notes:
  - Text from the cloud is escaped, and Ansible does not evaluate it as a template.
seealso:
  - module: datagate.huaweicloud.dataarts_job_status
  - module: datagate.huaweicloud.dataarts_instance_status
  - module: datagate.huaweicloud.dli_job_progress
"""

EXAMPLES = r"""
---
- name: Read two jobs
  datagate.huaweicloud.dataarts_job_status:
    job_names:
      - job_orders_stream
      - job_sms
    missing: ok
    return_jobs: all
  register: jobs
  failed_when: false

- name: Show their metrics
  ansible.builtin.debug:
    # now(utc=true).timestamp() would be off by the time zone.
    msg: "{{ {'dataarts': jobs} | datagate.huaweicloud.job_metrics('', now().timestamp()) }}"
"""

RETURN = r"""
_value:
  description: The text of the file.
  type: str
"""

from typing import Any


def job_metrics(results: Any, workspace: Any, read_at: Any, nodes: Any = True) -> str:
    """The metrics of a reading; see DOCUMENTATION."""
    # Imported here, because Ansible loads all filters of a collection to find one of them.
    from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.report import filter_input, metrics

    return filter_input.render_metrics(metrics.write, results, workspace, read_at, nodes)


class FilterModule:
    """Entry point for Ansible."""

    def filters(self) -> dict[str, Any]:
        """The filters by name."""
        return {"job_metrics": job_metrics}
