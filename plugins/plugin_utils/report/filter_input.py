# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""What the report filters share: input as plain data, output as untrusted text, and a clear message for invalid input."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

# Up to ansible-core 2.18, text without this marker is evaluated again when it is used in a template, and text that looks
# like a dictionary is converted to one. From 2.19 on neither happens, and the marker is an ordinary string.
from ansible.utils.unsafe_proxy import NativeJinjaUnsafeText, wrap_var
from jinja2 import is_undefined

from ansible_collections.datagate.huaweicloud.plugins.module_utils._text import printable

from .report_facts import About, read
from .template_data import ReportError, kind, number, plain

Writer = Callable[[dict[str, Any], About], Any]
MetricsWriter = Callable[[dict[str, Any], str, float, bool], str]


def render(name: str, forms: Mapping[str, Writer], result: Any, form: Any, about: Any, title: str) -> Any:
    """A report in one of its forms.

    :param name: the filter's, for messages.
    :param forms: form -> what writes it: text, or a list of lines.
    :param title: the report's title where *about* has none.
    :raises AnsibleFilterError: the input is invalid.
    """
    if is_undefined(result):
        str(result)  # raises the error that names the variable
    try:
        if not isinstance(result, Mapping):
            raise ReportError(f"what is to be reported must be a result, which is a mapping, not {kind(result)}")
        writer = forms.get(form) if isinstance(form, str) else None
        if writer is None:
            raise ReportError(f"there is no form {printable(form, 40)}; there are {', '.join(forms)}")
        written = writer(plain(result), read(about, title))
    except ReportError as error:
        raise AnsibleFilterError(f"datagate.huaweicloud.{name}: {error}") from None
    return NativeJinjaUnsafeText(written) if isinstance(written, str) else wrap_var(written)


def render_metrics(write: MetricsWriter, results: Any, workspace: Any, read_at: Any, nodes: Any) -> str:
    """The metrics of a reading, in the text format of Prometheus.

    :param write: writes the text.
    :raises AnsibleFilterError: the input is invalid.
    """
    for value in (results, workspace, read_at, nodes):
        if is_undefined(value):
            str(value)  # raises the error that names the variable
    try:
        return NativeJinjaUnsafeText(write(*_metrics_input(results, workspace, read_at, nodes)))
    except ReportError as error:
        raise AnsibleFilterError(f"datagate.huaweicloud.job_metrics: {error}") from None


def _metrics_input(results: Any, workspace: Any, read_at: Any, nodes: Any) -> tuple[dict[str, Any], str, float, bool]:
    if not isinstance(results, Mapping):
        raise ReportError(f"what is to be reported must be a mapping of service to result, not {kind(results)}")
    if not isinstance(workspace, str):
        raise ReportError(f"workspace must be text, not {kind(workspace)}")
    moment = number(plain(read_at))
    if moment is None or moment < 0:
        raise ReportError(f"read_at must be a number of seconds since 1970, not {kind(read_at)}")
    if not isinstance(nodes, bool):
        raise ReportError(f"nodes must be true or false, not {kind(nodes)}")
    return plain(results), plain(workspace).strip(), moment, nodes
