# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drawn scripts of jobs against drawn options: the gate and a second, naive model must agree.

The model is :func:`expect` of ``gate_model.py``; it shares nothing with the gate but the text of what the gate promises.
"""

from __future__ import annotations
