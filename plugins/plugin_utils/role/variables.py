# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""The role's variables and their validation. Does not depend on Ansible."""

from __future__ import annotations

import datetime
import difflib
import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from ansible_collections.datagate.huaweicloud.plugins.module_utils._argument_spec import CONNECTION, WORKSPACE, Spec
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import OptionError
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.options import (
    DLI_GATE,
    DLI_SELECTION,
    FLINK_GATE,
    FLINK_SELECTION,
    REAL_TIME_GATE,
    SELECTION,
    SPARK_GATE,
    SPARK_SELECTION,
)
from ansible_collections.datagate.huaweicloud.plugins.module_utils._gate.runs.options import BATCH_GATE
from ansible_collections.datagate.huaweicloud.plugins.module_utils._text import printable

PREFIX = "job_gate_"
#: the options of all gates; of an option that several have, the default of gates for real-time jobs counts
OPTIONS: Spec = {
    **CONNECTION,
    **WORKSPACE,
    **SPARK_SELECTION,
    **SPARK_GATE,
    **FLINK_SELECTION,
    **FLINK_GATE,
    **SELECTION,
    **BATCH_GATE,
    **REAL_TIME_GATE,
    **DLI_SELECTION,
    **DLI_GATE,
}
#: the role's own variables
OWN: Spec = {
    "delegate_to": {"type": "str"},
    "id": {"type": "str"},
    "enabled": {"type": "bool"},
    "override_reason": {"type": "str"},
    "soft_fail": {"type": "verdicts"},
    "on_failure": {"type": "str"},
    "report_dir": {"type": "str"},
    "stats": {"type": "bool"},
}
#: read by the playbooks of the collection, or set by the role
OTHERS = ("entry", "hosts", "result")
TOLERABLE = ("FAIL", "TIMEOUT", "ERROR")
#: text options whose value may be a whole number, such as epoch milliseconds: nothing of it is lost
NUMERIC_TEXTS = ("since",)
_YES = ("true", "yes", "on", "1", "y", "t")
_NO = ("false", "no", "off", "0", "n", "f")
_LOSSY = "its spelling may be lost (1.10 becomes 1.1, 0x10 becomes 16); give it as a list, or with double quotes inside"
_BEFORE, _AFTER = r"(?<![\w.{/])(", r")(?!\w)"
# Names with an underscore are always options in a message; other names only next to a variable's name, or in an option error.
_NAMES = re.compile(_BEFORE + "|".join(sorted(name for name in OPTIONS if "_" in name)) + _AFTER)
_WORDS = _BEFORE + "tags|workspace|region|endpoints|username|password" + _AFTER
_BESIDE = re.compile(_WORDS + r"(?= \(HW_)")
_REFUSED = re.compile(_WORDS)


def renamed(text: str, about_options: bool = False) -> str:
    """A message in which the module's options are replaced by the role's variables.

    :param about_options: whether the message is an option error.
    """
    words = _REFUSED if about_options else _BESIDE
    return _NAMES.sub(rf"{PREFIX}\1", words.sub(rf"{PREFIX}\1", text))


def refused(error: OptionError) -> OptionError:
    """The same error with the names of the role's variables. An error of the role itself has them already."""
    option = error.option
    if option.startswith(PREFIX):
        return error
    if option.partition(".")[0].partition(" ")[0] in OPTIONS:
        option = f"{PREFIX}{option}"
    return OptionError(option, renamed(error.problem, about_options=True))


def is_known(variable: str) -> bool:
    """Whether it is a variable of the role."""
    name = variable.removeprefix(PREFIX)
    return name in OPTIONS or name in OWN


