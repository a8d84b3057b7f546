# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.


"""Makes the answers of an account anonymous.

Field names, states, types, codes and counts stay, because they decide how a gate behaves. Everything else is replaced. In doubt a
value is replaced, and so is the key of an object that may be data.
"""

from __future__ import annotations

import json
import re
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Tuple

from ..http.body import NotJson, parse
from . import known_fields as fields
from .made_up_values import SECRET_VALUE, MadeUpValues

MAX_DEPTH = 40
MAX_COUNT = 999  # numbers of unknown fields that stay
MAX_STATUS = 9999

# Unknown states and types are kept as well: reports are about them.
_WORD = re.compile(r"[A-Za-z][A-Za-z_-]{0,39}")
_CODE = re.compile(r"(?:[A-Za-z][A-Za-z0-9]{0,9}\.)?[0-9]{1,6}")
_VERSION = re.compile(r"v?[0-9]+(?:\.[0-9]+){0,3}")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
# Parts of messages that determine what a client does, in lower case and without blanks, and the sentences that stand for them.
_SENTENCES: Tuple[Tuple[str, str], ...] = (
    ("accessfailedtoreachthelimit", "AK access failed to reach the limit, forbidden"),
    ("verifyaksksignaturefail", "verify aksk signature fail"),
    ("getsecretkeyfailed", "Get secretKey failed"),
    ("aknotexist", "ak not exist"),
    ("decrypttokenfail", "decrypt token fail"),
    ("tokenexpires", "token expires"),
    ("x-auth-tokennotfound", "x-auth-token not found"),
    ("isrunning", "The job is running."),
)

Key = Optional[str]  # the field that a value is in, as field_key() gives it


