# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Dataclasses and named tuples as plain JSON data and back, driven by their annotations.

A field counts unless its metadata says ``NOT_KEPT``. The data is checked on the way back, because it comes from a playbook variable.
"""

from __future__ import annotations

from collections import deque
from dataclasses import fields, is_dataclass
from functools import cache
from typing import (
    Any,
    Callable,
    Dict,
    FrozenSet,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from .._errors import RequestError

NOT_KEPT = {"kept": False}  # metadata of a field that is left out of the data

Test = Callable[[Any], bool]
Change = Callable[[Any], Any]


class _Field(NamedTuple):
    """How the values of one type become plain data (*dump*), are checked (*fits*), and are restored (*load*)."""

    fits: Test
    dump: Optional[Change] = None  # None where the value is plain data already
    load: Optional[Change] = None


def dump(state: Any) -> Dict[str, Any]:
    """The kept fields of a dataclass as plain data, without copies of what is plain already."""
    return {
        name: getattr(state, name) if field.dump is None else field.dump(getattr(state, name))
        for name, field in _fields(state.__class__).items()
    }


def load(kind: Any, data: Any) -> Dict[str, Any]:
    """The kept fields of the dataclass *kind*, as arguments for it, from what :func:`dump` has returned.

    :raises TypeError, ValueError: it is something else.
    """
    wanted = _fields(kind)
    check(data, {name: field.fits for name, field in wanted.items()})
    return {name: data[name] if field.load is None else field.load(data[name]) for name, field in wanted.items()}


def check(data: Any, shape: Mapping[str, Test]) -> None:
    """Check that *data* is a dictionary with exactly these keys, and values of these types.

    :param shape: what :func:`tests` has returned.
    :raises ValueError: it is not.
    """
    if not isinstance(data, dict) or data.keys() != shape.keys():
        raise ValueError("other keys")
    for key, fits in shape.items():
        if not fits(data[key]):
            raise ValueError(f"{key} is of another type")


def tests(hints: Mapping[str, Any]) -> Dict[str, Test]:
    """For each key, whether JSON data is of its type.

    :param hints: key -> type as in an annotation. A whole number may stand for a float, and a list for a tuple.
    """
    return {key: _field(hint).fits for key, hint in hints.items()}


def latest_time(state: Any) -> float:
    """The latest of the times in a dataclass and the dataclasses in it: of the kept fields whose names end in ``_at``."""
    latest = float("-inf")
    for name in _fields(state.__class__):
        value = getattr(state, name)
        if is_dataclass(value):
            latest = max(latest, latest_time(value))
        elif name.endswith("_at") and isinstance(value, (int, float)):
            latest = max(latest, value)
    return latest


@cache
def _fields(kind: Any) -> Dict[str, _Field]:
    hints = get_type_hints(kind)
    return {item.name: _field(hints[item.name]) for item in fields(kind) if item.metadata.get("kept", True)}


def _field(hint: Any) -> _Field:
    """How values with this annotation become plain data and back.

    :raises NotImplementedError: the annotation is not supported.
    """
    if hint is Any:
        return _Field(lambda value: True)
    simple = _simple_types(hint)
    if simple is not None:
        return _Field(lambda value: type(value) in simple)
    if get_origin(hint) is not None:
        return _container(get_origin(hint), get_args(hint))
    if hint is RequestError:
        return _Field(lambda value: isinstance(value, list), RequestError.dump, RequestError.load)
    if is_dataclass(hint):
        return _dataclass(hint)
    if hasattr(hint, "_fields"):
        return _tuple([_field(part) for part in get_type_hints(hint).values()], lambda parts: hint(*parts))
    raise NotImplementedError(hint)


def _container(origin: Any, args: Sequence[Any]) -> _Field:
    if origin is Union and len(args) == 2 and args[1] is type(None):
        return _optional(_field(args[0]))
    if origin is dict:
        return _dictionary(_field(args[1])) if args[0] is str else _pairs(*map(_field, args))
    if origin is list or origin is deque:
        return _sequence(origin, _field(args[0]))
    if origin is tuple:
        return _tuple([_field(arg) for arg in args], tuple)
    raise NotImplementedError(origin)


def _dataclass(kind: Any) -> _Field:
    return _Field(lambda value: isinstance(value, dict), dump, lambda data: kind(**load(kind, data)))


def _simple_types(hint: Any) -> Optional[FrozenSet[type]]:
    """The types of a value without nested values to check. True is not an integer: its type is another one."""
    if hint is float:
        return frozenset((int, float))
    if hint in (int, str, bool, type(None)):
        return frozenset((hint,))
    if hint == Dict[str, Any]:
        return frozenset((dict,))
    if hint == List[Any]:
        return frozenset((list,))
    if get_origin(hint) is not Union:
        return None
    found: FrozenSet[type] = frozenset()
    for part in map(_simple_types, get_args(hint)):
        if part is None:
            return None
        found |= part
    return found


def _optional(inner: _Field) -> _Field:
    dump_inner, load_inner = inner.dump, inner.load
    return _Field(
        lambda value: value is None or inner.fits(value),
        None if dump_inner is None else lambda value: None if value is None else dump_inner(value),
        None if load_inner is None else lambda value: None if value is None else load_inner(value),
    )


def _dictionary(value: _Field) -> _Field:
    """A dictionary of text and plain values."""
    _need_plain(value)
    return _Field(lambda data: isinstance(data, dict) and all(map(value.fits, data.values())))


def _pairs(key: _Field, value: _Field) -> _Field:
    """A dictionary with keys that JSON does not have: a list of pairs."""
    load_key = key.load or (lambda data: data)
    pair = _tuple([key, value], tuple)
    return _Field(
        lambda data: isinstance(data, list) and all(map(pair.fits, data)),
        lambda items: list(items.items()),
        lambda data: {load_key(first): second for first, second in data},
    )


def _sequence(origin: type, inner: _Field) -> _Field:
    _need_plain(inner)
    load_inner = inner.load or (lambda data: data)
    return _Field(
        lambda data: isinstance(data, list) and all(map(inner.fits, data)),
        list,
        lambda data: origin(map(load_inner, data)),
    )


def _tuple(parts: List[_Field], make: Change) -> _Field:
    """A tuple of plain values."""
    _need_plain(*parts)

    def fits(data: Any) -> bool:
        return (
            isinstance(data, (list, tuple))
            and len(data) == len(parts)
            and all(part.fits(item) for part, item in zip(parts, data))
        )

    return _Field(fits, None, make)


def _need_plain(*parts: _Field) -> None:
    """Refuse an annotation that this file does not support.

    :raises NotImplementedError: the values in a container are not plain data.
    """
    if any(part.dump is not None for part in parts):
        raise NotImplementedError("only plain data in containers")
