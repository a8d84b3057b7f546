# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documentation of options, in modules and fragments; the fragments are compared with the tables."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import yaml

FRAGMENTS = ("connection", "workspace", "gate", "real_time_gate")
# Where options are described. If several describe an option, the last one is used.
DESCRIBED = (
    *("modules.dataarts_instance_status", "modules.dli_spark_job_status", "modules.dli_flink_job_status"),
    *(f"doc_fragments.{name}" for name in FRAGMENTS),
    *("modules.dli_job_progress", "modules.dataarts_job_status"),
)

# What is used if an option is not set, where the tables do not say it.
UNSET = {
    "credentials_file": "HUAWEICLOUD_SDK_CREDENTIALS_FILE",
    "validate_certs": "the negation of HW_INSECURE",
    "endpoints": (
        "HW_DATAARTS_ENDPOINT, HW_DLI_ENDPOINT, HW_IAM_ENDPOINT (or else HW_AUTH_URL), HW_DATAARTS_STUDIO_ENDPOINT or "
        "HW_STS_ENDPOINT"
    ),
    "assume_role_duration": "HW_ASSUME_ROLE_DURATION, or else 3600,",
    "proxy": "the proxy of the environment",
    "retries": "HW_MAX_RETRIES, or else 4,",
}


def plugin_code(name: str) -> Any:
    """A Python module of the collection, by its name below plugins."""
    return import_module(f"ansible_collections.datagate.huaweicloud.plugins.{name}")


def specifications() -> Any:
    """The tables of options that modules share."""
    return plugin_code("module_utils._argument_spec")


def options_in(name: str) -> dict[str, Any]:
    """The documented options of a module or fragment."""
    code = plugin_code(name)
    options: dict[str, Any] = yaml.safe_load(getattr(code, "ModuleDocFragment", code).DOCUMENTATION)["options"]
    return options


def documented() -> dict[str, Any]:
    """The documentation of each option."""
    return {name: option for place in DESCRIBED for name, option in options_in(place).items()}


def meaning(option: Mapping[str, Any]) -> str:
    """The first paragraph about an option, with markup."""
    description = option["description"]
    return description if isinstance(description, str) else str(description[0])


def variables(option: str) -> str:
    """The environment variables of an option, as text; empty without one."""
    families = plugin_code("module_utils._cloud.credentials.credential_sets").FAMILIES
    names = [names[option] for sets in families.values() for names in sets if option in names]
    others = plugin_code("module_utils._cloud.environment").ENVIRONMENT.get(option, ())
    return UNSET.get(option) or " or ".join(names or others)


def wrapped(text: str, width: int, indent: str) -> list[str]:
    """Lines of a folded block of YAML."""
    return textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def differences(place: str, documented: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[str]:
    """Where the documentation of options differs from their specification."""
    for name in sorted(documented.keys() ^ spec.keys()):
        yield f"{place}: {name} is {'not in the table' if name in documented else 'missing'}"
    for name in sorted(documented.keys() & spec.keys()):
        for key in ("type", "elements", "choices", "default", "aliases"):
            found, wanted = documented[name].get(key), spec[name].get(key)
            if found != wanted:
                yield f"{place}: {key} of {name} is {found!r}, and {wanted!r} in the table"
        if "options" in spec[name]:
            yield from differences(f"{place}, {name}", documented[name].get("suboptions", {}), spec[name]["options"])


def problems() -> Iterator[str]:
    """Where the fragments differ from the tables."""
    spec, gate = specifications(), plugin_code("module_utils._gate.options")
    real_time = {name: option for name, option in gate.REAL_TIME_GATE.items() if name not in gate.GATE}
    tables = (spec.CONNECTION, spec.WORKSPACE, gate.GATE, real_time)
    for name, table in zip(FRAGMENTS, tables, strict=True):
        yield from differences(f"doc_fragments/{name}.py", options_in(f"doc_fragments.{name}"), table)
