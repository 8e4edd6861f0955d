"""Airflow's API on Amazon MWAA, through a connection of type ``aws``."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import traceback
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline._airflow.names import DAG  # noqa: F401  # Airflow 2 reads no connection before it
from airflow_provider_datapipeline.airflow_api._timing import Timing
from airflow_provider_datapipeline.airflow_api.api import AirflowApi
from airflow_provider_datapipeline.airflow_api.errors import may_pass
from airflow_provider_datapipeline.emulator import Credentials
from airflow_provider_datapipeline.emulator.credentials import ACCOUNT_ID
from airflow_provider_datapipeline.exceptions import AirflowApiError
from airflow_provider_datapipeline.hooks._clients import forget_clients
from airflow_provider_datapipeline.masking.masker import without_secrets
from tests.task_runner.mwaa_stand_in import ENVIRONMENT, KEY, REGION, SECRET, MwaaStandIn
from tests.test_readme import ROOT, blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

if not compat.AIRFLOW_3:
    pytest.skip("the task runner needs Airflow 3", allow_module_level=True)

SOON = 20.0
STANDARD = Timing()
READ_ANEW = Timing(connection=0)
RUN = ("nightly", "df-1.A_2026-11-22T10:00:00+1~.ab")
LOGIN = [f"POST aws /webtoken/{ENVIRONMENT}", "POST web /pluginsv2/aws_mwaa/login"]
ASK = "GET web /api/v2/dags/nightly"
(PRINTED,) = blocks(ROOT / "docs" / "mwaa.md", "json")
POLICY: dict[str, Any] = json.loads(
    PRINTED.replace("REGION", REGION).replace("ACCOUNT", ACCOUNT_ID).replace("ENVIRONMENT", ENVIRONMENT)
)


@pytest.fixture
def stand_in(tmp_path) -> Iterator[MwaaStandIn]:
    forget_clients()
    with MwaaStandIn(tmp_path) as started:
        yield started


@pytest.fixture
def connect(stand_in, monkeypatch) -> Callable[..., AirflowApi]:
    """Define the connection. It leads to the stand-in, except for what is given here."""

    def define(*, login: str = KEY, password: str = SECRET, timing: Timing = STANDARD, **extra: Any) -> AirflowApi:
        all_extra = {
            "region_name": REGION,
            "endpoint_url": stand_in.endpoint_url,
            "verify": str(stand_in.both),
            "config_kwargs": {"inject_host_prefix": False},  # or botocore calls env.127.0.0.1
            "env_name": ENVIRONMENT,
            **extra,
        }
        given = {name: value for name, value in all_extra.items() if value is not None}
        connection = {"conn_type": "aws", "login": login, "password": password, "extra": given}
        monkeypatch.setenv("AIRFLOW_CONN_AIRFLOW_API", json.dumps(connection))
        return AirflowApi("airflow_api", timing=timing)

    return define


async def refusal(api: AirflowApi) -> str:
    """Return the text of the error that a request ends with."""
    with pytest.raises(AirflowApiError) as raised:
        await api.is_paused("nightly")
    return str(raised.value)


# What is asked


async def test_whether_a_dag_is_paused_is_asked_after_a_login(stand_in, connect) -> None:
    api = connect()

    assert await api.is_paused("nightly") is True
    assert await api.is_paused("hourly") is False

    assert stand_in.asked == [*LOGIN, ASK, "GET web /api/v2/dags/hourly"]


async def test_a_run_is_stopped(stand_in, connect) -> None:
    await connect().stop_run(*RUN)

    assert stand_in.runs == {RUN: "failed"}


async def test_an_answer_of_the_api_is_an_error_as_on_any_other_airflow(stand_in, connect) -> None:
    import httpx

    with pytest.raises(httpx.HTTPStatusError, match="404"):
        await connect().stop_run("missing", "run_1")


async def test_the_environment_may_be_named_by_mwaa(stand_in, connect, monkeypatch) -> None:
    monkeypatch.setenv("AIRFLOW_ENV_NAME", ENVIRONMENT)

    assert await connect(env_name=None).is_paused("nightly") is True


async def test_the_name_in_the_connection_counts_more(stand_in, connect, monkeypatch) -> None:
    monkeypatch.setenv("AIRFLOW_ENV_NAME", "another")

    assert await connect().is_paused("nightly") is True


async def test_the_execution_role_will_do(stand_in, connect, monkeypatch) -> None:
    """The connection ``aws://`` of MWAA means so: credentials and region come from the environment."""
    for name, value in {"ACCESS_KEY_ID": KEY, "SECRET_ACCESS_KEY": SECRET, "DEFAULT_REGION": REGION}.items():
        monkeypatch.setenv(f"AWS_{name}", value)

    assert await connect(login="", password="", region_name=None).is_paused("nightly") is True


