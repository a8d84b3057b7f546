# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Argument specifications, one per option group. plugins/doc_fragments documents them."""

from __future__ import annotations

from typing import Any, Dict

from ._cloud.credentials.chain import AUTH_TYPES
from ._cloud.endpoints import HOST_PREFIX
from ._gate.options import MISSING_CHOICES, RETURN_CHOICES
from ._gate.runs.options import DEFAULT_SINCE, DEFAULT_TYPES, SKIPPED_CHOICES, WHICH_CHOICES
from ._orders.goals import GOALS
from ._orders.options import MISSING_CHOICES as ORDER_MISSING_CHOICES

Spec = Dict[str, Any]
ENDPOINTS = tuple(HOST_PREFIX)

# Options with an environment variable have no default here, because a default would override the variable.
CONNECTION: Spec = {
    "auth_type": {"type": "str", "choices": list(AUTH_TYPES), "default": "auto"},
    "access_key": {"type": "str", "no_log": True},
    "secret_key": {"type": "str", "no_log": True},
    "security_token": {"type": "str", "no_log": True},
    "auth_token": {"type": "str", "no_log": True},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "domain_name": {"type": "str"},
    "credentials_file": {"type": "path"},
    "idp_id": {"type": "str"},
    "id_token": {"type": "str", "no_log": True},
    "id_token_file": {"type": "path", "no_log": False},
    "assume_role_agency": {"type": "str"},
    "assume_role_domain": {"type": "str"},
    "assume_role_domain_id": {"type": "str"},
    "assume_role_duration": {"type": "int"},
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

# Options of all gates.
GATE: Spec = {
    "wait": {"type": "bool", "default": False},
    "wait_initial_delay": {"type": "float", "default": 0},
    "wait_interval": {"type": "float", "default": 10},
    "wait_timeout": {"type": "float", "default": 600},
    "missing": {"type": "str", "choices": list(MISSING_CHOICES), "default": "fail"},
    "max_consecutive_errors": {"type": "int", "default": 5},
    "progress": {"type": "bool", "default": True},
    "slice_timeout": {"type": "float", "default": 0},
    "resume": {"type": "str"},
    "return_jobs": {"type": "str", "choices": list(RETURN_CHOICES), "default": "auto"},
}
# Additional options of gates for real-time jobs. The lists of states have no choices here, because items are trimmed and
# empty items are removed before they are checked.
REAL_TIME_GATE: Spec = {
    **GATE,
    "wait_for": {"type": "list", "elements": "str", "default": ["NORMAL"]},
    "fail_on_exception": {"type": "bool"},
    "fail_states": {"type": "list", "elements": "str", "default": ["EXCEPTION", "ABNORMAL"]},
    "check_nodes": {"type": "bool", "default": True},
    "ignore_nodes": {"type": "list", "elements": "str", "default": []},
    "max_failing": {"type": "int", "default": 0},
    "exception_grace": {"type": "float", "default": 0},
    "stable_for": {"type": "float", "default": 0},
    "started_after": {"type": "int"},
    # A boolean or a list of node names.
    "require_records": {"type": "raw", "default": False},
    "check_runs": {"type": "bool", "default": False},
    "min_runs": {"type": "int", "default": 0},
    "runs_since": {"type": "str"},
}
# Gates for runs of batch jobs. Lists have no choices here for the same reason.
BATCH_GATE: Spec = {
    **GATE,
    "fail_on_exception": {"type": "bool"},
    "max_failing": {"type": "int", "default": 0},
    "exception_grace": {"type": "float", "default": 0},
    "stable_for": {"type": "float", "default": 0},
    "since": {"type": "str", "default": DEFAULT_SINCE},
    "until": {"type": "str"},
    "instance_types": {"type": "list", "elements": "str", "default": list(DEFAULT_TYPES)},
    "instance_ids": {"type": "list", "elements": "str"},
    "which": {"type": "str", "choices": list(WHICH_CHOICES), "default": "latest"},
    "min_instances": {"type": "int", "default": 1},
    "accept_forced": {"type": "bool", "default": False},
    "skipped": {"type": "str", "choices": list(SKIPPED_CHOICES), "default": "fail"},
}
DLI_GATE: Spec = {
    **GATE,
    "stall_timeout": {"type": "float", "default": 0},
    "min_result_rows": {"type": "int"},
    "max_bad_rows": {"type": "int"},
    "cancel_on": {"type": "list", "elements": "str", "default": []},
}
SPARK_GATE: Spec = {
    **GATE,
    "wait_for": {"type": "list", "elements": "str", "default": ["success"]},
    "fail_on_exception": {"type": "bool"},
    "max_failing": {"type": "int", "default": 0},
    "stable_for": {"type": "float", "default": 0},
}
FLINK_GATE: Spec = {
    **SPARK_GATE,
    "wait_for": {"type": "list", "elements": "str", "default": ["job_running", "job_finish"]},
    "exception_grace": {"type": "float", "default": 0},
    "started_after": {"type": "int"},
}
SELECTION: Spec = {
    "job_names": {"type": "list", "elements": "str", "aliases": ["job_name", "name"]},
    "tags": {"type": "list", "elements": "str"},
    "name_contains": {"type": "str"},
    "exclude_names": {"type": "list", "elements": "str", "default": []},
    "min_jobs": {"type": "int", "default": 1},
}
DLI_SELECTION: Spec = {
    "job_ids": {"type": "list", "elements": "str", "aliases": ["job_id"]},
    "job_tags": {"type": "dict"},
    "queue": {"type": "str"},
    "since": {"type": "str"},
    "newest": {"type": "bool", "default": False},
    "min_jobs": {"type": "int", "default": 1},
}
FLINK_SELECTION: Spec = {
    "job_ids": {"type": "list", "elements": "str", "aliases": ["job_id"]},
    "names": {"type": "list", "elements": "str", "aliases": ["name"]},
}
SPARK_SELECTION: Spec = {
    "batch_ids": {"type": "list", "elements": "str", "aliases": ["batch_id"]},
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
