# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A scenario: content and behaviour of the emulated cloud, read from YAML or a mapping and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from . import constants
from .dli_rules import DliRules, read_dli_rules
from .fault_rules import FaultRule, read_faults
from .federation_spec import (
    Agency,
    IdentityProvider,
    Instance,
    read_agencies,
    read_identity_providers,
    read_instances,
)
from .jobs_spec import OLD_SPELLINGS, DliJobSpec, JobSpec, read_cluster_jobs, read_dli_jobs, read_jobs
from .order_rules import OrderRules, read_orders
from .runs_spec import RunRules, read_run_rules
from .section import ScenarioError, Section

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times as fast
SERVICES: Final = ("dataarts", "dli", "iam", "metadata", "studio", "sts")


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A permanent access key, or a temporary one when it has a security token; `valid_until` in emulator seconds.

    `project_id` is the only project that it may be used for.
    """

    access_key: str
    secret_key: str
    security_token: str | None = None
    valid_until: float | None = None
    user: str | None = None
    project_id: str | None = None


@dataclass(frozen=True, slots=True)
class User:
    """An IAM user who may get a token with a password."""

    name: str
    password: str
    domain: str


@dataclass(frozen=True, slots=True)
class Token:
    """An IAM token; `valid_until` in emulator seconds. One without a scope is valid for IAM only."""

    token: str
    valid_until: float | None = None
    user: str | None = None
    is_scoped: bool = True


@dataclass(frozen=True, slots=True)
class Project:
    """A project of the account, found by its name, which is a region's."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Quota:
    """Requests a second for one user and for one API (0: no limit), on the services named; Retry-After in seconds."""

    per_user: int
    per_api: int
    retry_after: float | None
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Metadata:
    """The metadata service of a virtual machine with an agency: keys valid for `lifetime` seconds."""

    access: str
    secret: str
    security_token: str
    lifetime: float
    require_token: bool


@dataclass(frozen=True, slots=True)
class Scenario:
    """All of a scenario. Times are seconds; the README beside this file explains each key."""

    project_id: str
    region: str
    projects: tuple[Project, ...]
    projects_denied: bool
    access_keys: tuple[AccessKey, ...]
    users: tuple[User, ...]
    tokens: tuple[Token, ...]
    token_lifetime: float
    lock_after: int
    lock_seconds: float
    clock_skew: float
    authentication: bool
    metadata: Metadata | None
    agencies: tuple[Agency, ...]
    identity_providers: tuple[IdentityProvider, ...]
    key_lifetime: float | None
    sts: bool
    instances: tuple[Instance, ...]
    instances_denied: bool
    workspaces_denied: bool
    studio_page: int
    workspaces: tuple[str, ...]
    default_workspace: bool | str
    denied_workspaces: tuple[str, ...]
    offset_means: str
    max_limit: int
    fuzzy_case_sensitive: bool
    tags_match: str
    list_order: str
    list_lag: float
    missing_job_code: str
    batch_status_answer: str
    spelling: frozenset[str]
    times_as: str
    dli_progress_path: str
    dli_missing_code: str
    language: str
    error_keys: tuple[str, str]
    hosts: Mapping[str, str]
    quota: Quota
    orders: OrderRules
    dli: DliRules
    runs: RunRules
    latency: float
    gzip: bool
    clock: str
    seed: int
    journal_size: int
    jobs: tuple[JobSpec, ...]
    dli_jobs: tuple[DliJobSpec, ...]
    flink_jobs: tuple[DliJobSpec, ...]
    spark_batches: tuple[DliJobSpec, ...]
    faults: tuple[FaultRule, ...]


