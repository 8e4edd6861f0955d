"""One real Airflow: its processes, its DAG files, its runs."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import urlsplit

from tests.support.harness.guard import end_sessions, parent_of
from tests.support.harness.logs import Logs
from tests.support.harness.processes import Component, Guard, TaskProcess
from tests.support.harness.rest import RestClient
from tests.support.harness.settings import AIRFLOW_VERSION, LAYOUT, environment, free_port
from tests.support.harness.waiting import DeploymentError, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

TERMINAL_RUN_STATES = frozenset({"success", "failed"})
TERMINAL_TASK_STATES = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})

T = TypeVar("T")


class Deployment:
    """
    The Airflow of the running interpreter, by default with SQLite and LocalExecutor, on free ports of the loopback
    interface.

    A context manager. It writes all its files, logs included, to ``home``; the caller removes them. Its processes end
    when the present process ends, however that happens.

    :param home: AIRFLOW_HOME; an empty folder
    :param variables: additional environment of every process: settings (``AIRFLOW__SECTION__NAME``) and connections
        (``AIRFLOW_CONN_...``)
    :param components: the arguments of ``airflow`` for each component, by its name; ``{execution_port}`` in them is
        replaced. Several components of a kind have numbers, ``scheduler-1`` and ``scheduler-2``. By default the
        deployment has one of each kind that Airflow needs
    :param progress: is called with a sentence for each step of the start
    """

    def __init__(
        self,
        home: Path,
        variables: Mapping[str, str] | None = None,
        *,
        components: Mapping[str, list[str]] = LAYOUT.components,
        progress: Callable[[str], None] = lambda _: None,
    ):
        self.home = home.resolve()
        self.dags_folder = self.home / "dags"
        self.logs = Logs(self.home / "logs")
        self._progress = progress
        self._layout = components
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        self._execution_port = free_port()
        self.environment = environment(self.home, port, self._execution_port, variables or {})
        self._rest = RestClient(self.address)
        self._guard: Guard | None = None
        self._components: dict[str, Component] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, *, timeout: float = 120) -> None:
        """
        Create the database, start every process, and return when all are healthy.

        :raises DeploymentError: a process ended or was not healthy in time; the text has the logs, and nothing runs
        """
        self.dags_folder.mkdir(parents=True, exist_ok=True)
        # Airflow 2 only: every caller of its web server is an administrator.
        (self.home / "webserver_config.py").write_text("AUTH_ROLE_PUBLIC = 'Admin'\nWTF_CSRF_ENABLED = False\n")
        self._progress(f"Creating the database of Airflow {AIRFLOW_VERSION}")
        self.cli("db", "migrate")
        self._guard = Guard()
        self._progress(f"Starting {', '.join(self._layout)}")
        for name, templates in self._layout.items():
            arguments = [template.format(execution_port=self._execution_port) for template in templates]
            command = [sys.executable, "-m", "airflow", *arguments]
            component = Component(
                name, command, environment=self.environment, log=self.logs.component_path(name), watch=self._guard
            )
            self._components[name] = component
            component.start()
        try:
            self.wait_until_healthy(timeout=timeout)
        except BaseException:
            self.stop()
            raise
        self._progress(f"Airflow is up at {self.address}")

    def stop(self) -> None:
        """End every process of the deployment by force; harmless when there is none."""
        end_sessions([component.pid for component in self._components.values() if component.started], grace=0)
        for component in self._components.values():
            component.stop(grace=0)
        self._components = {}
        if self._guard is not None:
            self._guard.close()
            self._guard = None
        self._rest.close()

    def component(self, name: str) -> Component:
        """
        Return a component by its name.

        By default there are ``api-server`` (Airflow 2: ``webserver``), ``scheduler``, ``dag-processor`` (Airflow 3),
        ``triggerer`` and ``execution-api`` (Airflow 3).
        """
        return self._components[name]

    @property
    def components(self) -> list[Component]:
        """All components."""
        return list(self._components.values())

    def wait_until_healthy(self, *, timeout: float = 120) -> None:
        """Return when every component runs and reports that it is healthy."""

        def healthy() -> bool | None:
            health = self._rest.health()
            if not health:
                return None
            return all(is_healthy(component, health) for component in self._components.values()) or None

        def is_healthy(component: Component, health: dict[str, dict[str, Any]]) -> bool:
            part = component.role.replace("-", "_")
            if part not in health:
                return True  # the HTTP server itself has just answered, and it knows nothing about workers
            report = health[part]
            return report["status"] == "healthy" and component.has_written(report[f"latest_{part}_heartbeat"])

        def ended() -> str | None:
            gone = [component for component in self._components.values() if not component.runs]
            return "; ".join(f"{component.name} ended with status {component.exit_status}" for component in gone)

        self._wait(healthy, "all components to be healthy", timeout, lambda: f"health: {self._rest.health()}", ended)

    def cli(self, *arguments: str, timeout: float = 120) -> str:
        """
        Run ``airflow`` with these arguments in the deployment's environment; return its standard output.

        :raises DeploymentError: its exit status is not 0; the text has all its output
        """
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode != 0:
            raise DeploymentError(
                f"airflow {' '.join(arguments)}: status {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return done.stdout

    # DAG files

    def add_dag_file(self, name: str, source: str) -> Path:
        """Write or replace a DAG file in one step, so that Airflow never reads half of it."""
        path = self.dags_folder / name
        draft = path.with_suffix(".draft")
        draft.write_text(source)
        return draft.rename(path)

    def add_dag_files(self, folder: Path) -> None:
        """Copy every Python file of a folder into the DAGs folder."""
        for path in sorted(folder.glob("*.py")):
            self.add_dag_file(path.name, path.read_text())

    def wait_for_dag(self, dag_id: str, *, timeout: float = 60) -> None:
        """Return when Airflow knows the DAG and can run it."""

        self._wait(
            lambda: self._knows(dag_id) or None,
            f"the DAG {dag_id}",
            timeout,
            lambda: f"import errors: {self.import_errors()}",
        )

    def wait_until_unknown(self, dag_id: str, *, timeout: float = 60) -> None:
        """Return when Airflow does not know the DAG, or has lost it."""
        self._wait(lambda: not self._knows(dag_id) or None, f"the DAG {dag_id} to be lost", timeout, lambda: "")

    def _knows(self, dag_id: str) -> bool:
        dag = self._rest.dag(dag_id)
        return not (dag is None or dag.get("is_stale") or dag.get("is_active") is False or dag["has_import_errors"])

    def import_errors(self) -> dict[str, str]:
        """Stack trace of each DAG file that could not be imported, by file name."""
        return self._rest.import_errors()

    def plugins(self) -> list[str]:
        """Name of each plugin that the HTTP server has loaded."""
        return self._rest.plugins()

    def connect_to_own_api(self, conn_id: str) -> None:
        """Give every process a connection to the deployment's own API server; call it before the start."""
        address = urlsplit(self.address)
        self.environment[f"AIRFLOW_CONN_{conn_id.upper()}"] = json.dumps(
            {"conn_type": "http", "host": address.hostname, "port": address.port}
        )

    def set_connection(self, conn_id: str, conn_type: str, **fields: str) -> None:
        """Create a connection in Airflow's database, or replace the one with this id; Airflow 3 only."""
        self._rest.set_connection({"connection_id": conn_id, "conn_type": conn_type, **fields})

    # Runs

    def trigger(self, dag_id: str, run_id: str | None = None, conf: Mapping[str, Any] | None = None) -> str:
        """Wait until Airflow knows the DAG, and create a run of it; return the run's id, by default a random one."""
        self.wait_for_dag(dag_id)
        run_id = run_id or f"run-{uuid.uuid4().hex[:8]}"
        self._rest.trigger(dag_id, run_id, conf or {})
        return run_id

    def runs(self) -> list[dict[str, Any]]:
        """Every run of every DAG, as many as ``[api] maximum_page_limit`` allows."""
        return self._rest.runs()

    def running_task_instances(self) -> list[dict[str, Any]]:
        """The task instances of every DAG that run now, as many as ``[api] maximum_page_limit`` allows."""
        return self._rest.running_task_instances()

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Return a run as the REST API gives it (``state``, ``end_date``, ``conf``, ...)."""
        run = self._rest.run(dag_id, run_id)
        assert run is not None, f"there is no run {run_id} of {dag_id}"
        return run

    def run_state(self, dag_id: str, run_id: str) -> str | None:
        """Return the state of a run, None if there is no such run."""
        run = self._rest.run(dag_id, run_id)
        return run["state"] if run else None

    def wait_for_run(
        self, dag_id: str, run_id: str, states: Collection[str] = TERMINAL_RUN_STATES, *, timeout: float = 90
    ) -> str:
        """Wait until the run is in one of the states; return the state."""

        def reached() -> str | None:
            state = self.run_state(dag_id, run_id)
            return state if state in states else None

        what = f"run {run_id} of {dag_id} to be {' or '.join(sorted(states))}"
        return self._wait(reached, what, timeout, lambda: self._describe(dag_id, run_id))

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the task instances of a run as the REST API gives them (``task_id``, ``state``, ``try_number``)."""
        return self._rest.task_instances(dag_id, run_id)

    def task_instance(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> dict[str, Any] | None:
        """Return one task instance of a run, None if there is no such instance."""
        for instance in self.task_instances(dag_id, run_id):
            if (instance["task_id"], instance["map_index"]) == (task_id, map_index):
                return instance
        return None

    def wait_for_task(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        states: Collection[str] = TERMINAL_TASK_STATES,
        *,
        map_index: int = -1,
        try_number: int = 1,
        timeout: float = 90,
    ) -> dict[str, Any]:
        """Wait until the task instance, in this try or a later one, is in one of the states; return the instance."""

        def reached() -> dict[str, Any] | None:
            instance = self.task_instance(dag_id, run_id, task_id, map_index)
            if instance is None or instance["state"] not in states or instance["try_number"] < try_number:
                return None
            return instance

        what = f"task {task_id} of run {run_id} of {dag_id} to be {' or '.join(sorted(states))}"
        return self._wait(reached, what, timeout, lambda: self._describe(dag_id, run_id))

    def task_process(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        *,
        map_index: int = -1,
        try_number: int = 1,
        timeout: float = 60,
    ) -> TaskProcess:
        """Wait until the task runs; return its processes."""

        def found() -> TaskProcess | None:
            instance = self.task_instance(dag_id, run_id, task_id, map_index)
            if instance is None or instance["state"] != "running" or instance["try_number"] < try_number:
                return None
            return TaskProcess(instance["pid"], parent_of(instance["pid"])) if instance["pid"] else None

        what = f"task {task_id} of run {run_id} of {dag_id} to run"
        return self._wait(found, what, timeout, lambda: self._describe(dag_id, run_id))

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value", *, map_index: int = -1) -> Any:
        """Return the value of an XCom, None if there is no such XCom."""
        entry = self._rest.xcom(dag_id, run_id, task_id, key, map_index)
        return entry["value"] if entry else None

    def set_run_state(self, dag_id: str, run_id: str, state: str) -> dict[str, Any]:
        """Mark a run as a user of the web interface would; return the run as :meth:`run` does."""
        return self._rest.set_run_state(dag_id, run_id, state)

    def set_task_state(self, dag_id: str, run_id: str, task_id: str, state: str) -> None:
        """Mark a task instance as a user of the web interface would."""
        self._rest.set_task_state(dag_id, run_id, task_id, state)

    def clear(self, dag_id: str, run_id: str, task_ids: list[str] | None = None) -> None:
        """Clear task instances of a run in any state, so that they run again; by default all instances."""
        self._rest.clear(dag_id, run_id, task_ids)

    def _describe(self, dag_id: str, run_id: str) -> str:
        tasks = [
            f"  {instance['task_id']}[{instance['map_index']}]: {instance['state']}, try {instance['try_number']}"
            for instance in self.task_instances(dag_id, run_id)
        ]
        return "\n".join([f"the run is {self.run_state(dag_id, run_id)}, its tasks:", *tasks])

    def _wait(
        self,
        condition: Callable[[], T | None],
        what: str,
        timeout: float,
        last_seen: Callable[[], str],
        give_up: Callable[[], str | None] = lambda: None,
    ) -> T:
        def last_seen_and_logs() -> str:
            return f"{last_seen()}\nlogs: {self.logs.folder}\n{self.logs.tails()}"

        return wait_until(condition, what, timeout=timeout, last_seen=last_seen_and_logs, give_up=give_up)
