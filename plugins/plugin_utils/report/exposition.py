# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The text format of Prometheus, version 0.0.4: families of metrics and their samples as lines.

``prometheus_client`` is not used here because ``requests`` is all that the collection may need at run time; the tests hold
this text against what that library writes and reads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

from .template_data import plain

GAUGE = "gauge"
COUNTER = "counter"

_EXPONENT_FROM = 6  # digits before the point, above which a number is written with an exponent, as Go does


class Family(NamedTuple):
    """A metric.

    :ivar name: its name; a counter's ends in ``_total``.
    :ivar type: GAUGE or COUNTER.
    :ivar labels: names of its labels.
    :ivar merge: makes one value of two whose labels are the same, because Prometheus refuses a file that has both.
    """

    name: str
    type: str
    help: str
    labels: tuple[str, ...]
    merge: Callable[[float, float], float] = max


class Sample(NamedTuple):
    """One value of a metric.

    :ivar labels: values of the family's labels, in the family's order.
    """

    family: Family
    labels: tuple[str, ...]
    value: float


def exposition(families: Iterable[Family], samples: Iterable[Sample]) -> str:
    """The file's text.

    Families come in the order of *families*, those without a sample are left out; within a family the samples come in
    theirs. No two lines have the same name and labels. Lone surrogates, which UTF-8 cannot write, are replacement
    characters.

    :param families: different ones; a sample of any other is an error.
    :raises KeyError: a sample's family is not in *families*.
    """
    found: dict[str, dict[tuple[str, ...], float]] = {}
    known = {family.name: family for family in families}
    for family, labels, value in samples:
        merge = known[family.name].merge
        values = found.setdefault(family.name, {})
        # Texts that differ only in what cannot be written are the same text in the file.
        key = tuple(str(plain(label)) for label in labels)
        values[key] = merge(values[key], value) if key in values else value
    lines: list[str] = []
    for family in known.values():
        if family.name in found:
            lines.append(f"# HELP {family.name} {_escaped(family.help)}")
            lines.append(f"# TYPE {family.name} {family.type}")
            lines.extend(_line(family, labels, value) for labels, value in found[family.name].items())
    return "".join(f"{line}\n" for line in lines)


def _line(family: Family, labels: tuple[str, ...], value: float) -> str:
    pairs = sorted(zip(family.labels, labels, strict=True))
    shown = ",".join(f'{name}="{_quoted(text)}"' for name, text in pairs)
    return f"{family.name}{{{shown}}} {number(value)}" if shown else f"{family.name} {number(value)}"


def number(value: float) -> str:
    """A number as Go writes it, from seven digits before the point on with an exponent: ``1.7e+09``."""
    value = float(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    whole, point, rest = text.partition(".")
    if value <= 0 or not point or len(whole) <= _EXPONENT_FROM:
        return text
    digits = f"{whole[1:]}{rest}".rstrip("0")
    return f"{whole[0]}{'.' if digits else ''}{digits}e+{len(whole) - 1:02d}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', '\\"')
