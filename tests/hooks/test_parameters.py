"""What a trigger imports, when, and in which thread."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline.hooks.datapipeline import DataPipelineHook
from airflow_provider_datapipeline.hooks.parameters import DataPipelineHookMixin

LATE = ("aiobotocore", "airflow.providers.amazon", "boto3", "botocore", "httpx")

FRESH = """
import sys
import airflow.triggers.base
from airflow_provider_datapipeline._airflow.names import BaseHook
late = {late!r}
before = {{name for name in late if name in sys.modules}}
"""

NOTHING_EARLY = f"""{FRESH.format(late=LATE)}
import airflow_provider_datapipeline.triggers.datapipeline
print([name for name in late if name in sys.modules and name not in before or name == "boto3" and name in sys.modules])
"""

IN_A_THREAD = f"""{FRESH.format(late=LATE)}
import asyncio, threading
from airflow_provider_datapipeline.triggers.datapipeline import PollForTaskTrigger
trigger = PollForTaskTrigger(
    worker_group="w", poller_dag_id="p", runner_dag_id="r", max_active_tasks=1, batch_size=1, hostname=None
)
held_up = []

class Watch:
    def find_spec(self, name, *_):
        if threading.current_thread() is threading.main_thread():
            held_up.append(name)

sys.meta_path.insert(0, Watch())

async def main():
    held_up.clear()
    hook = await trigger.ahook()
    assert hook is await trigger.ahook() is trigger.hook

asyncio.run(main())
assert "boto3" in sys.modules
print([name for name in held_up if name.partition(".")[0] in late or name.startswith(late[1])])
"""


async def output_of(code: str) -> str:
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@pytest.mark.skipif(not compat.AIRFLOW_3, reason="the task runner needs Airflow 3")
async def test_a_trigger_is_imported_without_what_asks_aws_or_airflows_api() -> None:
    """Airflow 3.1 and newer import httpx themselves, so only later imports count."""
    assert await output_of(NOTHING_EARLY) == "[]"


@pytest.mark.skipif(not compat.AIRFLOW_3, reason="the task runner needs Airflow 3")
async def test_a_hook_is_imported_in_a_thread() -> None:
    """The import takes half a second, in which no other trigger would run."""
    assert await output_of(IN_A_THREAD) == "[]"


async def test_a_hook_is_made_once_with_the_four_parameters() -> None:
    class Surface(DataPipelineHookMixin):
        aws_conn_id = None
        region_name = "eu-west-1"
        verify = False
        botocore_config = None

    surface = Surface()

    hooks = await asyncio.gather(*(surface.ahook() for _ in range(4)))

    assert isinstance(hooks[0], DataPipelineHook)
    assert (hooks[0].aws_conn_id, hooks[0].region_name, hooks[0].verify) == (None, "eu-west-1", False)
    assert await surface.ahook() is surface.hook
