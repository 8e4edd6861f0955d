"""The names of version 0.2 still work in version 0.3, and a warning says the new name."""

from __future__ import annotations

import importlib
import sys

import pytest

from airflow_provider_datapipeline.emulator import EmulatorSettings, Service, moto_backend

PACKAGE = "airflow_provider_datapipeline.emulator"


def warns(old, new):
    return pytest.warns(DeprecationWarning, match=rf"{old} is now {new}.*Version 0\.4 drops the old name")


def test_the_class_has_its_old_name():
    with warns("Behaviour", "EmulatorSettings") as caught:
        from airflow_provider_datapipeline.emulator import Behaviour

    assert Behaviour is EmulatorSettings
    assert {warning.filename for warning in caught} == {__file__}


def test_another_name_is_an_attribute_error():
    module = importlib.import_module(PACKAGE)

    with pytest.raises(AttributeError, match="NoSuchName"):
        _ = module.NoSuchName


def test_moto_door_can_be_imported_from_the_package(monkeypatch):
    monkeypatch.delitem(sys.modules, f"{PACKAGE}.moto_door", raising=False)
    monkeypatch.delattr(f"{PACKAGE}.moto_door", raising=False)

    with warns(r"The module .*moto_door", "moto_backend") as caught:
        from airflow_provider_datapipeline.emulator import moto_door

    assert moto_door.install is moto_backend.install
    assert moto_door.uninstall is moto_backend.uninstall
    assert moto_door.service_of is moto_backend.service_of
    assert {warning.filename for warning in caught} == {__file__}


@pytest.mark.parametrize(
    ("old", "name", "new", "target"),
    [
        ("moto_door", "install", "moto_backend", moto_backend.install),
        ("behaviour", "Behaviour", "settings, with the class EmulatorSettings", EmulatorSettings),
    ],
)
def test_a_module_has_its_old_name(monkeypatch, old, name, new, target):
    monkeypatch.delitem(sys.modules, f"{PACKAGE}.{old}", raising=False)

    with warns(rf"The module .*\.{old}", new):
        module = importlib.import_module(f"{PACKAGE}.{old}")

    assert getattr(module, name) is target


def test_a_service_takes_the_old_keyword():
    settings = EmulatorSettings(running_on="poll")

    with warns("The keyword behaviour", "settings") as caught:
        service = Service(behaviour=settings)

    assert service.settings is settings
    assert caught[0].filename == __file__


def test_both_keywords_at_once_are_refused():
    with pytest.raises(TypeError, match="not both"):
        Service(EmulatorSettings(), behaviour=EmulatorSettings())


def test_the_mock_takes_the_old_keyword():
    with warns("The keyword behaviour", "settings") as caught:
        moto_backend.install(behaviour=EmulatorSettings(running_on="poll"))

    try:
        assert moto_backend.service_of().settings == EmulatorSettings(running_on="poll")
    finally:
        moto_backend.uninstall()
    assert caught[0].filename == __file__


def test_a_service_has_the_old_attribute():
    service = Service()
    settings = EmulatorSettings(running_on="poll")

    with warns(r"Service\.behaviour", r"Service\.settings") as caught:
        service.behaviour = settings
    with warns(r"Service\.behaviour", r"Service\.settings"):
        assert service.behaviour is settings

    assert service.settings is settings
    assert caught[0].filename == __file__


def test_the_command_line_takes_the_old_option(capsys):
    """The option is not in the help."""
    from airflow_provider_datapipeline.emulator.__main__ import main

    with pytest.raises(SystemExit):
        main(["--port", "0", "--behaviour", "nothing=1"])
    errors = capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--help"])

    assert "--behaviour is now --setting. Version 0.4 drops the old name." in errors
    assert "'nothing=1' is not name=value" in errors
    assert "--behaviour" not in capsys.readouterr().out
