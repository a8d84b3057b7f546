# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All places that follow from the tables of options and states. `python tools/options` is the command (__main__.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from options import awx, documentation, event_source, lists, returned_keys, role


class Place(NamedTuple):
    """Files that depend on the tables.

    :ivar texts: path -> its text with the generated parts as they should be.
    :ivar problems: what differs from the tables in parts that are not generated, one line each.
    """

    texts: Callable[[], Mapping[Path, str]] = dict
    problems: Callable[[], Iterable[str]] = tuple


# The documentation of the role and the event source is made from that of the modules, so the lists in modules come first.
PLACES = (
    Place(texts=lists.texts),
    Place(texts=returned_keys.texts),
    Place(problems=documentation.problems),
    Place(event_source.texts, event_source.problems),
    Place(role.texts, role.problems),
    Place(problems=awx.problems),
)


def write() -> None:
    """Write all generated parts."""
    for place in PLACES:
        for path, text in place.texts().items():
            path.write_text(text, "utf-8")


def differences(place: Place) -> Iterator[str]:
    """What differs in one place."""
    yield from place.problems()
    try:
        texts = place.texts()
    except ValueError as error:
        yield str(error)
        return
    for path, text in texts.items():
        if path.read_text("utf-8") != text:
            yield f"{path.name} is not what is generated; `make options` writes it"


def problems() -> list[str]:
    """What differs in all places, one line each."""
    return [line for place in PLACES for line in differences(place)]
