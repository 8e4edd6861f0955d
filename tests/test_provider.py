"""How Airflow sees the package, and which parts of the amazon provider and of botocore the package relies on."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from importlib.metadata import distribution, entry_points
from importlib.resources import files
from typing import Any

import airflow
import jsonschema
import pytest
from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.providers.amazon.aws.utils.connection_wrapper import AwsConnectionWrapper
from botocore.config import Config
from botocore.session import Session

from airflow_provider_datapipeline import __version__
from airflow_provider_datapipeline.get_provider_info import get_provider_info
from airflow_provider_datapipeline.plugins.datapipeline import DataPipelinePlugin

DISTRIBUTION = "airflow-provider-datapipeline"
PACKAGE = "airflow_provider_datapipeline"

NOT_LAZY = {"AIRFLOW__CORE__LAZY_DISCOVER_PROVIDERS": "False"}


def airflow_command(*arguments: str, **variables: str) -> str:
    """Run the command and return its output; fail if it prints an error or a warning about the package."""
    done = subprocess.run(
        [sys.executable, "-m", "airflow", *arguments],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "datapipeline" not in done.stderr
    return done.stdout


def json_of(output: str) -> Any:
    """Return the JSON in the last line; the lines before it are the log, which Airflow 3 also prints to stdout."""
    *log, last = output.splitlines()
    assert "datapipeline" not in "\n".join(log)
    return json.loads(last)


def test_airflow_starts_without_a_message_about_the_package() -> None:
    assert airflow_command("version").splitlines()[-1] == airflow.__version__


def test_airflow_lists_the_provider() -> None:
    listed = json_of(airflow_command("providers", "list", "--output", "json"))

    (ours,) = [provider for provider in listed if provider["package_name"] == DISTRIBUTION]
    assert ours["version"] == __version__


def test_airflow_shows_hook_operator_and_notifier() -> None:
    (shown,) = json_of(airflow_command("providers", "get", DISTRIBUTION, "--full", "--output", "json"))

    assert f"{PACKAGE}.hooks.datapipeline" in str(shown["hooks"])
    assert f"{PACKAGE}.operators.datapipeline" in str(shown["operators"])
    assert f"{PACKAGE}.notifications.datapipeline.DataPipelineNotifier" in str(shown["notifications"])


def test_airflow_knows_the_option_of_the_provider() -> None:
    shown = airflow_command("config", "get-value", "datapipeline", "error_detail")

    assert shown.splitlines()[-1] == "full"


def test_airflow_imports_the_notifier() -> None:
    """Airflow imports notifiers in every process that lists them, and omits those that it cannot import."""
    listed = json_of(airflow_command("providers", "notifications", "--output", "json"))

    names = {entry["notification_class_name"] for entry in listed}
    assert f"{PACKAGE}.notifications.datapipeline.DataPipelineNotifier" in names


@pytest.mark.parametrize("variables", [{}, NOT_LAZY], ids=["default", "providers at start-up"])
def test_airflow_loads_the_plugin_once_with_its_listener(variables: dict[str, str]) -> None:
    """The entry point works whether or not Airflow also reads the providers when it starts."""
    listed = json_of(airflow_command("plugins", "--output", "json", **variables))

    (ours,) = [plugin for plugin in listed if plugin["name"] == "datapipeline"]
    assert ours["listeners"] == [f"{PACKAGE}.plugins.listener"]


def test_the_provider_describes_itself_as_airflow_demands() -> None:
    schema = json.loads(files("airflow").joinpath("provider_info.schema.json").read_text())

    jsonschema.validate(get_provider_info(), schema)


def test_the_provider_bears_the_name_of_its_distribution() -> None:
    """With any other name, Airflow would find no provider at all."""
    assert get_provider_info()["package-name"] == distribution(DISTRIBUTION).name == DISTRIBUTION
    assert distribution(DISTRIBUTION).version == __version__


@pytest.mark.parametrize(
    ("group", "name", "loaded"),
    [
        ("apache_airflow_provider", "provider_info", get_provider_info),
        ("airflow.plugins", "datapipeline", DataPipelinePlugin),
    ],
)
def test_entry_points_load(group: str, name: str, loaded: object) -> None:
    (entry_point,) = [each for each in entry_points(group=group, name=name) if each.dist.name == DISTRIBUTION]

    assert entry_point.load() is loaded


def test_the_modules_that_the_provider_names_have_the_expected_classes() -> None:
    info = get_provider_info()
    named = [module for kind in ("hooks", "operators") for entry in info[kind] for module in entry["python-modules"]]

    classes = [
        name
        for module in named
        for name, value in vars(__import__(module, fromlist=["*"])).items()
        if inspect.isclass(value) and value.__module__ == module and not name.startswith("_")
    ]

    assert classes == [
        "DataPipelineHook",
        "DataPipelineSetTaskStatusOperator",
        "DataPipelineStartDagRunsOperator",
        "DataPipelinePollForTaskOperator",
        "DataPipelineSuperviseDagRunOperator",
    ]


def test_botocore_still_knows_the_service() -> None:
    """botocore removes the models of closed services; then this package needs a copy of the model."""
    assert "datapipeline" in Session().get_available_services()
    assert "PollForTask" in Session().get_service_model("datapipeline").operation_names


def test_the_amazon_provider_has_everything_that_the_hook_uses() -> None:
    """Some of these names are not part of its public API."""
    assert parameters(AwsBaseHook) >= {"aws_conn_id", "region_name", "verify", "client_type", "config"}
    assert parameters(AwsBaseHook.get_session) >= {"region_name", "deferrable"}
    assert parameters(AwsConnectionWrapper.get_service_endpoint_url) >= {"service_name"}
    assert AwsBaseHook.default_conn_name == "aws_default"
    assert inspect.ismethod(AwsBaseHook.get_connection)
    for name in ("conn_config", "region_name", "verify", "config"):
        assert not callable(inspect.getattr_static(AwsBaseHook, name)), f"{name} was read as an attribute"


def test_the_amazon_provider_stores_its_parameters_where_the_hook_reads_them() -> None:
    """It does so without reading the connection, which makes a second hook with equal parameters cheap."""
    settings = {"read_timeout": 7}

    hook = AwsBaseHook("no-such", region_name="eu-west-1", verify=False, client_type="datapipeline", config=settings)

    assert (hook.aws_conn_id, hook._region_name, hook._verify) == ("no-such", "eu-west-1", False)
    assert hook._config.read_timeout == 7
    assert AwsBaseHook("no-such")._config is None
    assert "conn_config" not in vars(hook)


def test_the_amazon_provider_merges_the_configuration_of_a_client() -> None:
    """The hook's own settings survive when the provider adds its user agent."""
    merged = AwsBaseHook(None)._get_config(Config(read_timeout=100, retries={"total_max_attempts": 1}))

    assert (merged.read_timeout, merged.retries) == (100, {"total_max_attempts": 1})


def parameters(function: Any) -> set[str]:
    return set(inspect.signature(function).parameters)
