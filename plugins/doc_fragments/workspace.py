# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option for the DataArts workspace."""

from __future__ import annotations


class ModuleDocFragment:
    """The option for the DataArts workspace."""

    DOCUMENTATION = r"""
options:
  workspace:
    description:
      - ID (not name) of the DataArts Studio workspace that contains the jobs.
      - If not set, E(HW_DATAARTS_WORKSPACE_ID) is used. If neither is set, the service uses the default workspace, and
        returns an error if there is none.
    type: str
"""
