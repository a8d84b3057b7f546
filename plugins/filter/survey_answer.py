# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: survey_answer
short_description: Part of the playbooks of the collection
version_added: 2.0.0
description:
  - Takes text or a list from a variable, which may be the answer to a question of a survey in AWX. It is not meant for playbooks of
    yours, and may change in any version.
  - AWX hands answers on as text, of which ansible-core 2.19 and newer make numbers and truth values by their looks (C(1.10) becomes
    1.1, C(0123) becomes 83). Such a value is refused where text is meant.
  - Double quotes around a text are taken off, so that C("1.10") is a way to write it.
author:
  - datagate contributors (@datagate)
positional: _input, variable, kind
options:
  _input:
    description: The value of the variable, or nothing.
    type: raw
  variable:
    description: Its name, for the message.
    type: str
    required: true
  kind:
    description: What is meant. A list may be text with commas or line breaks.
    type: str
    choices: [text, list]
    default: text
"""

EXAMPLES = r"""
---
- name: Show the requested tags
  ansible.builtin.debug:
    msg: "{{ my_tags | default(none) | datagate.huaweicloud.survey_answer('my_tags', 'list') }}"
"""

RETURN = r"""
_value:
  description: Text, empty without a value, or a list of texts.
  type: raw
"""

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader

from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import DatagateError
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.role.extra_vars import whole_names
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.role.variables import text_or_list


def survey_answer(given: Any, variable: str, kind: str = "text") -> Any:
    """The value of a variable, as text or as a list."""
    try:
        return text_or_list(variable, given, kind == "list", whole_names(DataLoader()))
    except DatagateError as error:
        raise AnsibleFilterError(str(error)) from None


class FilterModule:
    """Entry point for Ansible."""

    def filters(self) -> dict[str, Any]:
        """The filters by name."""
        return {"survey_answer": survey_answer}
