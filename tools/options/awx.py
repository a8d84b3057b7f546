# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The credential type of AWX: its fields are options, and are injected as variables that the collection reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import yaml

from options.documentation import plugin_code, specifications
from tree import ROOT

AWX = ROOT / "playbooks" / "awx"
# Fields that are parts of an option, or a file with its value.
PARTS = {
    "ca": "ca_path",
    **{f"{service}_endpoint": "endpoints" for service in ("dataarts", "dli", "iam", "studio", "sts")},
}


def problems() -> Iterator[str]:
    """Fields that are no option, secrets that AWX would show, and variables that are not read."""
    inputs, injectors = (
        yaml.safe_load((AWX / f"credential_type_{name}.yml").read_text("utf-8")) for name in ("inputs", "injectors")
    )
    known = {**specifications().CONNECTION, **specifications().WORKSPACE}
    fields = {field["id"]: field for field in inputs["fields"]}
    for name, field in fields.items():
        option = PARTS.get(name, name)
        if option not in known:
            yield f"credential_type_inputs.yml: {name} is no option"
        elif bool(field.get("secret")) != bool(known[option].get("no_log")) and name != "access_key":
            yield f"credential_type_inputs.yml: {name} is {'' if field.get('secret') else 'not '}secret, unlike the option"
    environment = plugin_code("module_utils._cloud.environment")
    families = plugin_code("module_utils._cloud.credentials.credential_sets").FAMILIES
    groups = [*environment.ENVIRONMENT.values(), *environment.ENDPOINT_ENVIRONMENT.values()]
    groups += [names.values() for sets in families.values() for names in sets]
    for name in injectors["env"].keys() - {name for group in groups for name in group}:
        yield f"credential_type_injectors.yml: {name} is not read by the collection"
    for name in fields:
        if not re.search(rf"\b{name}\b", json.dumps(injectors)):
            yield f"credential_type_injectors.yml: the field {name} is not used"
