"""The error tree: pickled, drawn, and helpful."""

from __future__ import annotations

import inspect
import pickle

import pytest

from airflow_provider_datapipeline import exceptions
from airflow_provider_datapipeline.exceptions import DataPipelineError, InvalidReportError, ServiceError

ALL = [cls for _, cls in inspect.getmembers(exceptions, inspect.isclass) if issubclass(cls, Exception)]
SERVICE_ERRORS = [cls for cls in ALL if issubclass(cls, ServiceError)]


@pytest.mark.parametrize("cls", ALL)
def test_every_error_survives_pickling(cls) -> None:
    """Airflow hands exceptions from process to process."""
    error = (
        cls("SetTaskStatus", "Code", "why", maybe_delivered=True) if issubclass(cls, ServiceError) else cls("why not")
    )

    copy = pickle.loads(pickle.dumps(error))

    assert type(copy) is cls
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


@pytest.mark.parametrize("cls", SERVICE_ERRORS)
def test_a_service_error_says_what_happened_and_what_to_do(cls) -> None:
    error = cls("SetTaskStatus", "SomeCode", "Some text.")

    assert str(error) == f"SetTaskStatus: SomeCode: Some text. {cls.remedy}"
    assert error.maybe_delivered is False


@pytest.mark.parametrize("cls", [cls for cls in SERVICE_ERRORS if cls is not ServiceError])
def test_every_service_error_has_a_remedy_of_its_own(cls) -> None:
    assert "remedy" in vars(cls)


@pytest.mark.parametrize("cls", ALL)
def test_the_drawn_tree_is_complete(cls) -> None:
    assert cls.__name__ in (exceptions.__doc__ or "")


def test_one_base_class_catches_all() -> None:
    assert all(issubclass(cls, DataPipelineError) for cls in ALL)
    assert issubclass(InvalidReportError, ValueError)
