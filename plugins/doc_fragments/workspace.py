# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options for the DataArts workspace."""

from __future__ import annotations


class ModuleDocFragment:
    """The options for the DataArts workspace."""

    DOCUMENTATION = r"""
options:
  workspace:
    description:
      - ID (not name) of the DataArts Studio workspace that contains the jobs.
      - If not set, E(HW_DATAARTS_WORKSPACE_ID) is used. If neither is set, the service uses the default workspace, and
        returns an error if there is none.
      - The dashes of an ID in the form of a UUID are removed.
    type: str
  workspace_name:
    description:
      - Name of the workspace, instead of O(workspace). Its ID is looked up once, which takes two or three requests to DataArts
        Studio and requires the permission C(DataArtsStudio:workspace:list). E(HW_DATAARTS_WORKSPACE_ID) is then ignored.
      - The name is compared exactly. It is an error if no workspace or more than one has it.
    type: str
    version_added: 2.0.0
  dataarts_instance:
    description:
      - Name or ID of the DataArts instance that contains O(workspace_name). Needed only if workspaces of several instances
        have this name.
    type: str
    version_added: 2.0.0
"""
