# Copyright (c) datagate contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`python -m tests.emulator SCENARIO.yml`, or `--replay FILE`: run the emulator until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import ssl
import sys
from pathlib import Path
from typing import Any

from .cloud import Cloud
from .recording import read_recording
from .replay import ReplayingCloud
from .scenario import Scenario, load
from .section import ScenarioError
from .server import Server, tls_context
from .vendor import MISSING, load_oracle


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.emulator", description=__doc__)
    parser.add_argument("scenario", type=Path, nargs="?", help="scenario file (YAML)")
    parser.add_argument(
        "--replay", type=Path, metavar="FILE", help="serve the answers of this recording, at their times"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: one that is free)")
    parser.add_argument("--ready-file", type=Path, help="write the URL there when ready")
    parser.add_argument("--latency", type=float, help="seconds added to every answer, in place of the scenario's")
    parser.add_argument("--certfile", type=Path, help="serve https with this certificate (PEM)")
    parser.add_argument("--keyfile", type=Path, help="its private key (default: in the certificate's file)")
    parser.add_argument("--client-ca", type=Path, help="demand a client certificate of this CA")
    parsed = parser.parse_args(arguments)
    if (parsed.scenario is None) == (parsed.replay is None):
        parser.error("give a scenario or --replay FILE, and only one of them")
    if parsed.certfile is None and (parsed.keyfile or parsed.client_ca):
        parser.error("--keyfile and --client-ca need --certfile")
    return parsed


def emulate(scenario: Scenario) -> Cloud:
    """The cloud of a scenario."""
    oracle = load_oracle() if scenario.authentication else None
    if scenario.authentication and oracle is None:
        print(f"emulator: {MISSING}", file=sys.stderr, flush=True)
    return Cloud(scenario, oracle)


async def serve(cloud: Cloud, options: argparse.Namespace, tls: ssl.SSLContext | None) -> int:
    """Serve until a signal; returns the exit code."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = Server(cloud)
    try:
        url = await server.start(options.host, options.port, tls)
    except OSError as error:
        print(f"emulator: cannot listen on {options.host}:{options.port}: {error}", file=sys.stderr)
        return 1
    if options.ready_file is not None:
        partial = options.ready_file.with_name(options.ready_file.name + ".partial")
        partial.write_text(url + "\n", encoding="utf-8")
        os.replace(partial, options.ready_file)
    print(f"Emulator ready at {url}", flush=True)
    await stop.wait()
    await server.stop()
    return 1 if server.failures else 0


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    options = parse_arguments(arguments)
    overrides: dict[str, Any] = {} if options.latency is None else {"latency": options.latency}
    try:
        if options.replay is not None:
            recording = read_recording(options.replay)
            cloud: Cloud = ReplayingCloud(recording, **overrides)
            print("\n".join(["Ask with", *(f"  {line}" for line in recording.questions())]), flush=True)
        else:
            cloud = emulate(load(options.scenario, **overrides))
        tls = None
        if options.certfile is not None:
            tls = tls_context(options.certfile, options.keyfile or options.certfile, options.client_ca)
    except (ScenarioError, OSError) as error:
        print(f"emulator: {error}", file=sys.stderr)
        return 2
    return asyncio.run(serve(cloud, options, tls))


if __name__ == "__main__":
    sys.exit(main())