# How often AWS is asked


async def test_a_login_serves_many_requests(stand_in, connect) -> None:
    """The requests come at the same time and one after another, from many objects, because each trigger has its own."""
    api = connect()

    await asyncio.gather(*(AirflowApi("airflow_api").is_paused("nightly") for _ in range(12)))
    await api.stop_run(*RUN)

    assert stand_in.logins == 1
    assert stand_in.runs == {RUN: "failed"}


async def test_a_login_ends_after_its_time(stand_in, connect) -> None:
    api = connect(timing=Timing(token=0))

    for _ in range(2):
        assert await api.is_paused("nightly") is True

    assert stand_in.asked == [*LOGIN, ASK] * 2


@pytest.mark.parametrize("status", [401, 403])
async def test_a_token_that_is_refused_is_renewed_at_once(stand_in, connect, status) -> None:
    stand_in.status_of_unknown_token = status
    api = connect()
    await api.is_paused("nightly")

    stand_in.end_sessions()
    await api.stop_run(*RUN)

    assert stand_in.runs == {RUN: "failed"}
    assert stand_in.logins == 2


async def test_a_token_that_many_find_refused_is_renewed_once(stand_in, connect) -> None:
    api = connect()
    await api.is_paused("nightly")
    stand_in.end_sessions()

    await asyncio.gather(*(api.is_paused("nightly") for _ in range(6)))

    assert stand_in.logins == 2


async def test_another_environment_has_a_login_of_its_own(stand_in, connect) -> None:
    """The login for the first environment is not used for the second."""
    await connect().is_paused("nightly")

    assert "'Another'" in await refusal(connect(env_name="Another", timing=READ_ANEW))


async def test_logins_share_a_client(stand_in, connect, monkeypatch) -> None:
    made = []
    create = botocore.session.Session.create_client

    def counted(session: Any, service_name: str, *args: Any, **kwargs: Any) -> Any:
        made.append(service_name)
        return create(session, service_name, *args, **kwargs)

    monkeypatch.setattr(botocore.session.Session, "create_client", counted)
    api = connect()

    for _ in range(3):
        await api.is_paused("nightly")
        stand_in.end_sessions()

    assert stand_in.logins == 3
    assert made == ["mwaa"]


async def test_credentials_that_were_replaced_are_used_for_the_next_login(stand_in, connect) -> None:
    await connect().is_paused("nightly")
    stand_in.end_sessions()
    stand_in.credentials.remove(KEY)
    stand_in.credentials.add("AKIANEW", "n3w")

    assert await connect(login="AKIANEW", password="n3w").is_paused("nightly") is True


async def test_other_credentials_are_used_as_soon_as_the_connection_has_them(stand_in, connect) -> None:
    """Although the first credentials still work."""
    stand_in.credentials.add("AKIALESSER", "n3w", policies=[])
    await connect().is_paused("nightly")

    assert "AccessDeniedException" in await refusal(connect(login="AKIALESSER", password="n3w", timing=READ_ANEW))


