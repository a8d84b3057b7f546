# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# shellcheck shell=sh
# Source this file. It sets the connection to an emulated cloud on port 8765, with its test user, and reduces Ansible's output.
# For the real cloud, set the first five variables to your own values, and omit the endpoints.

export HW_ACCESS_KEY=EMULATORACCESSKEY001
export HW_SECRET_KEY=emulatorSecretKey+/00000000000000000001
export HW_REGION_NAME=cn-north-4
export HW_PROJECT_ID=0123456789abcdef0123456789abcdef
unset HW_DATAARTS_WORKSPACE_ID
export HW_DATAARTS_ENDPOINT=http://127.0.0.1:8765
export HW_DLI_ENDPOINT=http://127.0.0.1:8765
export HW_IAM_ENDPOINT=http://127.0.0.1:8765

export ANSIBLE_CALLBACK_RESULT_FORMAT=yaml
export ANSIBLE_INJECT_FACT_VARS=false
export ANSIBLE_INVENTORY_UNPARSED_WARNING=false
export ANSIBLE_LOCALHOST_WARNING=false
