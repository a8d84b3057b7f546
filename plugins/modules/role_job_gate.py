# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: role_job_gate
short_description: Internal part of the role job_gate
version_added: 2.0.0
description:
  - Runs the gate of the role P(datagate.huaweicloud.job_gate#role). Do not use it in playbooks; it may change in any version.
    Use the role, M(datagate.huaweicloud.dataarts_job_status) or M(datagate.huaweicloud.dli_job_progress) instead.
author:
  - datagate contributors (@datagate)
extends_documentation_fragment:
  - datagate.huaweicloud.attributes
options:
  step:
    description: The step to run.
    type: str
    required: true
    choices:
      - ask
      - keep
      - stop
  entry:
    description: The entry point of the role.
    type: str
  msg:
    description: The failure message.
    type: str
"""

EXAMPLES = r"""
---
- name: Wait until the jobs run
  ansible.builtin.include_role:
    name: datagate.huaweicloud.job_gate
  vars:
    job_gate_job_names: [job_orders_stream]
"""

RETURN = r"""
verdict:
  description: The verdict of the gate.
  type: str
  returned: for the steps V(ask) and V(keep)
  sample: PASS
"""

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    module = AnsibleModule(
        {
            "step": {"type": "str", "required": True, "choices": ["ask", "keep", "stop"]},
            "entry": {"type": "str"},
            "msg": {"type": "str"},
        },
        supports_check_mode=True,
    )
    module.fail_json(msg="This is a part of the role datagate.huaweicloud.job_gate; include the role.")


if __name__ == "__main__":
    main()