def load(source: Mapping[str, Any] | str | Path | Scenario, **overrides: Any) -> Scenario:
    """Read a scenario from a mapping, a file, or YAML text (a text with a line break); overrides replace its keys."""
    if isinstance(source, Scenario):
        if overrides:
            raise ScenarioError("a scenario that was read already takes no overrides")
        return source
    if isinstance(source, Mapping):
        values: Any = source
    elif isinstance(source, str) and "\n" in source:
        values = _parse(source, "scenario")
    else:
        path = Path(source)
        try:
            values = _parse(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise ScenarioError(f"{path}: cannot be read: {error}") from error
    if values is None:
        values = {}
    if not isinstance(values, Mapping):
        raise ScenarioError("scenario: a mapping is wanted")
    return _read(Section({**values, **overrides}, ""))


def _parse(text: str, where: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506
    except yaml.YAMLError as error:
        raise ScenarioError(f"{where}: not YAML: {error}") from error


def _read(section: Section) -> Scenario:
    project_id = section.text("project_id", constants.PROJECT_ID)
    region = section.text("region", constants.REGION)
    jobs = read_jobs(section)
    workspaces = list(section.texts("workspaces"))
    instances = read_instances(section)
    workspaces += [identity for instance in instances for identity, dummy in instance.workspaces]
    workspaces += sorted({job.workspace for job in jobs if job.workspace is not None} - set(workspaces))
    scenario = Scenario(
        project_id=project_id,
        region=region,
        projects=_read_projects(section, project_id, region),
        projects_denied=section.flag("projects_denied", False),
        access_keys=_read_access_keys(section),
        users=_read_users(section),
        tokens=_read_tokens(section),
        token_lifetime=section.number("token_lifetime", 86400.0),
        lock_after=section.integer("lock_after", 5),
        lock_seconds=section.number("lock_seconds", 300.0),
        clock_skew=section.number("clock_skew", 0.0, minimum=None),
        authentication=section.flag("authentication", True),
        metadata=_read_metadata(section),
        agencies=read_agencies(section, project_id),
        identity_providers=read_identity_providers(section),
        key_lifetime=section.optional_number("key_lifetime"),
        sts=section.flag("sts", True),
        instances=instances,
        instances_denied=section.flag("instances_denied", False),
        workspaces_denied=section.flag("workspaces_denied", False),
        studio_page=section.integer("studio_page", 100, minimum=1),
        workspaces=tuple(workspaces),
        default_workspace=_read_default_workspace(section),
        denied_workspaces=section.texts("denied_workspaces"),
        offset_means=section.choice("offset_means", ("page", "record"), "page"),
        max_limit=section.integer("max_limit", 100, minimum=1),
        fuzzy_case_sensitive=section.flag("fuzzy_case_sensitive", False),
        tags_match=section.choice("tags_match", ("any", "all"), "any"),
        list_order=section.choice("list_order", ("given", "name", "last_update"), "given"),
        list_lag=section.number("list_lag", 0.0),
        missing_job_code=section.text("missing_job_code", "DLF.0100"),
        batch_status_answer=section.choice(
            "batch_status_answer", ("missing", "batch", "DLF.0136", "DLF.3051"), "missing"
        ),
        spelling=_read_spelling(section),
        times_as=section.choice("times_as", ("number", "string"), "number"),
        dli_progress_path=section.choice("dli_progress_path", ("v1", "v1.0", "both"), "v1"),
        dli_missing_code=section.choice("dli_missing_code", ("DLI.0002", "DLI.0023"), "DLI.0002"),
        language=section.choice("language", tuple(constants.MESSAGES), "en"),
        error_keys=_read_error_keys(section),
        hosts=_read_hosts(section),
        quota=_read_quota(section),
        orders=read_orders(section),
        dli=read_dli_rules(section),
        runs=read_run_rules(section),
        latency=section.number("latency", 0.0),
        gzip=section.flag("gzip", False),
        clock=section.choice("clock", ("real", "manual"), "real"),
        seed=section.integer("seed", 1),
        journal_size=section.integer("journal_size", 200_000, minimum=1),
        jobs=jobs,
        dli_jobs=read_dli_jobs(section),
        flink_jobs=read_cluster_jobs(section, "flink_jobs", "job_id", "job_running"),
        spark_batches=read_cluster_jobs(section, "spark_batches", "batch_id", "running"),
        faults=read_faults(section),
    )
    section.done()
    return scenario


def _read_projects(section: Section, project_id: str, region: str) -> tuple[Project, ...]:
    if section.any("projects") is None:
        return (Project(project_id, region),)
    projects = []
    for item in section.sections("projects"):
        projects.append(Project(item.text("id"), item.text("name")))
        item.done()
    return tuple(projects)


def _read_access_keys(section: Section) -> tuple[AccessKey, ...]:
    if section.any("access_keys") is None:
        return (AccessKey(constants.ACCESS_KEY, constants.SECRET_KEY, user=constants.USER_NAME),)
    keys = []
    for item in section.sections("access_keys"):
        keys.append(
            AccessKey(
                access_key=item.text("access_key"),
                secret_key=item.text("secret_key"),
                security_token=item.optional_text("security_token"),
                valid_until=item.optional_number("valid_until"),
                user=item.optional_text("user"),
            )
        )
        item.done()
    return tuple(keys)


def _read_users(section: Section) -> tuple[User, ...]:
    if section.any("users") is None:
        return (User(constants.USER_NAME, constants.USER_PASSWORD, constants.DOMAIN_NAME),)
    users = []
    for item in section.sections("users"):
        users.append(User(item.text("name"), item.text("password"), item.text("domain", constants.DOMAIN_NAME)))
        item.done()
    return tuple(users)


def _read_tokens(section: Section) -> tuple[Token, ...]:
    if section.any("tokens") is None:
        return (Token(constants.AUTH_TOKEN, user=constants.USER_NAME),)
    tokens = []
    for item in section.sections("tokens"):
        tokens.append(Token(item.text("token"), item.optional_number("valid_until"), item.optional_text("user")))
        item.done()
    return tuple(tokens)


def _read_metadata(section: Section) -> Metadata | None:
    if section.any("metadata") in (None, False):
        return None
    item = Section({}, "metadata") if section.any("metadata") is True else section.section("metadata")
    metadata = Metadata(
        access=item.text("access", "EMULATORAGENCYKEY001"),
        secret=item.text("secret", "emulatorAgencySecret/000000000000000001"),
        security_token=item.text("security_token", "emulator-agency-security-token=="),
        lifetime=item.number("lifetime", 86400.0),
        require_token=item.flag("require_token", False),
    )
    item.done()
    return metadata


def _read_default_workspace(section: Section) -> bool | str:
    value = section.any("default_workspace", True)
    if not isinstance(value, (bool, str)):
        raise section.fail("default_workspace", f"true, false or an ID is wanted, not {value!r}")
    return value


def _read_spelling(section: Section) -> frozenset[str]:
    value = section.any("spelling", "new")
    if value in ("new", "old"):
        return frozenset(OLD_SPELLINGS if value == "old" else ())
    spellings = frozenset(section.texts("spelling"))
    if unknown := spellings - set(OLD_SPELLINGS):
        raise section.fail("spelling", f"new, old, or some of {', '.join(OLD_SPELLINGS)} is wanted, not {min(unknown)}")
    return spellings


def _read_error_keys(section: Section) -> tuple[str, str]:
    keys = section.texts("error_keys") or ("error_code", "error_msg")
    if len(keys) != 2:
        raise section.fail("error_keys", "two names are wanted: that of the code and that of the message")
    return keys[0], keys[1]


def _read_hosts(section: Section) -> dict[str, str]:
    hosts = section.mapping("hosts")
    for service, host in hosts.items():
        if service not in SERVICES or not isinstance(host, str):
            raise section.fail("hosts", f"a host name for {', '.join(SERVICES)} is wanted, not {service}: {host!r}")
    return hosts


def _read_quota(section: Section) -> Quota:
    value = section.any("quota")
    if isinstance(value, int) and not isinstance(value, bool):
        value = {"per_user": value} if value else {"per_user": 0, "per_api": 0}
    item = Section({} if value is None else value, "quota")
    quota = Quota(
        per_user=item.integer("per_user", 30),
        per_api=item.integer("per_api", 300),
        retry_after=item.optional_number("retry_after"),
        services=item.texts("services") or ("dataarts", "dli"),
    )
    if unknown := set(quota.services) - set(SERVICES):
        raise item.fail("services", f"some of {', '.join(SERVICES)} are wanted, not {min(unknown)}")
    item.done()
    return quota
