# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of a scenario about agencies, identity providers, and DataArts instances with their workspaces."""

from __future__ import annotations

from dataclasses import dataclass

from . import constants
from .section import Section


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency of another account; its keys are for `project_id` only. `providers` are trusted; None: all."""

    name: str
    domain_id: str
    domain_name: str
    project_id: str
    max_duration: int
    providers: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """An identity provider and the ID tokens that it accepts until `valid_until` (emulator seconds)."""

    id: str
    tokens: tuple[str, ...]
    valid_until: float | None


@dataclass(frozen=True, slots=True)
class Instance:
    """A DataArts instance; `workspaces` are pairs of ID and name."""

    id: str
    name: str
    status: int
    workspaces: tuple[tuple[str, str], ...]


def read_agencies(section: Section, project_id: str) -> tuple[Agency, ...]:
    """The key `agencies`."""
    agencies = []
    for item in section.sections("agencies"):
        agencies.append(
            Agency(
                name=item.text("name"),
                domain_id=item.text("domain_id", constants.OTHER_DOMAIN_ID),
                domain_name=item.text("domain_name", constants.OTHER_DOMAIN_NAME),
                project_id=item.text("project_id", project_id),
                max_duration=item.integer("max_duration", 43200),
                providers=None if item.any("providers") is None else item.texts("providers"),
            )
        )
        item.done()
    return tuple(agencies)


def read_identity_providers(section: Section) -> tuple[IdentityProvider, ...]:
    """The key `identity_providers`."""
    providers = []
    for item in section.sections("identity_providers"):
        providers.append(IdentityProvider(item.text("id"), item.texts("tokens"), item.optional_number("valid_until")))
        item.done()
    return tuple(providers)


def read_instances(section: Section) -> tuple[Instance, ...]:
    """The key `instances`."""
    instances = []
    for item in section.sections("instances"):
        workspaces = []
        for workspace in item.sections("workspaces"):
            workspaces.append((workspace.text("id"), workspace.text("name")))
            workspace.done()
        instances.append(Instance(item.text("id"), item.text("name"), item.integer("status", 2), tuple(workspaces)))
        item.done()
    return tuple(instances)
