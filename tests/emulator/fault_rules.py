# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fault rules: which requests they match, and their effect."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from .routes import CALLS, Call
from .section import Section

RESETS: Final = ("before_headers", "after_headers", "mid_body")


@dataclass(frozen=True, slots=True)
class FaultMatch:
    """Conditions on a request; all given ones must match. `begin` and `end` are seconds, from `after` if given.

    `nth`, `first` and `every` count the requests that meet all the other conditions, from 1.
    """

    methods: frozenset[str]
    path: re.Pattern[str] | None
    job: str | None
    service: str | None
    call: str | None
    query: Mapping[str, str]
    nth: frozenset[int]
    first: int | None
    every: int | None
    begin: float
    end: float
    after: str | None
    chance: float


@dataclass(frozen=True, slots=True)
class FaultRule:
    """A rule. All other parts of the answer are unchanged; `times` None is as often as it matches."""

    name: str
    match: FaultMatch
    times: int | None
    status: int | None
    error_code: str | None
    error_msg: str | None
    body: str | None
    json: Any
    has_json: bool
    content_type: str | None
    charset: str
    headers: Mapping[str, str]
    echo: bool
    raw: str | None
    delay: float
    reset: str | None
    truncate: int | None
    drip: float | None
    gzip_bomb: int | None
    body_size: int | None
    hang: bool
    redirect: str | None
    clock_skew: float | None
    close: bool
    acts: bool
    fire: str | None
    advance: float

    @property
    def harmless(self) -> bool:
        """Whether the rule only fires an event or moves the time; the rules after it are tried as well."""
        return (self.fire is not None or self.advance > 0) and not (
            self.replaces
            or self.headers
            or self.delay
            or self.close
            or self.status is not None
            or self.reset is not None
            or self.truncate is not None
            or self.drip is not None
            or self.clock_skew is not None
        )

    @property
    def replaces(self) -> bool:
        """Whether the cloud's own answer is replaced."""
        return (
            self.error_code is not None
            or self.error_msg is not None
            or self.body is not None
            or self.has_json
            or self.gzip_bomb is not None
            or self.body_size is not None
            or self.redirect is not None
            or self.echo
            or self.raw is not None
            or self.hang
            or self.reset == "before_headers"
            or (self.status is not None and self.status >= 400)
        )


def read_faults(scenario: Section) -> tuple[FaultRule, ...]:
    """The fault rules of the scenario, in order."""
    return tuple(_read_rule(section, index) for index, section in enumerate(scenario.sections("faults")))


def _read_rule(section: Section, index: int) -> FaultRule:
    match = _read_match(section.section("match"))
    headers = {name: str(value) for name, value in section.mapping("headers").items()}
    reset = section.optional_text("reset")
    if reset is not None and reset not in RESETS:
        raise section.fail("reset", f"one of {', '.join(RESETS)} is wanted, not {reset!r}")
    charset = section.text("charset", "utf-8")
    try:
        "".encode(charset)
    except LookupError:
        raise section.fail("charset", f"no such charset: {charset!r}") from None
    status = section.optional_integer("status", minimum=200)
    if status is not None and status > 599:
        raise section.fail("status", f"an HTTP status is wanted, not {status}")
    rule = FaultRule(
        name=section.text("name", f"faults[{index}]"),
        match=match,
        times=section.optional_integer("times"),
        status=status,
        error_code=section.optional_text("error_code"),
        error_msg=section.optional_text("error_msg"),
        body=section.optional_text("body"),
        json=section.any("json"),
        has_json="json" in section,
        content_type=section.optional_text("content_type"),
        charset=charset,
        headers=headers,
        echo=section.flag("echo", False),
        raw=section.optional_text("raw"),
        delay=section.number("delay", 0.0),
        reset=reset,
        truncate=section.optional_integer("truncate"),
        drip=section.optional_number("drip"),
        gzip_bomb=section.optional_integer("gzip_bomb"),
        body_size=section.optional_integer("body_size"),
        hang=section.flag("hang", False),
        redirect=section.optional_text("redirect"),
        clock_skew=section.optional_number("clock_skew", minimum=None),
        close=section.flag("close", False),
        acts=section.flag("acts", False),
        fire=section.optional_text("fire"),
        advance=section.number("advance", 0.0),
    )
    section.done()
    return rule


def _read_match(section: Section) -> FaultMatch:
    nth = section.any("nth")
    numbers = [nth] if isinstance(nth, int) else nth or []
    if not isinstance(numbers, Sequence) or not all(isinstance(n, int) and n >= 1 for n in numbers):
        raise section.fail("nth", f"a number or a list of numbers from 1 on is wanted, not {nth!r}")
    call = section.optional_text("call")
    if call is not None and call not in CALLS:
        raise section.fail("call", f"one of {', '.join(CALLS)} is wanted, not {call!r}")
    match = FaultMatch(
        methods=frozenset(method.upper() for method in section.texts("method")),
        path=section.pattern("path"),
        job=section.optional_text("job"),
        service=section.optional_text("service"),
        call=call,
        query={key: str(value) for key, value in section.mapping("query").items()},
        nth=frozenset(numbers),
        first=section.optional_integer("first"),
        every=section.optional_integer("every", minimum=1),
        begin=section.number("from", 0.0),
        end=section.number("until", float("inf")),
        after=section.optional_text("after"),
        chance=section.number("chance", 1.0),
    )
    section.done()
    return match


class Faults:
    """The active rules, with their counts of matches."""

    def __init__(self, rules: Sequence[FaultRule], seed: int) -> None:
        self._rules = rules
        self._seed = seed
        self.reset()

    def reset(self) -> None:
        """Forget all counts."""
        self._random = random.Random(self._seed)
        self._seen = [0] * len(self._rules)
        self._done = [0] * len(self._rules)

    def choose(self, call: Call, query: Mapping[str, str], time: float, fired: Mapping[str, float]) -> list[FaultRule]:
        """The rules that match this request: those without an effect on the answer, and the first other one, which is last.

        `fired` gives each event's last firing in seconds.
        """
        chosen: list[FaultRule] = []
        for index, rule in enumerate(self._rules):
            if rule.times is not None and self._done[index] >= rule.times:
                continue
            if not _meets(rule.match, call, query, time, fired):
                continue
            self._seen[index] += 1
            if self._counted(rule.match, self._seen[index]):
                self._done[index] += 1
                chosen.append(rule)
                if not rule.harmless:
                    break
        return chosen

    def _counted(self, match: FaultMatch, number: int) -> bool:
        if match.nth and number not in match.nth:
            return False
        if match.first is not None and number > match.first:
            return False
        if match.every is not None and number % match.every:
            return False
        return match.chance >= 1 or self._random.random() < match.chance


def _meets(match: FaultMatch, call: Call, query: Mapping[str, str], time: float, fired: Mapping[str, float]) -> bool:
    if match.methods and call.method not in match.methods:
        return False
    if match.path is not None and not match.path.search(call.path):
        return False
    if match.job is not None and (call.job is None or not fnmatchcase(call.job, match.job)):
        return False
    if match.service is not None and call.service != match.service:
        return False
    if match.call is not None and call.name != match.call:
        return False
    if any(query.get(key) != value for key, value in match.query.items()):
        return False
    if match.after is not None:
        if match.after not in fired:
            return False
        time -= fired[match.after]
    return match.begin <= time < match.end
