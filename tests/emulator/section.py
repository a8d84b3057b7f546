# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading one mapping of a scenario: every value checked, every unknown key refused, every message with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any


class ScenarioError(ValueError):
    """A scenario that cannot be used; the text names the place in it (``jobs[2].nodes[0].status``)."""


class Section:
    """A mapping of the scenario that records which keys were read, so that `done` can reject the others."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, Mapping):
            raise ScenarioError(f"{where or 'scenario'}: a mapping is wanted, not {_kind(value)}")
        self._values: Mapping[Any, Any] = value
        self._known: set[str] = set()
        self.where = where

    def place(self, key: object) -> str:
        """The full name of a key of this section, for messages."""
        return f"{self.where}.{key}" if self.where else str(key)

    def fail(self, key: object, problem: str) -> ScenarioError:
        """An error about `key`; the caller raises it."""
        return ScenarioError(f"{self.place(key)}: {problem}")

    def __contains__(self, key: str) -> bool:
        self._known.add(key)
        return key in self._values

    def know(self, *keys: str) -> None:
        """Accept keys that other code reads."""
        self._known.update(keys)

    def any(self, key: str, default: Any = None) -> Any:
        """The unchanged value."""
        self._known.add(key)
        return self._values.get(key, default)

    def text(self, key: str, default: str | None = None) -> str:
        """A text; numbers are taken as their digits, since YAML reads `1001` as a number."""
        value = self.any(key, default)
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise self.fail(key, f"a text is wanted, not {_kind(value)}")
        return str(value)

    def optional_text(self, key: str) -> str | None:
        """A text, or None when it is not given."""
        return None if self.any(key) is None else self.text(key)

    def number(self, key: str, default: float, *, minimum: float | None = 0.0) -> float:
        """A number, by default not negative."""
        value = self.any(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.fail(key, f"a number is wanted, not {_kind(value)}")
        if minimum is not None and value < minimum:
            raise self.fail(key, f"{minimum:g} or more is wanted, not {value!r}")
        return float(value)

    def optional_number(self, key: str, *, minimum: float | None = 0.0) -> float | None:
        """A number, or None when it is not given."""
        return None if self.any(key) is None else self.number(key, 0.0, minimum=minimum)

    def integer(self, key: str, default: int, *, minimum: int = 0) -> int:
        """A whole number of at least `minimum`."""
        value = self.any(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.fail(key, f"a whole number is wanted, not {_kind(value)}")
        if value < minimum:
            raise self.fail(key, f"{minimum} or more is wanted, not {value}")
        return value

    def optional_integer(self, key: str, *, minimum: int = 0) -> int | None:
        """A whole number, or None when it is not given."""
        return None if self.any(key) is None else self.integer(key, 0, minimum=minimum)

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self.any(key, default)
        if not isinstance(value, bool):
            raise self.fail(key, f"true or false is wanted, not {_kind(value)}")
        return value

    def choice(self, key: str, choices: Iterable[str], default: str) -> str:
        """One of some texts."""
        allowed = tuple(choices)
        value = self.any(key, default)
        if not isinstance(value, str) or value not in allowed:
            raise self.fail(key, f"one of {', '.join(allowed)} is wanted, not {value!r}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; one text alone is a list of one."""
        value = self.any(key)
        if value is None:
            return ()
        values = [value] if isinstance(value, (str, int)) else value
        if not isinstance(values, (list, tuple)) or not all(
            isinstance(item, (str, int)) and not isinstance(item, bool) for item in values
        ):
            raise self.fail(key, f"a list of texts is wanted, not {_kind(value)}")
        return tuple(str(item) for item in values)

    def mapping(self, key: str) -> dict[str, Any]:
        """A mapping with text keys, unchanged."""
        value = self.any(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
            raise self.fail(key, f"a mapping with text keys is wanted, not {_kind(value)}")
        return dict(value)

    def mapping_itself(self) -> dict[str, Any]:
        """The section, unchanged."""
        return {str(key): value for key, value in self._values.items()}

    def section(self, key: str) -> Section:
        """A mapping to be read in its turn; empty when it is not given."""
        value = self.any(key)
        return Section({} if value is None else value, self.place(key))

    def sections(self, key: str) -> list[Section]:
        """A list of mappings to be read in their turn."""
        value = self.any(key)
        if value is None:
            return []
        if not isinstance(value, (list, tuple)):
            raise self.fail(key, f"a list is wanted, not {_kind(value)}")
        return [Section(item, f"{self.place(key)}[{index}]") for index, item in enumerate(value)]

    def pattern(self, key: str) -> re.Pattern[str] | None:
        """A regular expression, or None when it is not given."""
        text = self.optional_text(key)
        try:
            return None if text is None else re.compile(text)
        except re.error as error:
            raise self.fail(key, f"not a regular expression: {error}") from error

    def done(self) -> None:
        """Refuse unknown keys."""
        unknown = sorted(str(key) for key in self._values if key not in self._known)
        if unknown:
            known = ", ".join(sorted(self._known))
            raise ScenarioError(f"{self.place(unknown[0])}: no such key (known here: {known})")


def _kind(value: object) -> str:
    return "nothing" if value is None else f"{type(value).__name__} {value!r:.60}"
