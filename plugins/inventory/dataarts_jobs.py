# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
name: dataarts_jobs
short_description: Jobs of DataArts Factory as hosts
version_added: 0.2.0
description:
  - Creates a host for every job of one or more workspaces of DataArts Factory, both real-time and batch jobs.
  - The inventory file is YAML, and its name ends in C(dataarts_jobs.yml) or C(dataarts_jobs.yaml).
  - Tasks for such a host run on the controller, because a job is not a machine. Each host has
    C(ansible_connection=local) and the Python of the playbook.
  - "A job's fields are host variables with the prefix C(dataarts_): C(dataarts_name), C(dataarts_status),
    C(dataarts_job_type), C(dataarts_workspace) (empty for the default workspace), and all other fields of the job list,
    as M(datagate.huaweicloud.dataarts_job_info) returns them."
  - "Each host is in three groups: C(status_normal) for the state of the job (C(status_unknown) without one),
    C(type_real_time) or C(type_batch), and C(workspace_) with the workspace's ID (C(workspace_default) without one). In
    group names, all characters except ASCII letters and digits are replaced by underscores."
  - The job list shows the states of jobs, not those of their nodes. A real-time job can be in C(status_normal) while one of
    its nodes is in V(EXCEPTION).
  - C(dataarts_project_id) is the ID of the project that the job is in (empty where it is not known), and the variable
    C(datagate_inventory_sources) of the group C(all) lists the inventory files that this plugin has read.
  - In host names, group names and variables, control characters and direction marks from the cloud are replaced. A gate cannot
    read a job with such a character in its name.
  - All workspaces are read in one session. If one of them cannot be read, or another error occurs, no job of the file is added
    to the inventory.
author:
  - datagate contributors (@datagate)
options:
  plugin:
    description:
      - Name of this plugin.
    type: str
    required: true
    choices:
      - datagate.huaweicloud.dataarts_jobs
  workspaces:
    description:
      - IDs of the DataArts Studio workspaces to read (not their names).
      - If not set, E(HW_DATAARTS_WORKSPACE_ID) is used. If neither is set, the service uses the default workspace.
      - The dashes of an ID in the form of a UUID are removed.
    type: list
    elements: str
  workspace_name:
    description:
      - Name of a single workspace to read, instead of O(workspaces). Its ID is looked up, which requires the permission
        C(DataArtsStudio:workspace:list).
      - The name is compared exactly. It is an error if no workspace or more than one has it.
    type: str
    version_added: 2.0.0
  dataarts_instance:
    description:
      - Name or ID of the DataArts instance that contains O(workspace_name). Needed only if workspaces of several instances
        have this name.
    type: str
    version_added: 2.0.0
  job_type:
    description:
      - Type of the jobs to add. If not set, both real-time and batch jobs are added.
    type: str
    choices:
      - REAL_TIME
      - BATCH
  statuses:
    description:
      - Only jobs in one of these states, such as V(EXCEPTION). V(UNKNOWN) selects jobs without a state.
    type: list
    elements: str
  tags:
    description:
      - List only jobs with these tags. The service defines how several tags are combined.
    type: list
    elements: str
  name_contains:
    description:
      - List only jobs whose names contain this text. It is case-sensitive.
    type: str
  hostnames:
    description:
      - Names of the hosts. The first item that returns a text is used, or else the name of the job.
      - An item is the name of a field, such as V(name) or V(owner), or a Jinja2 expression over the host variables, such as
        V(dataarts_workspace ~ '.' ~ dataarts_name).
      - If jobs of different workspaces have the same host name, C(@) and the workspace are appended to each of them
        (V(job_sms@default) in the default workspace). If the names are still the same, a digest is appended.
      - This also applies if a job has the name of a group of the inventory, of V(all), V(ungrouped) or V(localhost), or of
        another job from an earlier inventory file of this plugin. A host of the same name from another inventory is used
        for the job, so that you can add a job to groups there.
      - All characters except letters and digits of any script, V(-), V(_), V(.) and V(@) are replaced by underscores, and
        so is V(-) or V(@) at the beginning.
    type: list
    elements: str
    default:
      - name
requirements:
  - python >= 3.10
  - requests
