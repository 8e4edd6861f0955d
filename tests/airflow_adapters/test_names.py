"""The Airflow that these tests run on has every name that the package imports, in the module where it looks."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module

import pytest

from airflow_provider_datapipeline._airflow import compat, names

OF_THIS_AIRFLOW = (
    names.PLACES
    | (names.PLACES_OF_AIRFLOW_3 if compat.AIRFLOW_3 else names.PLACES_OF_AIRFLOW_2)
    | {name: places for name, places in names.PLACES_OF_DATABASE.items() if compat.AIRFLOW_3 or name != "XComModel"}
)


FIND_NAMES = """
import json, sys, warnings
warnings.simplefilter("always")
from airflow_provider_datapipeline._airflow import names

missing = {}
for name in sys.argv[1:]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            getattr(names, name)
        except ImportError as error:
            missing[name] = str(error)
    missing |= {name: str(each.message) for each in caught if name in str(each.message)}
print(json.dumps(missing))
"""


def test_every_name_is_found_without_a_warning() -> None:
    """The check runs in a process of its own, because a process looks each name up only once."""
    done = subprocess.run(
        [sys.executable, "-c", FIND_NAMES, *OF_THIS_AIRFLOW], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {}


@pytest.mark.skipif(not compat.AIRFLOW_3, reason="a task of Airflow 2 has no supervisor to talk to")
def test_a_task_finds_its_supervisor() -> None:
    """Airflow declares the variable, and gives it a value only when a task starts."""
    assert "SUPERVISOR_COMMS" in import_module("airflow.sdk.execution_time.task_runner").__annotations__


def test_the_error_about_a_missing_name_lists_the_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new release of Airflow may move a name again; the error then shows where the package has looked."""
    monkeypatch.setitem(names.PLACES, "Gone", ("airflow.gone", "airflow.exceptions"))

    with pytest.raises(ImportError, match=r"Airflow \d.* has no Gone in any of airflow.gone, airflow.exceptions"):
        _ = names.Gone


def test_a_misspelt_name_is_an_attribute_error() -> None:
    """Every module behaves like this."""
    with pytest.raises(AttributeError, match="Misspelt"):
        _ = names.Misspelt
