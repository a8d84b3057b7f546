# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page about clouds and regions, against what the code derives."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.endpoints import (
    HOST_PREFIX,
    complete_endpoints,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.options import resolve
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import OptionError

PAGE = (Path(__file__).resolve().parent.parent.parent / "docs" / "guides" / "partitions.md").read_text("utf-8")
NOT_DERIVED = "not derived"
KEY = {"access_key": "ak", "secret_key": "sk"}


def table(heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, with the row of its head, without backticks."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines if "---" not in line]


HEAD, *HOSTS = table("Hosts")
SERVICES = re.findall(r"\(`?(\w+)`?\)", "|".join(HEAD))


def derived(service: str, region: str, cloud: str) -> str:
    """The host of a service in the table."""
    endpoints: dict[str, str] = {}
    try:
        complete_endpoints(endpoints, [service], region, cloud or None)
    except OptionError:
        return NOT_DERIVED
    return endpoints[service].removeprefix("https://")


def test_table_has_each_service() -> None:
    assert sorted(SERVICES) == sorted(HOST_PREFIX)
    assert len(HOSTS) == 6


@pytest.mark.parametrize("row", HOSTS, ids=[row[0] for row in HOSTS])
def test_hosts_of_a_cloud_are_derived(row: list[str]) -> None:
    dummy, region, cloud, *hosts = row
    assert hosts == [derived(service, region, cloud) for service in SERVICES]


@pytest.mark.parametrize(("regions", "domain"), table("Regions")[1:], ids=[row[1] for row in table("Regions")[1:]])
def test_domain_of_a_region_is_derived(regions: str, domain: str) -> None:
    named = re.findall(r"\w+-\w+-?\d*", regions)
    for region in named:
        assert derived("dataarts", region, "") == f"dayu-dlf.{region}.{domain}"
    assert named


def test_examples_are_valid(tmp_path: Path) -> None:
    certificates = tmp_path / "ca.pem"
    certificates.touch()
    examples: list[Any] = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.M | re.S)]
    hosts = []
    for example in examples:
        options = example["module_defaults"]["group/datagate.huaweicloud.huaweicloud"]
        if "ca_path" in options:
            options["ca_path"] = str(certificates)
        hosts.append(resolve({**options, **KEY}, {}, "dataarts").endpoints["dataarts"])
    assert hosts == [
        "https://dayu-dlf.eu-de.otc.t-systems.com",
        "https://dayu-dlf.my-kualalumpur-1.alphaedge.tmone.com.my",
        "https://dataarts.example.com",
        "https://dayu-dlf.eu-west-101.myhuaweicloud.com",
        "https://dayu-dlf.region-1.cloud.example.com",
    ]