notes:
  - In the descriptions of the connection options, the task is the inventory file, and the host where the module runs is the
    machine that reads the inventory.
  - "Options may be templates, such as V({{ lookup('ansible.builtin.env', 'TEAM_ACCESS_KEY'\\) }}), or be encrypted with
    Ansible Vault. Text from the cloud is never evaluated."
  - If an inventory cannot be read, Ansible only prints a warning and continues without it. Set
    E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED) to V(true) to make Ansible fail instead. The playbook
    C(datagate.huaweicloud.gate_sliced) fails in any case.
  - An unknown option is an error, because a misspelt filter would select all jobs.
  - The cache contains the job list, but no credentials. It is used only for the same cloud, region, project, workspaces,
    filters and credentials. With an IAM token it is used only for that token.
seealso:
  - plugin: datagate.huaweicloud.dataarts_job_info
    plugin_type: module
  - plugin: datagate.huaweicloud.dataarts_job_status
    plugin_type: module
extends_documentation_fragment:
  - constructed
  - inventory_cache
  - datagate.huaweicloud.connection
"""

EXAMPLES = r"""
# prod.dataarts_jobs.yml
#
# All jobs of the workspace in HW_DATAARTS_WORKSPACE_ID, with the credentials in HW_ACCESS_KEY and HW_SECRET_KEY
---
plugin: datagate.huaweicloud.dataarts_jobs

---
# The real-time jobs of two workspaces, with additional groups by owner
plugin: datagate.huaweicloud.dataarts_jobs
region: cn-north-4
project_id: 0123456789abcdef0123456789abcdef
workspaces:
  - 0f6a1c3e5b7d9f2468ace013579bdf24
  - 1a2b3c4d5e6f708192a3b4c5d6e7f809
job_type: REAL_TIME
keyed_groups:
  - key: dataarts_owner
    prefix: owner
groups:
  orders: "'orders' in dataarts_name"
compose:
  started_hours_ago: ((now().timestamp() * 1000 - dataarts_start_time) / 3600000) | int
hostnames:
  - dataarts_workspace[:4] ~ '.' ~ dataarts_name

