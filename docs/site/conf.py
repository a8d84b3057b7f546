# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sphinx's settings for the documentation site. tools/docs.py runs it, on a folder of pages that it has made."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes

_GALAXY = yaml.safe_load((Path(__file__).resolve().parents[2] / "galaxy.yml").read_text("utf-8"))

project = "datagate.huaweicloud"
author = "datagate contributors"
project_copyright = f"{author}, GPL-3.0-or-later"
version = release = _GALAXY["version"]

extensions = ["myst_parser", "sphinx_antsibull_ext"]
# What stands in single backticks has to be something that can be linked to: code has two.
default_role = "any"
nitpicky = True
highlight_language = "yaml+jinja"
pygments_style = "ansible"
smartquotes_action = "D"  # the dashes in titles; quotation marks stay as they are typed
myst_heading_anchors = 3

html_theme = "sphinx_ansible_theme"
html_title = f"datagate.huaweicloud {release}"
html_short_title = project
html_theme_options = {
    "collapse_navigation": False,
    "navigation_depth": 3,
    "prev_next_buttons_location": "bottom",
    "show_extranav": False,
    "show_rtd_ethical_ads": False,
}
templates_path = ["theme"]
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_use_index = False

# -- what is described elsewhere --------------------------------------------------------------------------------------

# References of the generated pages to Ansible's own documentation. Sphinx would look for them in an inventory that it gets
# from the network; these need none, and a reference that is not one of them is a warning as any other.
ANSIBLE = "https://docs.ansible.com/projects/ansible/latest"
PAGES = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}
# Settings that have a variable of ansible-core's, and beside it one that belongs to inventories.
CORE_VARIABLE = re.compile(r"ANSIBLE_CACHE_PLUGIN(_\w+)?")
# The page in Markdown whose tables have an anchor for each variable, which tools/docs.py adds.
VARIABLES = "guides/environment"
CORE_PLUGIN = re.compile(r"ansible_collections\.(ansible)\.(builtin)\.(\w+)")


def _address(kind: str, target: str) -> str | None:
    """Where Ansible's documentation has something, or None for what is not Ansible's."""
    if kind == "envvar" and CORE_VARIABLE.fullmatch(target):
        return f"{ANSIBLE}/reference_appendices/config.html#envvar-{target}"
    if kind == "ref" and target in PAGES:
        return f"{ANSIBLE}/{PAGES[target]}"
    found = CORE_PLUGIN.fullmatch(target) if kind == "ref" else None
    return f"{ANSIBLE}/collections/{'/'.join(found.groups())}.html" if found else None


def _resolve(app: Any, env: Any, node: Any, contnode: nodes.Element) -> nodes.reference | None:
    address = _address(node["reftype"], node["reftarget"])
    if address is not None:
        return nodes.reference("", "", contnode, internal=False, refuri=address)
    if node["reftype"] == "envvar" and f'id="envvar-{node["reftarget"]}"' in env.doc2path(VARIABLES).read_text("utf-8"):
        address = f"{app.builder.get_relative_uri(node['refdoc'], VARIABLES)}#envvar-{node['reftarget']}"
        return nodes.reference("", "", contnode, internal=True, refuri=address)
    return None


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("missing-reference", _resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
