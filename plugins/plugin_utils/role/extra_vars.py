# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The source of the extra variables."""

from __future__ import annotations

from typing import Any

from ansible import context
from ansible.parsing.splitter import parse_kv
from ansible.utils.vars import load_extra_vars


def whole_names(loader: Any) -> frozenset[str]:
    """The names of extra variables from a file or from JSON, such as those of AWX.

    Ansible's command line cuts ``name=value`` at the first space, but does not cut these.
    """
    given = [str(one) for one in context.CLIARGS.get("extra_vars") or ()]
    cut = {str(name) for one in given if one and one[0] not in "@[{" for name in parse_kv(one)}
    return frozenset(str(name) for name in load_extra_vars(loader)) - cut if given else frozenset()
