# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.datagate.huaweicloud.plugins.plugin_utils.gate_action import GateAction


class ActionModule(GateAction):
    """Action plugin of datagate.huaweicloud.dataarts_instance_status: runs the gate and prints progress lines."""

    MODULE = "datagate.huaweicloud.dataarts_instance_status"
