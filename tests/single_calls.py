# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Single calls over a session, for tests of the session itself: the services' tasks make several."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.calls import Call, Outcome, Task
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.http.exchange import Answer
from ansible_collections.datagate.huaweicloud.plugins.module_utils._cloud.session import Session
from ansible_collections.datagate.huaweicloud.plugins.module_utils._errors import RequestError


def single(call: Call) -> Task[Outcome]:
    """A task of one call; its result is the call's outcome."""
    (outcome,) = yield [call]
    return outcome


def get(session: Session, call: Call, deadline: float | None = None) -> Answer:
    """The answer to one call.

    :raises RequestError, CredentialsError: there is none.
    """
    outcome = session.complete(single(call), deadline)
    if isinstance(outcome, RequestError):
        raise outcome
    return outcome


def run(session: Session, calls: Iterable[Call], deadline: float | None = None) -> Iterator[tuple[Call, Outcome]]:
    """Calls with their outcomes, in the order in which they end.

    :raises RequestError, CredentialsError: what concerns every call.
    """
    for call in calls:
        session.begin(single(call), call, deadline)
    while ended := session.next():
        yield ended