async def test_the_event_loop_goes_on_while_aws_is_asked(stand_in, connect) -> None:
    stand_in.answers_aws.clear()
    asking = asyncio.create_task(connect().is_paused("nightly"))
    async with asyncio.timeout(SOON):
        while not stand_in.asked:  # noqa: ASYNC110  # the other side is a thread
            await asyncio.sleep(0.01)

    assert not asking.done()
    stand_in.answers_aws.set()
    assert await asking is True


@pytest.mark.parametrize("impatient", [0, 1])
async def test_who_gives_up_waiting_for_a_login_does_not_end_it_for_the_other(stand_in, connect, impatient) -> None:
    """Neither the caller that began the login nor the caller that came later."""
    stand_in.answers_aws.clear()
    api = connect()
    waiting = [asyncio.create_task(api.is_paused("nightly")) for _ in range(2)]
    async with asyncio.timeout(SOON):
        while not stand_in.asked:  # noqa: ASYNC110  # the other side is a thread
            await asyncio.sleep(0.01)

    waiting.pop(impatient).cancel()
    stand_in.answers_aws.set()

    assert await waiting[0] is True
    assert stand_in.logins == 1


# What goes wrong


async def test_without_a_name_the_error_says_where_to_put_it(stand_in, connect) -> None:
    told = await refusal(connect(env_name=None))

    assert "'airflow_api'" in told
    assert "env_name" in told
    assert "AIRFLOW_ENV_NAME" in told
    assert stand_in.asked == []


async def test_who_may_not_log_in_is_told_which_action_is_missing(stand_in, connect) -> None:
    stand_in.credentials.add(KEY, SECRET, policies=[])

    told = await refusal(connect())

    assert "AccessDeniedException" in told
    assert f"Allow airflow:CreateWebLoginToken on arn:aws:airflow:{REGION}:ACCOUNT:role/{ENVIRONMENT}/User" in told


async def test_an_environment_that_is_not_there_is_named(stand_in, connect) -> None:
    told = await refusal(connect(env_name="Elsewhere"))

    assert "'Elsewhere'" in told
    assert "ResourceNotFoundException" in told
    assert f"in {REGION}, correct env_name" in told


async def test_wrong_keys_are_told_from_missing_rights(stand_in, connect) -> None:
    told = await refusal(connect(password="wrong"))

    assert "InvalidSignatureException" in told
    assert "credentials" in told


async def test_a_region_that_is_missing_is_told(stand_in, connect) -> None:
    told = await refusal(connect(region_name=None))

    assert "NoRegionError" in told
    assert "Correct the Airflow connection" in told


async def test_an_endpoint_that_is_no_address_is_told(stand_in, connect) -> None:
    assert "Invalid endpoint: nowhere" in await refusal(connect(endpoint_url="nowhere"))


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        ({"assume_role_kwargs": {"Nope": 1}}, "Nope"),
        ({"assume_role_method": "assume_role_with_saml"}, "KeyError: 'assume_role_with_saml'"),
        ({"config_kwargs": {"nope": 1}}, "TypeError: Got unexpected keyword argument 'nope'"),
    ],
)
async def test_whatever_is_wrong_with_the_connection_is_told(stand_in, connect, extra, named) -> None:
    role = {"role_arn": "arn:aws:iam::123456789012:role/r"}

    told = await refusal(connect(**role, **extra))

    assert named in told
    assert "Correct the" in told


async def test_a_login_that_is_refused_is_told(stand_in, connect) -> None:
    """Here the web token has expired before the login. The next request uses a new one."""
    stand_in.web_token_seconds = -1
    api = connect()

    told = await refusal(api)

    assert f"https://{stand_in.host}/pluginsv2/aws_mwaa/login answered HTTP 401" in told
    assert repr(ENVIRONMENT) in told
    stand_in.web_token_seconds = 60
    assert await api.is_paused("nightly") is True


