"""
Sixty tasks at once, with the settings of a real deployment: each is handed out once and reported once.

``TASKS=200`` in the environment submits 200 tasks instead; ``BUSY=1`` keeps one core busy meanwhile.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from airflow_provider_datapipeline.emulator import EmulatorServer, EmulatorSettings
from tests.support.account import REGION
from tests.support.harness.settings import AIRFLOWS_OWN_INTERVALS, IS_AIRFLOW_3
from tests.support.harness.waiting import wait_until
from tests.support.submissions import Submissions
from tests.support.task_runner import own_postgresql, prepare_airflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

if not IS_AIRFLOW_3:
    pytest.skip("the task runner needs Airflow 3", allow_module_level=True)

TASKS = int(os.environ.get("TASKS", "60"))
BUSY = int(os.environ.get("BUSY", "0"))
LONGEST_SECONDS = 900

DAGS = '''
"""The task runner, and a DAG for it to run."""

from airflow.sdk import DAG, task

from airflow_provider_datapipeline.task_runner import data_pipeline_task_runner

poller, runner = data_pipeline_task_runner(worker_group="airflow", airflow_conn_id="airflow_api")

with DAG("target", schedule=None, max_active_runs=100):
    task(task_id="work")(lambda: None)()
'''


@contextmanager
def busy_cores(number: int) -> Iterator[None]:
    """Keep this many cores busy until the context ends."""
    with ExitStack() as stack:
        for _ in range(number):
            process = stack.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            stack.callback(process.kill)
        yield


def test_each_is_handed_out_once_and_reported_once(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with EmulatorServer(EmulatorSettings(enforce_rates=True)) as server, busy_cores(BUSY):
        airflow = prepare_airflow(tmp_path / "home", server, AIRFLOWS_OWN_INTERVALS)
        airflow.add_dag_file("dags.py", DAGS)
        with own_postgresql(airflow, airflow.home / "logs" / "servers"), airflow:
            for dag_id in ("target", "datapipeline_airflow", "datapipeline_airflow_poller"):
                airflow.wait_for_dag(dag_id)
            submissions = Submissions(server)
            started = time.monotonic()
            submitted = {submissions.submit("target").pipeline_id for _ in range(TASKS)}

            def statuses() -> Counter[str | None]:
                return Counter(each.reported_status for each in server.service.attempts(REGION))

            def all_reported() -> bool | None:
                return True if statuses()[None] == 0 else None

            wait_until(all_reported, f"{TASKS} reports", timeout=LONGEST_SECONDS, last_seen=lambda: str(statuses()))
            record_property("seconds", round(time.monotonic() - started))
        attempts = server.service.attempts(REGION)
        answers = [json.loads(each.answer or b"{}") for each in server.service.received("PollForTask")]
        reports = [each for each in server.service.received("SetTaskStatus") if each.status == 200]

    handed_out = Counter(each["taskObject"]["pipelineId"] for each in answers if each.get("taskObject"))
    assert Counter(each.reported_status for each in attempts) == {"FINISHED": TASKS}
    assert {each.pipeline_id for each in attempts} == submitted == set(handed_out)
    assert {pipeline: times for pipeline, times in handed_out.items() if times != 1} == {}
    assert [each.attempt_id for each in attempts if (each.accepted_reports, each.repeated_reports) != (1, 0)] == []
    assert len(reports) == TASKS
