"""What the demo shows, step by step."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil  # type: ignore[import-untyped]  # a dependency of Airflow, without type information

from airflow_provider_datapipeline.emulator import Behaviour, EmulatorServer
from tests.demo.expected import EXPECTED
from tests.demo.pipeline import Pipeline, client
from tests.demo.polling import Poller
from tests.demo.table import Row, differences, rows, table
from tests.real.harness import Deployment, DeploymentError, guard
from tests.real.harness.settings import REPOSITORY
from tests.real.harness.waiting import wait_until
from tests.real.reporting.account import connection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datapipeline.emulator import Service

LIMIT_SECONDS = 240
WORKER_GROUP = "airflow"
DEFINITION = Path(__file__).with_name("pipeline.json")
TO_KILL = "Killed"

Say = Callable[[str], None]


class TimeIsUp(BaseException):  # not an Exception: botocore and others take those for their own
    """The demo has taken too long."""


class Demo:
    """
    An emulated Data Pipeline and a real Airflow that works for it.

    :param folder: empty; everything is written there
    :param say: is told what happens
    """

    def __init__(self, folder: Path, say: Say):
        self.logs = folder
        self._say = say
        self._found: list[Row] = []

    def run(self, *, keep: bool) -> list[str]:
        """
        Run the pipeline and show how it ended; return what is not as expected.

        :param keep: let Airflow and the emulator go on until ctrl-C
        :raises TimeIsUp: not at the end within ``LIMIT_SECONDS``
        """
        with ExitStack() as stack:
            with time_limit(LIMIT_SECONDS):
                server = stack.enter_context(EmulatorServer(Behaviour(long_poll_seconds=0.5)))
                stack.callback(self._write_requests, server.service)
                self._say(f"The emulated AWS Data Pipeline is up at {server.url}")
                deployment = self._deployment(server.url)
                stack.enter_context(deployment)
                unexpected = self._show(server.url, deployment)
            if keep:
                self._wait_for_interrupt(server.url, deployment)
        return unexpected

    def _deployment(self, service_url: str) -> Deployment:
        # Before Airflow starts, so that its first look into the folder finds the files.
        deployment = Deployment(
            self.logs / "airflow", {"AIRFLOW_CONN_AWS_DEFAULT": connection(service_url)}, progress=self._say
        )
        deployment.dags_folder.mkdir(parents=True)
        deployment.add_dag_files(REPOSITORY / "example_dags")
        return deployment

    def _show(self, service_url: str, deployment: Deployment) -> list[str]:
        definition = json.loads(DEFINITION.read_text())
        dag_ids = {each["myDagId"] for each in definition["objects"] if "myDagId" in each}
        _wait_for_dags(deployment, dag_ids)
        self._say(f"Airflow knows the {len(dag_ids)} DAGs that the pipeline names")
        service = client(service_url)
        pipeline = Pipeline(service, "demo", definition)
        self._say(f"Pipeline {pipeline.id} of {DEFINITION.name} is put and activated")
        poller = Poller(service, WORKER_GROUP, deployment, self._say)
        try:
            self._follow(pipeline, poller, _Killer(deployment, self._say))
        finally:
            if self._found:
                print(f"\n{table(self._found, EXPECTED)}\n", flush=True)
        tries = {component_id: _tries(deployment, *run) for component_id, run in poller.runs.items()}
        for component_id, number in tries.items():
            if number > 1:
                self._say(f"{component_id}: {number} tries in Airflow, one attempt in Data Pipeline")
        unexpected = differences(self._found, EXPECTED, tries)
        for difference in unexpected:
            self._say(f"NOT AS EXPECTED: {difference}")
        return unexpected

    def _follow(self, pipeline: Pipeline, poller: Poller, killer: _Killer) -> None:
        """Return when the last attempt has ended, and tell of every change until then."""
        seen: dict[str, str] = {}
        while True:
            poller.work()
            if TO_KILL in poller.runs:
                killer.work(*poller.runs[TO_KILL])
            self._found = rows(pipeline.runs())
            for row in self._found:
                text = _news(row)
                if text and seen.get(row.name) != text:
                    seen[row.name] = text
                    self._say(f"{row.name}: {text}")
            if all(row.has_ended for row in self._found):
                return

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


class _Killer:
    """Kills the task's process, once its command runs, as the kernel does when memory is short."""

    def __init__(self, deployment: Deployment, say: Say):
        self._deployment = deployment
        self._say = say
        self._is_done = False

    def work(self, dag_id: str, run_id: str) -> None:
        """Kill it if it is time to; may be called again and again."""
        if self._is_done:
            return
        instance = self._deployment.task_instance(dag_id, run_id, "command")
        if instance is None or instance["state"] != "running" or not instance["pid"]:
            return
        children = psutil.Process(instance["pid"]).children(recursive=True)
        if not any(child.name() == "sleep" for child in children):
            return
        guard.send(instance["pid"], signal.SIGKILL)
        for child in children:  # orphans now, and in a session of their own: nobody else would end them
            guard.send(child.pid, signal.SIGKILL)
        self._is_done = True
        self._say(f"{TO_KILL}: sent SIGKILL to its task, process {instance['pid']}")


def _wait_for_dags(deployment: Deployment, dag_ids: set[str]) -> None:
    """Return when Airflow can run all of these; a DAG file that cannot be imported ends the wait."""

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
    """What is worth a line when it changes; nothing before the runner has the task."""
    if row.has_ended:
        return row.status if row.number else f"{row.status}, never started"
    progress = row.fields.get("percentComplete")
    return f"{row.status}, {progress} %" if progress else ""


def _tries(deployment: Deployment, dag_id: str, run_id: str) -> int:
    return max(int(instance["try_number"]) for instance in deployment.task_instances(dag_id, run_id))


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeIsUp in whatever goes on after that time; only in the main thread."""

    def ring(*_: object) -> None:
        raise TimeIsUp(f"The demo has not come to its end within {seconds:g} s")

    previous = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
