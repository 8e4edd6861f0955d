"""``python -m airflow_provider_datapipeline.emulator`` runs the emulator as a process."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from airflow_provider_datapipeline.emulator.credentials import Credentials
from airflow_provider_datapipeline.emulator.errors import ServiceError
from airflow_provider_datapipeline.emulator.server import DEFAULT_CREDENTIALS, EmulatorServer
from airflow_provider_datapipeline.emulator.service import DEFAULT_REGION, Service
from airflow_provider_datapipeline.emulator.settings import EmulatorSettings

DEFAULT_PORT = 4999


def main(arguments: list[str] | None = None) -> int:
    """
    Print one line with the address, and serve until ctrl-C.

    :return: the exit status 0, after ctrl-C
    :raises SystemExit: status 2, because an option cannot be used
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        if options.behaviour:
            sys.stderr.write("--behaviour is now --setting. Version 0.4 drops the old name.\n")
        service = Service(EmulatorSettings().with_texts([*options.behaviour, *options.setting]))
        for path in options.definition:
            document = json.loads(path.read_text(encoding="utf-8"))
            service.start_pipeline(document, name=path.stem, unique_id=path.name, region=options.region)
        credentials = _credentials(options.credentials, options.policy)
        server = EmulatorServer(service, port=options.port, host=options.host, credentials=credentials)
    except (ValueError, OSError, ServiceError) as error:
        parser.error(str(error))
    sys.stdout.write(f"AWS Data Pipeline emulator at {server.url}\n")
    sys.stdout.flush()
    try:
        server.run()
    except KeyboardInterrupt:
        return 0
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m airflow_provider_datapipeline.emulator",
        description="A local AWS Data Pipeline with the task-runner half. Ctrl-C ends it; nothing is kept.",
    )
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="TCP port, 0 for any (default: %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--definition",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="pipeline definition file (JSON) to create and activate at the start; may be repeated",
    )
    parser.add_argument("--region", default=DEFAULT_REGION, help="region of those pipelines (default: %(default)s)")
    parser.add_argument("--credentials", metavar="KEY:SECRET", help="the only accepted key pair (default: test:test)")
    parser.add_argument(
        "--policy",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="IAM policy (JSON) of that key pair, which then may do only what its policies allow; may be repeated",
    )
    parser.add_argument(
        "--setting",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a setting of EmulatorSettings, e.g. retry_delay_minimum_seconds=0; may be repeated",
    )
    parser.add_argument("--behaviour", action="append", default=[], help=argparse.SUPPRESS)  # the old name
    return parser


def _credentials(key_pair: str | None, files: list[Path]) -> Credentials | None:
    if key_pair is None and not files:
        return None
    access_key, secret = _key_pair(key_pair) if key_pair else next(iter(DEFAULT_CREDENTIALS.items()))
    credentials = Credentials()
    policies = [path.read_text(encoding="utf-8") for path in files]
    credentials.add(access_key, secret, policies=policies or None)
    return credentials


def _key_pair(text: str) -> tuple[str, str]:
    key, separator, secret = text.partition(":")
    if not (key and separator and secret):
        raise ValueError("--credentials is KEY:SECRET")
    return key, secret


if __name__ == "__main__":
    sys.exit(main())
