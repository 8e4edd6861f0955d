"""The steps of the demo."""

from __future__ import annotations

import json
import signal
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_datapipeline.emulator import EmulatorServer, EmulatorSettings
from tests.demo.expected import EXPECTED
from tests.demo.pipeline import Pipeline, client
from tests.demo.table import Row, differences, rows, table
from tests.demo.targets import TO_CANCEL, TO_KILL, Canceler, Killer, Say, Targets
from tests.support.harness import DeploymentError
from tests.support.harness.settings import REPOSITORY
from tests.support.harness.waiting import wait_until
from tests.support.task_runner import prepare_airflow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datapipeline.emulator import Service
    from tests.support.harness import Deployment

LIMIT_SECONDS = 300
WORKER_GROUP = "airflow"
RUNNER = "example_datapipeline_runner"
NO_SUCH_DAG = "no_such_dag"
LONG_WORK = "LongWork"
DEFINITION = Path(__file__).with_name("pipeline.json")
DAGS = (REPOSITORY / "example_dags", Path(__file__).with_name("dags"))

# A failed attempt is repeated at once; the real service waits for two minutes at least.
EMULATOR_SETTINGS = EmulatorSettings(retry_delay_minimum_seconds=0, retry_delay_default_seconds=0)


class TimeIsUp(BaseException):  # not an Exception: botocore and others catch every Exception
    """The demo has taken too long."""


class Demo:
    """
    An emulated Data Pipeline and a real Airflow that executes its tasks.

    :param folder: an empty folder for all files of the demo
    :param say: is called with a sentence about each thing that happens
    """

    def __init__(self, folder: Path, say: Say):
        self.logs = folder
        self._say = say
        self._found: list[Row] = []
        self._result = folder.resolve() / "result"

    def run(self, *, keep: bool) -> list[str]:
        """
        Run the pipeline and show how it ended; return a sentence about each difference from what is expected.

        :param keep: whether Airflow and the emulator run on until ctrl-C
        :raises TimeIsUp: the pipeline did not end within ``LIMIT_SECONDS``
        """
        with ExitStack() as stack:
            with time_limit(LIMIT_SECONDS):
                server = stack.enter_context(EmulatorServer(EMULATOR_SETTINGS))
                stack.callback(self._write_requests, server.service)
                self._say(f"The emulated AWS Data Pipeline is up at {server.url}")
                deployment = stack.enter_context(self._prepare_airflow(server))
                unexpected = self._show(server, deployment)
            if keep:
                self._wait_for_interrupt(server.url, deployment)
        return unexpected

    def _prepare_airflow(self, server: EmulatorServer) -> Deployment:
        variables = {
            "AIRFLOW_CONN_SQLITE_DEFAULT": json.dumps(
                {"conn_type": "sqlite", "host": str(self.logs.resolve() / "orders.db")}
            ),
            "AIRFLOW_CONN_FS_DEFAULT": json.dumps({"conn_type": "fs"}),
            "AIRFLOW_VAR_DEMO_RESULT": str(self._result),
        }
        return prepare_airflow(self.logs / "airflow", server, variables, dag_folders=DAGS, progress=self._say)

    def _show(self, server: EmulatorServer, deployment: Deployment) -> list[str]:
        definition = json.loads(DEFINITION.read_text())
        dag_ids = {each["myDagId"] for each in definition["objects"] if "myDagId" in each} - {NO_SUCH_DAG}
        _wait_for_dags(deployment, dag_ids | {RUNNER, f"{RUNNER}_poller"})
        self._say(f"Airflow knows the {len(dag_ids)} DAGs that the pipeline names, and the task runner's two")
        wait_until(
            lambda: server.service.received("PollForTask") or None,
            "the task runner to poll",
            timeout=60,
            last_seen=deployment.logs.tails,
        )
        self._say(f"The task runner polls worker group {WORKER_GROUP}")
        pipeline = Pipeline(client(server.url), "demo", definition)
        self._say(f"Pipeline {pipeline.id} of {DEFINITION.name} is put and activated")
        targets = Targets(server.service, deployment, pipeline)
        try:
            self._follow(targets)
        finally:
            measured = targets.measured(self._found)
            if self._found:
                print(f"\n{table(self._found, EXPECTED, measured)}\n", flush=True)
        unexpected = differences(self._found, EXPECTED, measured)
        for difference in unexpected:
            self._say(f"NOT AS EXPECTED: {difference}")
        return unexpected

    def _follow(self, targets: Targets) -> None:
        """Report each change until the last attempt has ended and the processes of the canceled run are gone."""
        killer = Killer(targets.deployment, self._say)
        canceler = Canceler(targets.deployment, targets.pipeline, self._say)
        seen: dict[str, str] = {}

        def have_all_ended() -> bool | None:
            self._found = rows(targets.pipeline.runs())
            for row in self._found:
                if row.component_id == TO_KILL:
                    killer.work(targets.run_of(row))
                if row.component_id == TO_CANCEL:
                    canceler.work(row, targets.run_of(row))
                if row.component_id == LONG_WORK and row.progress >= EXPECTED[LONG_WORK].progress:
                    self._result.touch()
                text = _news(row)
                if text and seen.get(row.name) != text:
                    seen[row.name] = text
                    self._say(f"{row.name}: {text}")
            return (all(row.has_ended for row in self._found) and not canceler.waits) or None

        wait_until(have_all_ended, "every attempt to end", timeout=LIMIT_SECONDS)

    def _wait_for_interrupt(self, service_url: str, deployment: Deployment) -> None:
        self._say(f"Airflow stays up at {deployment.address} (no password)")
        self._say(f"AWS Data Pipeline stays up at {service_url} (us-east-1, access key and secret are both: test)")
        self._say("Ctrl-C ends both")
        with suppress(KeyboardInterrupt):
            while True:
                signal.pause()

    def _write_requests(self, service: Service) -> None:
        lines = [
            f"{each.received:%H:%M:%S.%f} {each.operation} {each.status} {each.error_code or ''}".rstrip()
            for each in service.requests
        ]
        (self.logs / "data-pipeline-requests.log").write_text("\n".join([*lines, ""]))


def _wait_for_dags(deployment: Deployment, dag_ids: set[str]) -> None:
    """Return when Airflow can run all these DAGs; give up when a DAG file cannot be imported."""

    def is_known(dag_id: str) -> bool:
        with suppress(DeploymentError):
            deployment.wait_for_dag(dag_id, timeout=0)
            return True
        return False

    def broken() -> str:
        return "\n".join(deployment.import_errors().values())

    wait_until(
        lambda: all(map(is_known, dag_ids)) or None,
        f"Airflow to know {', '.join(sorted(dag_ids))}",
        timeout=60,
        give_up=lambda: broken() or None,
    )


def _news(row: Row) -> str:
    """Return the text to print when it changes; empty before the task runner has the task."""
    if row.has_ended:
        return row.status if row.number else f"{row.status}, never started"
    progress = row.fields.get("percentComplete")
    return f"{row.status}, {progress} %" if progress else ""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeIsUp after this time in the code that then runs. Works only in the main thread."""

    def ring(*_: object) -> None:
        raise TimeIsUp(f"The demo has not come to its end within {seconds:g} s")

    previous = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