class Variables:
    """The variables that are set, with their types checked.

    :param found: name -> value of all variables whose names begin with the prefix.
    :param value: evaluates one: it gets the variable's name and raw value. Raises OptionError where that fails.
    :param omitted: Ansible's placeholder for an omitted value within a list, or None if Ansible removes it.
    :param whole: names of variables whose text the command line cannot have cut.
    :ivar options: the options of the gates, by their names without the prefix.
    :ivar own: the role's own variables, by their names without the prefix.
    :ivar problem: the error of the first unknown or invalid variable; the others are still available.
    """

    def __init__(
        self,
        found: Mapping[str, Any],
        value: Callable[[str, Any], Any],
        omitted: object = None,
        whole: Collection[str] = (),
    ) -> None:
        self._omitted, self._whole = omitted, whole
        self.options: dict[str, Any] = {}
        self.own: dict[str, Any] = {}
        self.problem: OptionError | None = None
        # Known variables first, because an earlier gate may have set the fact of this gate, which job_gate_id names.
        for variable in sorted(found, key=lambda variable: (not is_known(variable), variable)):
            if variable.removeprefix(PREFIX) in (*OTHERS, self.own.get("id")):
                continue
            try:
                self._take(variable, value(variable, found[variable]))
            except OptionError as error:
                self.problem = self.problem or error

    def fingerprint(self) -> dict[str, str]:
        """The variables as data that can be compared between hosts, without showing what is secret."""
        given = {**self.options, **self.own, "problem": str(self.problem or "")}
        return {
            name: hashlib.sha256(json.dumps(value, default=str, sort_keys=True).encode("utf-8", "replace")).hexdigest()
            for name, value in given.items()
        }

    def _take(self, variable: str, given: Any) -> None:
        name = variable.removeprefix(PREFIX)
        if not is_known(variable):
            self._unknown(variable, given)
            return
        read = self._read(variable, {**OPTIONS, **OWN}[name], given)
        if read not in (None, "", [], {}):
            (self.own if name in OWN else self.options)[name] = read

    def _read(self, variable: str, what: Mapping[str, Any], given: Any) -> Any:
        if given is None or self._is_omitted(given):
            return None
        kind = what["type"]
        if kind == "list":
            return self._list(variable, given)
        if kind in ("str", "path"):
            return self._text(variable, given, bool(what.get("no_log")))
        if kind == "raw":
            return self._truth_or_list(variable, given)
        if kind == "verdicts":
            return _tolerated(variable, self._flat(given))
        if kind == "dict":
            return _dictionary(given)
        single = self._single(variable, given)
        return _switch(variable, single) if kind == "bool" else single

    def _is_omitted(self, given: Any) -> bool:
        return self._omitted is not None and isinstance(given, str) and given == self._omitted

    def _flat(self, given: Any) -> list[Any]:
        if not isinstance(given, (list, tuple)):
            return [given]
        return [item for part in given for item in self._flat(part) if item is not None and not self._is_omitted(item)]

    def _single(self, variable: str, given: Any) -> Any:
        items = self._flat(given)
        if len(items) > 1 or any(isinstance(item, Mapping) for item in items):
            raise OptionError(variable, "must be a single value")
        if not items:
            return None
        return items[0].strip() if isinstance(items[0], str) else items[0]

    def _text(self, variable: str, given: Any, secret: bool) -> str | None:
        single = self._single(variable, given)
        if single is None:
            return None
        if isinstance(single, int) and not isinstance(single, bool) and variable.removeprefix(PREFIX) in NUMERIC_TEXTS:
            return str(single)
        if not isinstance(single, str):
            advice = "it belongs in an environment variable or a file" if secret else f"{_LOSSY}: {_example(variable)}"
            raise OptionError(variable, f"arrives as {_kind(single)}, and must be text; {advice}")
        return single if secret else _unquoted(single)

    def _list(self, variable: str, given: Any) -> list[str]:
        if isinstance(given, str):
            text = given.strip()
            parsed = _json(text) if text.startswith("[") else None
            if not isinstance(parsed, list):
                if text.endswith(",") and not re.search(r"[\r\n]", text) and variable not in self._whole:
                    raise OptionError(
                        variable,
                        "ends in a comma: the command line has cut it at a space; "
                        f"""write -e '{{"{variable}": ["first", "second"]}}'""",
                    )
                parsed = re.split(r"[,\r\n]", text)
            given = parsed
        elif not isinstance(given, (list, tuple)):
            raise OptionError(
                variable, f"arrives as {_kind(given)}, and must be a list or text; {_LOSSY}: {_example(variable)}"
            )
        return [text for text in (self._item(variable, item) for item in self._flat(given)) if text]

    def _truth_or_list(self, variable: str, given: Any) -> bool | list[str] | None:
        found = self._flat(given)
        if len(found) == 1 and str(found[0]).strip().lower() in (*_YES, *_NO):
            return _switch(variable, str(found[0]).strip())
        return self._list(variable, given)

    @staticmethod
    def _item(variable: str, item: Any) -> str:
        if isinstance(item, str):
            return _unquoted(item.strip())
        if isinstance(item, int) and not isinstance(item, bool):
            return str(item)
        raise OptionError(variable, f"holds {_kind(item)}, and its items must be text; put quotes around each")

    def _unknown(self, variable: str, given: Any) -> None:
        # Names of results and artifacts of gates with a job_gate_id.
        if given is None or (isinstance(given, Mapping) and "verdict" in given):
            return
        near = difflib.get_close_matches(variable.removeprefix(PREFIX), [*OPTIONS, *OWN], 1, 0.5)
        advice = (
            f"; did you mean {PREFIX}{near[0]}?"
            if near
            else "; ansible-doc -t role datagate.huaweicloud.job_gate lists them"
        )
        raise OptionError(variable, f"is not a variable of the role job_gate{advice}")