class Anonymizer:
    """Replaces values in answers.

    :param values: makes up values.
    """

    def __init__(self, values: MadeUpValues) -> None:
        self.values = values
        name = values.name
        self._texts: Dict[Optional[str], Callable[[str], str]] = {
            **{kind: (lambda value, kind=kind: name(value, kind)) for kind in fields.NAMES},  # type: ignore[misc]
            fields.ID: values.identifier,
            fields.PATH: values.path,
            fields.TIME: lambda value: values.time_text(value) or values.text(value),
            fields.JSON_TEXT: self._json_text,
            fields.SECRET: lambda value: SECRET_VALUE if value else value,
            fields.STATE: self.word,
            fields.TYPE: self.word,
            fields.CODE: lambda value: value if _CODE.fullmatch(value) else values.text(value),
            fields.MESSAGE: self._message,
            fields.VERSION: lambda value: value if _VERSION.fullmatch(value) else values.text(value),
            fields.NUMBER: lambda value: value if _NUMBER.fullmatch(value) else values.text(value),
        }

    def body(self, data: Any) -> Any:
        """The decoded body of an answer, made anonymous."""
        # All names are learned first, so that they are recognised wherever else they occur.
        named = list(_named_texts(data, None, 0))
        for text, dummy in named:
            self.values.met(text)
        for text, kind in named:
            if kind in (fields.JOB, fields.NODE):
                self.values.name(text, kind)
        return self._value(data, None, None, 0)

    def raw_body(self, body: bytes) -> Dict[str, Any]:
        """A body as it was received: ``body`` for JSON, ``text`` for anything else, nothing without one."""
        if not body:
            return {}
        try:
            return {"body": self.body(parse(body))}
        except NotJson:
            is_html = body[:64].lstrip().lower().startswith((b"<!doctype", b"<html"))
            return {"text": "<html>made-up text</html>" if is_html else "made-up text"}

    def headers(self, headers: Mapping[str, str]) -> Dict[str, str]:
        """The headers that a replay needs."""
        kept = {}
        kind = re.match(r"(?:application|text)/(?:json|html|plain|xml)", headers.get("Content-Type", ""))
        if kind:
            kept["Content-Type"] = kind.group()
        date = self.values.http_date(headers.get("Date", ""))
        if date:
            kept["Date"] = date
        wait = headers.get("Retry-After", "").strip()
        after = wait if wait.isascii() and wait.isdigit() and len(wait) < 7 else self.values.http_date(wait)
        if after:
            kept["Retry-After"] = after
        return kept

    def word(self, value: str) -> str:
        """A state or type. An unknown one stays if it is a word and nothing in the account has it as a name."""
        if value in fields.STATES or value in fields.NODE_TYPES or not value:
            return value
        if _WORD.fullmatch(value) and self.values.find(value) is None:
            return value
        return self.values.text(value)

    def field(self, name: str, value: Any) -> Any:
        """A value outside of a body, such as one of a query, by the name of its field."""
        return self._value(value, fields.field_key(name), None, 0)

    # -- bodies -----------------------------------------------------------------------------------------------------

    def _value(self, value: Any, key: Key, within: Key, depth: int) -> Any:
        """
        :param key: the field that holds the value, also through lists.
        :param within: the field that holds the object of *key*.
        """
        if value is None or isinstance(value, bool):
            return value
        if depth > MAX_DEPTH:
            return None
        if isinstance(value, dict):
            return self._object(value, key, within, depth)
        if isinstance(value, list):
            return [self._value(item, key, within, depth + 1) for item in value]
        kind = _kind(key, within)
        if isinstance(value, str):
            return self._texts.get(kind, self.values.text)(value)
        return self._number(value, kind)

    def _object(self, value: Dict[str, Any], key: Key, within: Key, depth: int) -> Dict[str, Any]:
        made: Dict[str, Any] = {}
        inside = "tags" if "tags" in (key, within) else key
        for name, item in value.items():
            made[self._key(name, inside)] = self._value(item, fields.field_key(name), inside, depth + 1)
        return made

    def _key(self, name: str, within: Key) -> str:
        if within == "tags" and name not in ("key", "value"):
            return self.values.name(name, fields.TAG)
        if fields.is_field_name(name) and (fields.is_known_field(name) or self.values.find(name) is None):
            return name
        return self.values.find(name) or self.values.name(name, "field")

    def _number(self, value: Any, kind: Optional[str]) -> Any:
        if kind == fields.NUMBER:
            return value
        if kind == fields.ID:
            return self.values.number(value)
        made, was_time = self.values.time(value)
        if was_time:
            return made
        most = MAX_STATUS if kind in (fields.STATE, fields.TYPE, fields.CODE, fields.VERSION) else MAX_COUNT
        return value if abs(value) <= most else self.values.number(value)

    # -- texts ------------------------------------------------------------------------------------------------------

    def _json_text(self, value: str) -> str:
        """JSON within a text."""
        try:
            data = parse(value.encode("utf-8", "replace"))
        except NotJson:
            data = None
        if isinstance(data, (dict, list)):
            return json.dumps(self.body(data), separators=(",", ":"))
        return self.values.text(value)

    def _message(self, value: str) -> str:
        squeezed = "".join(value.lower().split())
        return next((sentence for part, sentence in _SENTENCES if part in squeezed), None) or self.values.text(value)


def _kind(key: Key, within: Key) -> Optional[str]:
    """The kind of a value, by its field and by the field that holds its object."""
    if within == "tags" or key == "tags":
        return fields.TAG
    if key == "name":
        return fields.NAME_WITHIN.get(within or "", fields.JOB)
    if key in ("jobs", "nodes"):
        return fields.JOB if key == "jobs" else fields.NODE
    return fields.FIELD_KINDS.get(key or "")


def _named_texts(data: Any, key: Key, depth: int) -> Iterator[Tuple[str, Optional[str]]]:
    """The texts in objects, each with the kind of its field."""
    if depth > MAX_DEPTH:
        return
    if isinstance(data, dict):
        for name, value in data.items():
            if isinstance(value, str):
                yield value, _kind(fields.field_key(name), key)
            else:
                yield from _named_texts(value, fields.field_key(name), depth + 1)
    elif isinstance(data, list):
        for item in data:
            yield from _named_texts(item, key, depth + 1)
