# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection and may change in any release. Do not import it from other collections.

"""Decides whether a failed request is sent again, and after which wait. A pure function, tested with a table.

A request that changes something (an order) must not be carried out twice. It is sent again only after an error that shows that the
service has not taken it: no connection came about, or the gateway throttled it (HTTP 429 with a gateway code), which happens before
a request reaches the service.
"""

from __future__ import annotations

from typing import Callable, Optional

from ..._error_codes import THROTTLED_CODE, gateway_number
from ..._errors import TRANSIENT, RequestError

RETRIED_STATUS = (429, 502, 503, 504)
THROTTLED = 429
THROTTLED_WAIT = (2.0, 5.0)  # seconds after a 429 without Retry-After
FIRST_BACKOFF = 0.5  # seconds before the first retry, doubled for each further one
MAX_BACKOFF = 10.0
MAX_RETRY_AFTER = 60.0  # seconds; the longest wait that is accepted without a deadline

Uniform = Callable[[float, float], float]


def wait_before_retry(
    error: RequestError, tries: int, retries: int, left: Optional[float], uniform: Uniform, is_order: bool = False
) -> Optional[float]:
    """Seconds to wait before the request is sent again; None where it is not sent again.

    :param tries: how often it was sent so far.
    :param retries: how often it may be sent again after the first time.
    :param left: seconds until the deadline, None for no deadline. A wait that would end later is not begun.
    :param uniform: a random number between two bounds.
    :param is_order: whether the request changes something.
    """
    is_passing = error.status in RETRIED_STATUS or (error.status is None and error.kind == TRANSIENT)
    if not is_passing or tries > retries or (is_order and not was_not_taken(error)):
        return None
    if error.retry_after is not None:
        wait = error.retry_after
    elif error.status == THROTTLED:
        wait = uniform(*THROTTLED_WAIT)
    else:
        wait = min(MAX_BACKOFF, FIRST_BACKOFF * 2 ** (tries - 1)) * uniform(0.5, 1.0)
    is_acceptable = wait <= MAX_RETRY_AFTER if left is None else wait < left
    return wait if is_acceptable else None


def was_not_taken(error: RequestError) -> bool:
    """Whether an error shows that the service has not taken the request, so that sending it again cannot carry it out twice."""
    is_throttled = error.status == THROTTLED and gateway_number(error.error_code) == THROTTLED_CODE
    return is_throttled or not error.was_sent
