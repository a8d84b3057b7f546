# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Argument specifications of option groups that no gate has for itself. plugins/doc_fragments documents them.

Those of the gates are in ``_gate/option_groups``, and those of credentials in ``_cloud/credentials/credential_sets.py``.
"""

from __future__ import annotations

from typing import Any, Dict

from ._cloud.credentials.chain import AUTH_TYPES
from ._cloud.credentials.credential_sets import OPTIONS as CREDENTIALS
from ._cloud.endpoints import HOST_PREFIX
from ._orders.goals import GOALS
from ._orders.options import MISSING_CHOICES as ORDER_MISSING_CHOICES

Spec = Dict[str, Any]
ENDPOINTS = tuple(HOST_PREFIX)

# Options with an environment variable have no default here, because a default would override the variable.
CONNECTION: Spec = {
    "auth_type": {"type": "str", "choices": list(AUTH_TYPES), "default": "auto"},
    **CREDENTIALS,
    "region": {"type": "str"},
    "cloud": {"type": "str"},
    "project_id": {"type": "str"},
    "project_name": {"type": "str"},
    "endpoints": {
        "type": "dict",
        "options": {name: {"type": "str"} for name in ENDPOINTS},
    },
    "validate_certs": {"type": "bool"},
    "ca_path": {"type": "path"},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path", "no_log": False},
    # The URL may contain a password, and Ansible shows invalid options before the module can mask it.
    "proxy": {"type": "str", "no_log": True},
    "request_timeout": {"type": "float", "default": 30},
    "retries": {"type": "int"},
    "requests_per_second": {"type": "float", "default": 20},
}
WORKSPACE: Spec = {
    "workspace": {"type": "str"},
    "workspace_name": {"type": "str"},
    "dataarts_instance": {"type": "str"},
}

CONNECTION_INFO: Spec = {
    "job_name": {"type": "str"},
    "dli_job_id": {"type": "str"},
    "record": {"type": "path"},
}
# dataarts_job: the orders, and the options of the gate that waits for their effect.
ORDERS: Spec = {
    "names": {"type": "list", "elements": "str", "aliases": ["name", "job_names"]},
    "state": {"type": "str", "required": True, "choices": list(GOALS)},
    "before": {"type": "list", "elements": "dict"},
    "job_params": {"type": "dict"},
    "use_execution_user": {"type": "bool"},
    "missing": {"type": "str", "choices": list(ORDER_MISSING_CHOICES), "default": "fail"},
    "wait": {"type": "bool", "default": True},
    "wait_interval": {"type": "float", "default": 10},
    "wait_timeout": {"type": "float", "default": 600},
    "stable_for": {"type": "float", "default": 0},
    "check_nodes": {"type": "bool", "default": True},
    "exception_grace": {"type": "float", "default": 0},
}
LIST: Spec = {
    "job_type": {"type": "str", "choices": ["REAL_TIME", "BATCH"]},
    "name": {"type": "str"},
    "name_contains": {"type": "str"},
    "tags": {"type": "list", "elements": "str"},
    "statuses": {"type": "list", "elements": "str"},
    "max_results": {"type": "int", "default": 0},
    "page_size": {"type": "int", "default": 100},
}
