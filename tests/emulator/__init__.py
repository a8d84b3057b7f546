# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An emulator of the parts of the cloud that the collection uses: DataArts Factory, DLI, IAM, VM metadata."""

from __future__ import annotations

from .constants import (
    ACCESS_KEY,
    AUTH_TOKEN,
    DOMAIN_NAME,
    OTHER_DOMAIN_ID,
    OTHER_DOMAIN_NAME,
    PROJECT_ID,
    REGION,
    SECRET_KEY,
    USER_NAME,
    USER_PASSWORD,
)
from .journal import Record
from .recording import Recording, Replay, read_recording
from .replay import ReplayingCloud
from .running import Emulator, running
from .scenario import Scenario, load
from .section import ScenarioError

__all__ = [
    "ACCESS_KEY",
    "AUTH_TOKEN",
    "DOMAIN_NAME",
    "OTHER_DOMAIN_ID",
    "OTHER_DOMAIN_NAME",
    "PROJECT_ID",
    "REGION",
    "SECRET_KEY",
    "USER_NAME",
    "USER_PASSWORD",
    "Emulator",
    "Record",
    "Recording",
    "Replay",
    "ReplayingCloud",
    "Scenario",
    "ScenarioError",
    "load",
    "read_recording",
    "running",
]