---
# The failing jobs, cached for five minutes
plugin: datagate.huaweicloud.dataarts_jobs
statuses:
  - EXCEPTION
  - ABNORMAL
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: /tmp/dataarts_jobs
cache_timeout: 300
"""

import os
import re
from typing import Any, NamedTuple

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.module_utils.basic import missing_required_lib
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.datagate.huaweicloud.plugins.module_utils._argument_spec import CONNECTION
from ansible_collections.datagate.huaweicloud.plugins.module_utils._clock import Clock
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.http.requests_import import IMPORT_ERROR
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.options import Connection, resolve
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.session import Session
from ansible_collections.datagate.huaweicloud.plugins.module_utils._entry_points import listing
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import DatagateError, OptionError
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.options import items
from ansible_collections.datagate.huaweicloud.plugins.module_utils._module import SHOWS_REQUESTS
from ansible_collections.datagate.huaweicloud.plugins.module_utils._suggestion import did_you_mean
from ansible_collections.datagate.huaweicloud.plugins.module_utils._text import printable
from ansible_collections.datagate.huaweicloud.plugins.module_utils._values import header, without_dashes
from ansible_collections.datagate.huaweicloud.plugins.plugin_utils import draft_inventory, inventory_cache, job_hosts

SERVICE = "dataarts"
FILTERS = ("job_type", "statuses", "tags", "name_contains")
PYTHON = "{{ ansible_playbook_python }}"
READ = "datagate_inventory_sources"  # variable of the group all: the inventory files that this plugin has read
MAX_ROUNDS = 4  # rounds of naming hosts; two are always enough, because no group name has an @

# The job list of each workspace, in the order of the workspaces: ``workspace``, ``project`` and ``jobs``.
Found = list[dict[str, Any]]


class Entry(NamedTuple):
    """A job to add as a host: the wanted host name, the variables, and the default groups."""

    wanted: job_hosts.Wanted
    known: dict[str, Any]
    groups: list[str]


def _jobs(session: Session, workspace: str | None, query: listing.Query) -> list[dict[str, Any]]:
    """The jobs of one workspace.

    :raises DatagateError: the list cannot be read as a whole.
    """
    jobs: list[dict[str, Any]] = listing.read(session, workspace, query)["jobs"]
    return jobs


def _taken(entries: list[Entry], inventory: Any) -> dict[str, str]:
    """Reserved host names, and for each the identity of the job that may use it (empty for none).

    They are the names of groups, and of hosts that an earlier source of this plugin has created.
    """
    taken = dict.fromkeys((*job_hosts.RESERVED_HOSTS, *inventory.groups), "")
    for entry in entries:
        taken.update(dict.fromkeys(entry.groups, ""))
    for name, host in inventory.hosts.items():
        identity = job_hosts.identity_of(host.vars)
        if identity is not None:
            taken.setdefault(name, identity)
    return taken


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Jobs of DataArts Factory as hosts."""

    NAME = "datagate.huaweicloud.dataarts_jobs"

    # The setting that permits invalid group names is for names that users choose. These names come from the cloud.
    _sanitize_group_name = staticmethod(job_hosts.group_name)

    inventory: Any  # the inventory to fill; inherited methods use it as well

    def verify_file(self, path: str) -> bool:
        """Whether the file is one for this plugin, by its name."""
        return bool(super().verify_file(path)) and path.endswith(("dataarts_jobs.yml", "dataarts_jobs.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Fill the inventory.

        :raises AnsibleParserError: the inventory cannot be read. The message is a full sentence without secrets.
        """
        super().parse(inventory, loader, path)
        self._refuse_unknown(self._read_config_data(path))
        self._path = path
        if IMPORT_ERROR is not None:
            raise AnsibleParserError(missing_required_lib("requests"))
        try:
            self._populate(self._cached(path, cache))
        except DatagateError as error:
            raise AnsibleParserError(str(error)) from None
        except AnsibleParserError:
            raise
        except AnsibleError as error:
            raise AnsibleParserError(str(error)) from None

    # -- options ----------------------------------------------------------------------------------------------------

    def _refuse_unknown(self, config: Any) -> None:
        known = {"plugin", *self.option_definitions}
        for name in config:
            if name not in known:
                meant = did_you_mean(name, known)
                raise AnsibleParserError(f"{printable(name, 60)}: is not an option of {self.NAME}{meant}")

    def _option(self, name: str) -> Any:
        value = self.get_option(name)
        if value is None:
            return None
        self.templar.available_variables = self._vars or {}
        try:
            return self.templar.template(value)
        except Exception:  # noqa: BLE001 - the message would quote the text, which may be secret
            raise AnsibleParserError(f"{name}: the template in it cannot be evaluated") from None

    # -- reading ----------------------------------------------------------------------------------------------------

    def _cached(self, path: str, cache: bool) -> Found:
        options = {name: self._option(name) for name in (*CONNECTION, "workspace_name", "dataarts_instance")}
        connection = resolve(options, os.environ, SERVICE)
        for warning in connection.warnings:
            self.display.warning(warning)
        given = {name: self._option(name) for name in FILTERS}
        query = listing.Query(given)
        named: list[str | None] = list(dict.fromkeys(items(self._option("workspaces"))))
        if named and connection.workspace_name is not None:
            raise OptionError("workspace_name", "workspaces is given as well; give one of the two")
        workspaces = [without_dashes(header("workspaces", name)) for name in named] or [connection.workspace]
        if not self.get_option("cache"):
            return self._read(connection, workspaces, query)
        wanted = inventory_cache.digest(connection, options, os.environ, workspaces, given)
        key = f"{self.get_cache_key(path)}_{wanted}"
        if cache:
            try:
                found: Found = self._cache[key]
            except KeyError:
                pass
            else:
                return found
        found = self._read(connection, workspaces, query)
        self._cache[key] = found
        return found

    def _read(self, connection: Connection, workspaces: list[str | None], query: listing.Query) -> Found:
        """One session for all workspaces: one connection, one rate limit, and no more requests after a rejected access key."""
        on_request = self.display.vvv if self.display.verbosity >= SHOWS_REQUESTS else None
        session = Session(connection, Clock(), on_request=on_request, warn=self.display.warning)
        try:
            found = []
            for workspace in workspaces:
                try:
                    jobs = _jobs(session, workspace, query)
                except DatagateError as error:
                    where = f"workspace {printable(workspace, 60)}: " if workspace else ""
                    raise AnsibleParserError(f"{where}{error}") from None
                workspace = workspace or connection.workspace  # known once it was looked up by its name
                found.append({"workspace": workspace, "project": session.project_id, "jobs": jobs})
            return found
        finally:
            session.close()

    # -- filling ----------------------------------------------------------------------------------------------------

    def _populate(self, found: Found) -> None:
        """Fill a draft, and copy it to the inventory only when errors are no longer possible."""
        inventory: Any = self.inventory
        draft = self._draft(self._entries(found), inventory)
        loop = draft_inventory.loop_between(draft, inventory)
        if loop:
            raise AnsibleParserError(f"keyed_groups: parent_group makes a loop of groups: {', '.join(loop)}")
        draft_inventory.copy_into(draft, inventory)
        read = list(inventory.groups["all"].get_vars().get(READ, []))
        inventory.set_variable("all", READ, [*read, self._path])

    def _entries(self, found: Found) -> list[Entry]:
        """The jobs without duplicates. Of two entries of one job the later one is used."""
        strict = self.get_option("strict")
        entries: dict[str, Entry] = {}
        for part in found:
            for job in part["jobs"]:
                workspace, project = part["workspace"], part["project"]
                if not job.get("name"):
                    raise AnsibleParserError("the job list holds a job without a name, which cannot be a host")
                known = job_hosts.variables(job, workspace, project)
                name = self._wanted(known, strict)
                wanted = job_hosts.Wanted(
                    name, workspace, str(job["name"]), str(job.get("job_type") or ""), project or ""
                )
                entries[wanted.identity] = Entry(wanted, known, job_hosts.groups(job, workspace))
        return list(entries.values())

    def _draft(self, entries: list[Entry], inventory: Any) -> InventoryData:
        """The draft, with host names that differ from all group names.

        Some groups are known only after the hosts are added, and conditions may use host names. So if a name is also the name
        of a group, the draft is built again with another host name.
        """
        taken = _taken(entries, inventory)
        for dummy in range(MAX_ROUNDS):
            names = job_hosts.settle([entry.wanted for entry in entries], taken)
            draft = self.inventory = draft_inventory.draft_of(inventory)
            problem: Exception | None = None
            try:
                for host, entry in zip(names, entries):
                    self._add(draft, inventory, host, entry)
            except Exception as error:  # noqa: BLE001 - Ansible raises different errors for a name clash
                problem = error
            if set(draft.groups).isdisjoint(names):
                if problem is not None:
                    raise problem
                return draft
            taken.update(dict.fromkeys(draft.groups, ""))
        raise AnsibleParserError("keyed_groups, groups: they make a group of every name that a host could have")

    def _add(self, draft: InventoryData, inventory: Any, host: str, entry: Entry) -> None:
        strict = self.get_option("strict")
        draft_inventory.add_host(draft, inventory, host)
        for name, value in entry.known.items():
            draft.set_variable(host, name, value)
        draft.set_variable(host, "ansible_connection", job_hosts.template("local"))
        draft.set_variable(host, "ansible_python_interpreter", job_hosts.template(PYTHON))
        for group in entry.groups:
            draft.add_group(group)
            draft.add_child(group, host)
        self._set_composite_vars(self.get_option("compose"), entry.known, host, strict)
        self._add_host_to_composed_groups(self.get_option("groups"), entry.known, host, strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), entry.known, host, strict)

    def _wanted(self, known: dict[str, Any], strict: bool) -> str:
        """The host name of a job, without regard to other hosts."""
        # Fields are returned unchanged. A part of a template's text is no longer a template.
        for item in self.get_option("hostnames") or ():
            if re.fullmatch(r"[a-z][a-z0-9_]*", item) and not item.startswith(job_hosts.PREFIX):
                value = known.get(job_hosts.PREFIX + item)
            else:
                try:
                    value = self._compose(item, known)
                except Exception as error:  # noqa: BLE001 - an expression can raise anything
                    if strict:
                        raise AnsibleParserError(f"hostnames: {item!r} cannot be evaluated: {error}") from None
                    continue
            text = "" if value is None else str(value).strip()
            if text:
                return text
        return str(known["dataarts_name"])
