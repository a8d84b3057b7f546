#!/bin/sh
# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Prints the path of the Python for .venv. If there is none, prints the reason on stderr and exits with 1.
#
#     tools/find_python.sh            the best one found, or the one of PYTHON=/path/to/python
#     tools/find_python.sh --all      all interpreters that run, one "X.Y path" per line, oldest first
#
# nox and uv find interpreters as well, but are installed in .venv, which does not exist yet. For --all, `uv python list` searches only
# PATH, not the versions of pyenv, and fails for each shim without a version.
#
# Only commands of the shell are used, so the message is printed with any PATH. Each candidate is run, because shims of pyenv exist
# for versions that are not selected, and fail.
set -u

minimum=3.11
preferred='3.12 3.13 3.11 3.14 3.15'
every='3.9 3.10 3.11 3.12 3.13 3.14 3.15'

here=${0%/*}
[ "$here" = "$0" ] && here=.
root=$here/..

# Prints "X.Y.Z venv|none path" of an interpreter, nothing if it does not run. For a virtual environment, the path is that of the
# interpreter that created it, so no environment depends on another one.
probe() {
    "$1" -c '
import os, sys
try:
    import ensurepip, venv
    has = "venv"
except ImportError:
    has = "none"
path = getattr(sys, "_base_executable", None) or sys.executable
print("%d.%d.%d %s %s" % (sys.version_info[:3] + (has, os.path.abspath(path))))
' 2>/dev/null </dev/null
}

# at_least X.Y.Z X.Y
at_least() {
    have_major=${1%%.*}
    have_minor=${1#*.}
    have_minor=${have_minor%%.*}
    [ "$have_major" -gt "${2%%.*}" ] || { [ "$have_major" -eq "${2%%.*}" ] && [ "$have_minor" -ge "${2#*.}" ]; }
}

# The folders to search, one per line: those of PATH, then those of pyenv's versions.
folders() {
    rest=${PATH:-}:
    while [ -n "$rest" ]; do
        folder=${rest%%:*}
        rest=${rest#*:}
        [ -n "$folder" ] && printf '%s\n' "$folder"
    done
    pyenv_root=
    if command -v pyenv >/dev/null 2>&1; then
        pyenv_root=$(pyenv root 2>/dev/null)
    fi
    if [ -n "$pyenv_root" ]; then
        for folder in "$pyenv_root"/versions/*/bin; do
            [ -d "$folder" ] && printf '%s\n' "$folder"
        done
    fi
}

# first_named NAME VERSION-PREFIX [any]: of the programs with that name that run and have that version, the first that is accepted,
# or else the first (with "any" always the first).
first_named() {
    printf '%s\n' "$all_folders" | {
        other=
        while IFS= read -r folder; do
            [ -x "$folder/$1" ] && [ ! -d "$folder/$1" ] || continue
            line=$(probe "$folder/$1")
            case $line in
                "$2"[0-9]*) ;;
                *) continue ;;
            esac
            if [ "${3:-}" = any ] || accept "$line" >/dev/null; then
                other=$line
                break
            fi
            other=${other:-$line}
        done
        [ -n "$other" ] && printf '%s\n' "$other"
    }
}

needs() {
    printf '%s\n' \
        "  needed: Python $minimum or newer with its venv module (Debian and Ubuntu: apt-get install python3-venv)." \
        "          Only the development environment needs it; the modules run on Python 3.9 and newer." \
        "  If it is installed elsewhere, name it:  PYTHON=/path/to/python3.12 make ${MAKECMDGOALS:-test}" >&2
    exit 1
}

# accept "X.Y.Z venv|none path": prints the path if the version is new enough and has venv.
accept() {
    accept_version=${1%% *}
    accept_rest=${1#* }
    at_least "$accept_version" "$minimum" && [ "${accept_rest%% *}" = venv ] && printf '%s\n' "${accept_rest#* }"
}

describe() {
    describe_rest=${1#* }
    if [ "${describe_rest%% *}" = venv ] || ! at_least "${1%% *}" "$minimum"; then
        printf '%s (%s)\n' "${describe_rest#* }" "${1%% *}"
    else
        printf '%s (%s, without venv)\n' "${describe_rest#* }" "${1%% *}"
    fi
}

if [ "${1:-}" = --all ]; then
    all_folders=$(folders)
    for version in $every; do
        line=$(first_named "python$version" "$version." any)
        [ -n "$line" ] && printf '%s %s\n' "$version" "${line#* * }"
    done
    exit 0
fi

if [ -n "${PYTHON:-}" ]; then
    line=$(probe "$PYTHON")
    if [ -z "$line" ]; then
        printf '%s\n' "PYTHON=$PYTHON cannot be run as a Python interpreter." >&2
        needs
    fi
    accept "$line" && exit 0
    printf '%s\n' "PYTHON=$PYTHON cannot be used." "  found:  $(describe "$line")" >&2
    needs
fi

# An existing environment keeps its Python.
if [ -x "$root/.venv/bin/python" ]; then
    line=$(probe "$root/.venv/bin/python")
    [ -n "$line" ] && accept "$line" && exit 0
fi

all_folders=$(folders)
found=
for name in $preferred 3 ''; do
    line=$(first_named "python$name" "${name:+$name.}")
    [ -n "$line" ] || continue
    accept "$line" && exit 0
    described=$(describe "$line")
    case "$found" in
        *"(${line%% *}"*) ;;
        *) found="${found:+$found, }$described" ;;
    esac
done

printf '%s\n' "No suitable Python was found." "  found:  ${found:-no Python at all}" >&2
needs
