"""The page on monitoring names the metrics that there are, and the lines that are logged."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from airflow_provider_datapipeline.pipeline_task import PipelineTask
from airflow_provider_datapipeline.telemetry import metrics
from airflow_provider_datapipeline.telemetry.log_fields import format_fields
from airflow_provider_datapipeline.telemetry.metrics import METRICS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
CODE = {path: path.read_text(encoding="utf-8") for path in sorted(Path(metrics.__file__).parents[1].rglob("*.py"))}
ROWS = [line.split(" | ") for line in PAGE.partition("## Alerts")[2].splitlines() if line.startswith("| **")]


def test_the_table_has_every_metric_as_it_is_declared() -> None:
    expected = [f"| `{each.name}` | {each.kind} | `{each.tag}` | {each.sent_by} | {each.meaning} |" for each in METRICS]

    assert [line for line in PAGE.splitlines() if line.startswith("| `datapipeline.")] == expected


def test_every_metric_is_sent_by_something() -> None:
    declared = {name for name, value in vars(metrics).items() if isinstance(value, metrics.Metric)} | {
        "REPORTED",
        "ERRORS",
    }
    elsewhere = "".join(
        text for path, text in CODE.items() if path.name != "metrics.py" or path.parent.name == "_airflow"
    )

    assert [name for name in declared if not re.search(rf"\b{name}\b", elsewhere)] == []


def test_every_alert_is_about_metrics_that_exist() -> None:
    """As the StatsD exporter writes them; of ours and of Airflow's."""
    ours = {f"airflow_{each.name.replace('.', '_')}" for each in METRICS}
    named = {name for row in ROWS for name in re.findall(r"airflow_\w+", row[1])}

    assert len(named) > 20
    assert named - ours == {
        "airflow_datapipeline_",  # the beginning of several, in a regular expression
        "airflow_dag_processing_import_errors",
        "airflow_scheduler_heartbeat",
        "airflow_triggerer_capacity_left",
        "airflow_triggerer_heartbeat",
    }


def test_airflow_still_has_the_metrics_of_its_own_that_alerts_are_about() -> None:
    registry = pytest.importorskip("airflow._shared.observability.metrics.metrics_registry", reason="Airflow 3.2 on")

    for name in (
        "dag_processing.import_errors",
        "scheduler_heartbeat",
        "triggerer.capacity_left",
        "triggerer_heartbeat",
    ):
        assert registry.MetricsRegistry().get(name), name


def test_every_line_of_the_log_that_the_page_shows_is_one_that_is_logged() -> None:
    """As far as its first words go."""
    table = PAGE.partition("## The log")[2].partition("##")[0]
    shown = {text for line in table.splitlines() if line.startswith("| `") for text in re.findall(r"`([a-z ]+):", line)}
    code = "".join(CODE.values())

    assert len(shown) == 8
    assert [text for text in shown if f'"{text}: ' not in code and f'"{text}"' not in code] == []


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("nightly", "nightly"),
        ("@Work_2026-11-22T10:00:00_Attempt=1", "@Work_2026-11-22T10:00:00_Attempt=1"),
        ("two words", '"two words"'),
        ('a "quoted" one', '"a \\"quoted\\" one"'),
        ("two\nlines", '"two\\nlines"'),
        ("ä", "ä"),
        ("a\u2028b", '"a\\u2028b"'),
    ],
)
def test_a_line_stays_a_line_that_can_be_searched(value: str, shown: str) -> None:
    assert format_fields("task", dag=value, run=None, more="") == f"dag={shown} task=task"


def test_the_ids_come_last_and_in_one_order() -> None:
    task = PipelineTask(task_id="t" * 1000, pipeline_id="df-1", attempt_id="@Work_Attempt=1")

    assert format_fields(task, status="FINISHED") == (
        "status=FINISHED pipeline=df-1 attempt=@Work_Attempt=1 task=tttttttttt...tttttttttt"
    )


def test_names_are_declared_once() -> None:
    assert len({each.name for each in METRICS}) == len(METRICS)


def test_the_page_says_which_metrics_have_an_old_name() -> None:
    renamed = {each.formerly: each.name for each in METRICS if each.formerly}
    said = dict(re.findall(r"`(datapipeline\.\w+)` was `(datapipeline\.\w+)`", " ".join(PAGE.split())))

    assert {old: new for new, old in said.items()} == renamed
    assert not renamed.keys() & {each.name for each in METRICS}