def text_or_list(variable: str, given: Any, is_list: bool, whole: Collection[str] = ()) -> Any:
    """The text or the list of texts in a variable of a playbook, by the same rules as for a variable of the role.

    :param whole: names of variables whose text the command line cannot have cut.

    :raises OptionError: its value is neither, such as a number that was text before Ansible read it.
    """
    found = Variables({}, lambda name, raw: raw, whole=whole)
    return (
        (found._list(variable, given) if given is not None else [])
        if is_list
        else found._text(variable, given, False) or ""
    )


def cut(extra_vars: Iterable[str], parse: Callable[[str], Mapping[str, Any]]) -> None:
    """Reject a variable of the role that the command line has cut at a space.

    :param extra_vars: the values of ``-e``.
    :param parse: parses one value of the form ``name=value``; words without a name are in ``_raw_params``.
    :raises OptionError: a variable was cut.
    """
    for given in extra_vars:
        if given.lstrip()[:1] in ("@", "/", ".", "[", "{", ""):
            continue
        parts = parse(given)
        names = [name for name in parts if name.startswith(PREFIX)]
        lost = printable(str(parts.get("_raw_params") or ""), 60)
        if lost and names:
            problem = f"the command line has cut it at a space, and {lost!r} was lost; write"
            raise OptionError(names[-1], f"""{problem} -e '{{"{names[-1]}": "..."}}'""")


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1].strip()
    return text


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _dictionary(given: Any) -> Any:
    """A dictionary, or the unchanged value, which the module's check rejects with a clear message."""
    return _json(given) or given.strip() if isinstance(given, str) else given


def _switch(variable: str, given: Any) -> Any:
    if given in (None, ""):
        return None
    word = str(given).lower()
    if word not in _YES + _NO:
        raise OptionError(variable, f"must be true or false, not {printable(given, 40)!r}")
    return word in _YES


def _tolerated(variable: str, given: Iterable[Any]) -> list[str] | None:
    """The verdicts with which the play continues; the variable is a boolean or a list of verdicts."""
    words = [word.strip() for item in given for word in re.split(r"[,\r\n]", str(item)) if word.strip()]
    if len(words) == 1 and words[0].lower() in _YES + _NO:
        return list(TOLERABLE) if words[0].lower() in _YES else None
    for word in words:
        if word.upper() not in TOLERABLE:
            what = f"must be true, false or a list of {', '.join(TOLERABLE)}"
            raise OptionError(variable, f"{what}, not {printable(word, 40)!r}")
    return [word.upper() for word in words]


def _example(variable: str) -> str:
    return f"""{variable}: '"1.10"'"""


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, (int, float)):
        return f"the number {printable(value, 40)}"
    if isinstance(value, (datetime.date, datetime.datetime)):
        return "a date"
    return "a dictionary" if isinstance(value, Mapping) else "something else than text"