async def test_a_login_without_the_cookie_is_told(stand_in, connect) -> None:
    stand_in.login_sets_cookie = False

    assert "answered HTTP 200 without _token" in await refusal(connect())


async def test_a_web_server_that_cannot_be_reached_is_told(stand_in, connect) -> None:
    stand_in.host = "127.0.0.1:1"

    told = await refusal(connect())

    assert "ConnectError" in told
    assert "VPC" in told


async def test_certificates_are_verified_with_the_bundle_of_the_connection(stand_in, connect) -> None:
    """Both the certificate of AWS and that of the environment."""
    of_aws = await refusal(connect(verify=None))
    of_no_bundle = await refusal(connect(verify="not_there.pem"))
    of_the_web_server = await refusal(connect(verify=str(stand_in.aws_alone)))

    assert "SSLError" in of_aws
    assert "No such file" in of_no_bundle
    assert "ConnectError" in of_the_web_server
    assert "CERTIFICATE_VERIFY_FAILED" in of_the_web_server


async def test_a_bundle_that_is_missing_is_not_a_failure_that_passes(stand_in, connect) -> None:
    with pytest.raises(AirflowApiError, match=r"not_there.pem.*Correct the Airflow connection") as raised:
        await connect(verify="not_there.pem").is_paused("nightly")

    assert not may_pass(raised.value)


async def test_a_login_that_may_succeed_later_is_told_from_one_that_will_not(stand_in, connect) -> None:
    """A web server that cannot be reached may be reachable later. An unknown key will be refused again."""
    for spoil, passes in (({"host": "127.0.0.1:1"}, True), ({"credentials": Credentials()}, False)):
        vars(stand_in).update(spoil)
        with pytest.raises(AirflowApiError) as raised:
            await connect().is_paused("nightly")
        assert may_pass(raised.value) is passes
        assert may_pass(pickle.loads(pickle.dumps(raised.value))) is passes


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
async def test_certificates_are_not_verified_where_the_connection_says_so(stand_in, connect) -> None:
    assert await connect(verify=False).is_paused("nightly") is True


async def test_no_token_is_told(stand_in, connect, caplog) -> None:
    """No token is in an error, in the errors that it refers to, or in the log, whatever the web server answers."""
    caplog.set_level(logging.INFO)
    api = connect()
    await api.is_paused("nightly")
    told = []
    for spoil in ({"web_token_seconds": -1}, {"host": "127.0.0.1:1"}):
        vars(stand_in).update(spoil)
        stand_in.end_sessions()
        with pytest.raises(AirflowApiError) as raised:
            await api.is_paused("nightly")
        told += [repr(raised.value.__cause__), repr(raised.value.__context__), without_secrets(raised.value)]
        told += traceback.format_exception(raised.value)

    assert len(stand_in.issued) == 4
    assert [token for token in stand_in.issued if token in "".join([*told, caplog.text])] == []


# The policy of docs/mwaa.md


async def test_the_policy_is_enough(stand_in, connect) -> None:
    stand_in.credentials.add(KEY, SECRET, policies=[POLICY])
    api = connect()

    await api.stop_run(*RUN)

    assert await api.is_paused("nightly") is True
    assert stand_in.runs == {RUN: "failed"}


async def test_a_lesser_role_may_look_and_is_told_why_it_stops_nothing(stand_in, connect) -> None:
    stand_in.credentials.add(KEY, SECRET, policies=[json.dumps(POLICY).replace("/User", "/Viewer")])
    api = connect()

    assert await api.is_paused("nightly") is True
    with pytest.raises(AirflowApiError, match=r"HTTP 403 after a login .* User, Op or Admin"):
        await api.stop_run(*RUN)
    assert stand_in.runs == {}


async def test_the_policy_is_for_one_environment(stand_in, connect) -> None:
    stand_in.credentials.add(KEY, SECRET, policies=[POLICY])

    assert "AccessDeniedException" in await refusal(connect(env_name="Another"))
