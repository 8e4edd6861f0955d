"""Airflow's API, through a connection of type ``http`` to its API server."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import traceback
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from airflow_provider_datapipeline._airflow import compat
from airflow_provider_datapipeline._airflow.names import DAG  # noqa: F401  # Airflow 2 reads no connection before it
from airflow_provider_datapipeline.airflow_api._sessions import seconds_of
from airflow_provider_datapipeline.airflow_api._timing import Timing
from airflow_provider_datapipeline.airflow_api.api import MISSING, AirflowApi
from airflow_provider_datapipeline.airflow_api.errors import may_pass
from airflow_provider_datapipeline.airflow_api.server import api_url
from airflow_provider_datapipeline.exceptions import AirflowApiError
from tests.task_runner.api_stand_in import ApiStandIn, Asked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

if not compat.AIRFLOW_3:
    pytest.skip("the task runner needs Airflow 3", allow_module_level=True)


RUN = ("nightly", "df-1.A_2026-11-22T10:00:00+1~.ab")
SECRETS = "airflow.providers.amazon.aws.secrets.secrets_manager"

STANDARD = Timing()
READ_ANEW = Timing(connection=0)
IMPATIENT = Timing(request=0.3)
IMPATIENT_READER = Timing(request=0.3, connection=0)


@pytest.fixture
def server() -> Iterator[ApiStandIn]:
    with ApiStandIn() as started:
        yield started


@pytest.fixture
def connect(request, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AirflowApi]:
    """Define the connection. Unless a port is given, the connection leads to the server."""

    def define(*, conn_id: str = "airflow_api", timing: Timing = STANDARD, **connection: Any) -> AirflowApi:
        if "port" not in connection and "server" in request.fixturenames:
            connection["port"] = request.getfixturevalue("server").port
        given = {"conn_type": "http", "host": "127.0.0.1", **connection}
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(given))
        return AirflowApi(conn_id, timing=timing)

    return define


async def test_a_login_is_exchanged_for_a_token(server, connect) -> None:
    assert await connect(login="ann", password="secret").is_paused("nightly") is True

    login, question = server.asked
    assert login == Asked("POST /auth/token", None, {"username": "ann", "password": "secret"})
    assert question.line == "GET /api/v2/dags/nightly"
    assert str(question.authorization).startswith("Bearer e30.")


async def test_certificates_that_are_missing_are_told_with_the_remedy(server, connect, monkeypatch) -> None:
    """Unlike OpenSSL, httpx raises an error for it."""
    monkeypatch.setenv("SSL_CERT_FILE", "not_there.pem")

    with pytest.raises(AirflowApiError, match=r"SSL_CERT_FILE \('not_there.pem'\).*Correct that variable") as raised:
        await connect(password="my-token").is_paused("nightly")

    assert not may_pass(raised.value)


async def test_a_password_alone_is_the_token(server, connect) -> None:
    await connect(password="my-token").is_paused("nightly")

    assert server.asked == [Asked("GET /api/v2/dags/nightly", "Bearer my-token", None)]


async def test_without_either_a_token_is_asked_for(server, connect) -> None:
    """Airflow's simple auth manager gives a token to everybody if all users are administrators."""
    await connect().is_paused("nightly")

    assert server.lines == ["GET /auth/token", "GET /api/v2/dags/nightly"]


# How often the connection is read, a client made, and a login


async def test_one_login_and_one_connection_serve_many_requests(server, connect) -> None:
    """The requests come at the same time and one after another, from many objects, because each trigger has its own."""
    api = connect(login="ann", password="secret")

    await asyncio.gather(*(AirflowApi("airflow_api").is_paused("nightly") for _ in range(12)))
    clients = len(server.clients)
    for _ in range(12):
        await api.is_paused("nightly")

    assert server.logins == 1
    assert len(server.clients) == clients


@pytest.mark.parametrize("status", [401, 403])
async def test_a_token_that_is_refused_is_renewed_at_once(server, connect, status) -> None:
    server.status_of_unknown_token = status
    api = connect(login="ann", password="secret")
    await api.is_paused("nightly")
    server.end_sessions()

    answers = await asyncio.gather(*(api.is_paused("nightly") for _ in range(6)))

    assert answers == [True] * 6
    assert server.logins == 2


async def test_a_token_that_a_new_login_does_not_help_is_not_repeated_for_ever(server, connect) -> None:
    """Here the server accepts the login of a user, and then does not know the token."""
    server.answers["/api/v2/dags/nightly"] = (401, "{}")
    api = connect(login="ann", password="secret")

    for _ in range(2):
        with pytest.raises(httpx.HTTPStatusError, match="401"):
            await api.is_paused("nightly")

    assert server.lines == [
        *["POST /auth/token", "GET /api/v2/dags/nightly"],
        *["GET /api/v2/dags/nightly", "POST /auth/token", "GET /api/v2/dags/nightly"],
    ]


async def test_a_right_that_is_missing_costs_one_login_a_minute(server, connect) -> None:
    assert STANDARD.forbidden == 60
    server.readers.add("ann")
    server.runs[RUN] = "running"
    api = connect(login="ann", password="secret")
    a_minute_later = AirflowApi("airflow_api", timing=Timing(forbidden=0))
    await api.is_paused("nightly")

    async def refused(api: AirflowApi) -> int:
        for _ in range(3):
            with pytest.raises(httpx.HTTPStatusError, match="403"):
                await api.stop_run(*RUN)
        return server.logins

    assert await refused(api) == 2
    assert await refused(a_minute_later) == 5


async def test_a_token_from_the_connection_is_not_tried_twice(server, connect) -> None:
    """Reading the connection again would not change the token."""
    api = connect(password="my-token")
    await api.is_paused("nightly")
    server.fixed_tokens.clear()

    with pytest.raises(httpx.HTTPStatusError, match="401"):
        await api.is_paused("nightly")

    assert len(server.asked) == 2


async def test_a_token_that_was_replaced_in_the_connection_is_used_when_the_old_one_is_refused(server, connect) -> None:
    api = connect(password="my-token")
    await api.is_paused("nightly")
    server.fixed_tokens = {"new-token"}

    connect(password="new-token")

    assert await api.is_paused("nightly") is True


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds


@pytest.mark.parametrize(
    ("seconds", "logins"),
    [
        pytest.param(15, 2, id="a token that says when it ends"),
        pytest.param(3600, 1, id="and which does not end yet"),
        pytest.param(-3600, 1, id="by a clock that goes wrong"),
        pytest.param(None, 1, id="a token that says nothing"),
    ],
)
async def test_a_token_is_kept_until_its_end(server, connect, seconds, logins) -> None:
    clock = Clock()
    server.token_seconds = seconds
    api = connect(login="ann", password="secret", timing=Timing(now=clock.now))

    for _ in range(3):
        await api.is_paused("nightly")
        clock.seconds += 10

    assert server.logins == logins


async def test_a_token_that_does_not_say_when_it_ends_is_kept_for_an_hour(server, connect) -> None:
    clock = Clock()
    api = connect(login="ann", password="secret", timing=Timing(now=clock.now))

    for _ in range(3):
        await api.is_paused("nightly")
        clock.seconds += 1801

    assert server.logins == 2


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "a.W10.c", "a.e30.c", "a.eyJleHAiOiJzb29uIn0.c", "a.\xe9.c"])
def test_a_token_that_cannot_be_read_is_kept_for_an_hour(token) -> None:
    assert seconds_of(token, STANDARD) == 3600


async def test_a_connection_that_was_changed_is_noticed(server, connect) -> None:
    """It has another host, or another user. A minute later it is used, although the old one still works."""
    assert STANDARD.connection == 60
    server.users["bob"] = "secret"
    await connect(login="ann", password="secret", timing=READ_ANEW).is_paused("nightly")
    await connect(login="bob", password="secret", timing=READ_ANEW).is_paused("nightly")
    with ApiStandIn(users={"bob": "secret"}) as other:
        await connect(login="bob", password="secret", port=other.port, timing=READ_ANEW).is_paused("nightly")

    assert [each.body and each.body["username"] for each in server.asked] == ["ann", None, "bob", None]
    assert len(other.asked) == 2


async def test_the_connection_is_not_read_for_each_request(server, connect, monkeypatch) -> None:
    api = connect(login="ann", password="secret")
    await api.is_paused("nightly")
    monkeypatch.delenv("AIRFLOW_CONN_AIRFLOW_API")

    assert await api.is_paused("nightly") is True


async def test_who_has_corrected_the_connection_need_not_wait(server, connect) -> None:
    with pytest.raises(AirflowApiError, match=r"'airflow_api'.*HTTP 401 to the user 'ann'"):
        await connect(login="ann", password="wrong").is_paused("nightly")

    assert await connect(login="ann", password="secret").is_paused("nightly") is True


async def test_an_event_loop_has_a_client_of_its_own_and_leaves_no_connection_open(server, connect) -> None:
    """Python complains about a connection that was left open, which is an error in tests."""
    api = connect(login="ann", password="secret")

    for _ in range(2):
        await asyncio.to_thread(asyncio.run, api.is_paused("nightly"))
        assert await asyncio.to_thread(server.wait_until_open, 0)
    gc.collect()

    assert server.logins == 2


async def test_a_client_that_is_replaced_leaves_no_connection_open(server, connect) -> None:
    with ApiStandIn() as other:
        for asked, left in ((server, other), (other, server), (server, other)):
            await connect(password="my-token", port=asked.port, timing=READ_ANEW).is_paused("nightly")
            assert await asyncio.to_thread(asked.wait_until_open, 1)
            assert await asyncio.to_thread(left.wait_until_open, 0)
    gc.collect()


async def test_a_client_keeps_no_cookies(server, connect) -> None:
    """A cookie might belong to another user than the token."""
    api = connect(login="ann", password="secret")

    for _ in range(2):
        await api.is_paused("nightly")

    assert server.cookies == [None] * 3


async def test_the_event_loop_is_not_held_up_by_the_first_request(server, connect) -> None:
    """A thread imports the libraries and reads the certificates."""
    code = """
import asyncio, sys, threading

class Watch:
    def find_spec(self, name, *_):
        if threading.current_thread() is threading.main_thread() and running:
            late.add(name.partition(".")[0])

from airflow_provider_datapipeline._airflow.names import DAG
from airflow_provider_datapipeline.airflow_api.api import AirflowApi
running, late = [], set()
sys.meta_path.insert(0, Watch())

async def main():
    running.append(True)
    assert await AirflowApi("airflow_api").is_paused("nightly")

asyncio.run(main())
print(sorted(late & {"anyio", "certifi", "h11", "httpcore", "httpx", "sniffio"}))
"""
    connect(password="my-token")

    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


# Stopping


async def test_a_run_is_stopped_by_marking_it_failed(server, connect) -> None:
    """Run ids contain characters that have a meaning in a URL."""
    server.runs[RUN] = "running"

    assert await connect(password="my-token").stop_run(*RUN) is None

    assert server.runs == {RUN: "failed"}
    assert server.asked[-1].line == "PATCH /api/v2/dags/nightly/dagRuns/df-1.A_2026-11-22T10:00:00+1~.ab"
    assert server.asked[-1].body == {"state": "failed"}


@pytest.mark.parametrize("state", ["success", "failed"])
async def test_a_run_that_has_ended_stays_as_it_is(server, connect, state) -> None:
    server.runs[RUN] = state

    assert await connect(password="my-token").stop_run(*RUN) == state

    assert len(server.asked) == 1


@pytest.mark.parametrize("deleted", ["before", "meanwhile"])
async def test_a_run_that_is_gone_is_no_error(server, connect, deleted) -> None:
    if deleted == "meanwhile":
        server.runs[RUN] = "running"
        server.ends_runs = "deleted"

    assert await connect(password="my-token").stop_run(*RUN) == MISSING


async def test_an_address_that_leads_elsewhere_is_not_a_run_that_is_gone(server, connect) -> None:
    server.path = "/team"

    with pytest.raises(httpx.HTTPStatusError, match="404"):
        await connect(password="my-token").stop_run(*RUN)


@pytest.mark.parametrize("name", ["a b", "50%", "a/b", "a?b#c", "grün", "..", ".", "a\\b", "{x}", "%2F", "a&b=c"])
async def test_ids_mean_what_they_say(server, connect, name) -> None:
    """The request is about that run of that DAG, whatever characters its ids have."""
    server.runs[name, name] = "running"

    await connect(password="my-token").stop_run(name, name)

    assert server.runs == {(name, name): "failed"}


# What goes wrong


@pytest.mark.parametrize(
    ("status", "passes"),
    [
        *((status, False) for status in (307, 400, 401, 403, 404, 422)),
        *((status, True) for status in (408, 429, 500, 502, 503, 504)),
    ],
)
async def test_what_may_pass_is_told_by_its_status(server, connect, status, passes) -> None:
    server.answers["/api/v2/dags/nightly"] = (status, "{}")

    with pytest.raises(httpx.HTTPStatusError, match=str(status)) as raised:
        await connect(password="my-token").is_paused("nightly")

    assert may_pass(raised.value) is passes


async def test_a_login_that_may_succeed_later_is_told_from_one_that_will_not(server, connect) -> None:
    with pytest.raises(AirflowApiError, match="Correct the login and the password") as refused:
        await connect(login="ann", password="wrong").is_paused("nightly")
    server.answers["/auth/token"] = (503, "starting")
    with pytest.raises(httpx.HTTPStatusError, match="503") as starting:
        await connect(login="ann", password="secret").is_paused("nightly")

    assert may_pass(refused.value) is False
    assert may_pass(starting.value) is True


async def test_no_error_of_a_login_has_the_password(server, connect) -> None:
    api = connect(login="ann", password="hunter22")

    with pytest.raises(AirflowApiError) as raised:
        await api.is_paused("nightly")

    assert "hunter22" not in "".join(traceback.format_exception(raised.value))
    assert raised.value.__context__ is None


async def test_a_server_that_is_down_may_be_up_later(connect) -> None:
    with pytest.raises(httpx.ConnectError) as raised:
        await connect(port=1, password="my-token").is_paused("nightly")

    assert may_pass(raised.value) is True


async def test_no_answer_in_time_is_an_error_that_may_pass(server, connect) -> None:
    assert STANDARD.request == 10
    await connect(password="my-token").is_paused("nightly")  # so that the connection is read and everything imported
    api = connect(password="my-token", timing=IMPATIENT)
    server.goes_on.clear()

    with pytest.raises(httpx.TimeoutException, match=r"has not answered within 0.3 s") as raised:
        await api.is_paused("nightly")

    assert may_pass(raised.value) is True
    server.goes_on.set()
    assert await connect(password="my-token").is_paused("nightly") is True


async def test_an_answer_that_trickles_in_has_no_more_time_than_any_other(server, connect) -> None:
    """The limit applies to the whole answer, and not to each piece of it."""
    await connect(password="my-token").is_paused("nightly")  # likewise
    server.seconds_between_bytes = 0.1
    api = connect(password="my-token", timing=IMPATIENT)

    with pytest.raises(httpx.TimeoutException, match=r"has not answered within 0.3 s"):
        await api.is_paused("nightly")


async def test_a_connection_that_cannot_be_read_in_time_is_an_error_that_may_pass(server, connect, monkeypatch) -> None:
    """Here the secrets backend, which Airflow asks first, does not answer."""
    await connect(password="my-token").is_paused("nightly")  # so that everything is imported
    server.goes_on.clear()
    endpoint = {"endpoint_url": f"http://127.0.0.1:{server.port}", "region_name": "us-east-1"}
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND", f"{SECRETS}.SecretsManagerBackend")
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND_KWARGS", json.dumps({"connections_prefix": "c", **endpoint}))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")

    with pytest.raises(TimeoutError, match=r"'airflow_api' .* could not be read within 0.3 s") as raised:
        await connect(conn_id="airflow_api", password="my-token", timing=IMPATIENT_READER).is_paused("nightly")

    assert may_pass(raised.value) is True
    assert await asyncio.to_thread(server.wait_until_asked, "POST /")


@pytest.mark.parametrize(
    ("connection", "named"),
    [
        ({"host": "127.0.0.1:not-a-port", "port": None}, "'127.0.0.1:not-a-port'"),
        ({"host": "http://[::1", "port": None}, r"'http://\[::1'"),
        ({"host": "http://a\x7fb", "port": None}, r"'http://a\\x7fb'"),
    ],
)
async def test_a_host_that_is_none_is_named(connect, connection, named) -> None:
    with pytest.raises(AirflowApiError, match=f"'airflow_api'.*{named}.*Correct its host") as raised:
        await connect(**connection, password="my-token").is_paused("nightly")

    assert may_pass(raised.value) is False


async def test_a_scheme_that_is_not_spoken_will_not_pass(connect) -> None:
    with pytest.raises(httpx.UnsupportedProtocol) as raised:
        await connect(host="ftp://127.0.0.1", password="my-token").is_paused("nightly")

    assert may_pass(raised.value) is False


async def test_a_connection_that_does_not_exist_is_named(monkeypatch) -> None:
    with pytest.raises(
        AirflowApiError, match=r"'no_such_connection' .*airflow_conn_id.* airflow connections add"
    ) as raised:
        await AirflowApi("no_such_connection").is_paused("nightly")

    assert may_pass(raised.value) is False


@pytest.mark.parametrize("text", ["<html>Sign in</html>", "[]"])
async def test_an_answer_of_something_else_is_told(server, connect, text) -> None:
    """A portal or a proxy may answer 200 to everything."""
    server.answers["/api/v2/dags/nightly"] = server.answers["/auth/token"] = (200, text)

    with pytest.raises(AirflowApiError, match="Correct the connection's host"):
        await connect(password="my-token").is_paused("nightly")
    with pytest.raises(AirflowApiError, match="without an access_token"):
        await AirflowApi("other").is_paused("nightly") if connect(conn_id="other", login="ann") else None


# Where the API is


@pytest.mark.parametrize(
    "address",
    [
        lambda port: {"host": "http://127.0.0.1", "port": port},
        lambda port: {"host": f"http://127.0.0.1:{port}"},
        lambda port: {"host": f"http://127.0.0.1:{port}/"},
        lambda port: {"host": "127.0.0.1", "port": port, "schema": "http"},
        lambda port: {"host": "http://127.0.0.1", "port": port, "schema": "https"},
    ],
)
async def test_a_host_may_carry_its_scheme(server, connect, address) -> None:
    """It then takes precedence over the schema, as in Airflow's own HttpHook."""
    connection = {"port": None, **address(server.port)}

    assert await connect(**connection, password="my-token").is_paused("nightly") is True

    assert server.lines == ["GET /api/v2/dags/nightly"]


@pytest.mark.parametrize(
    ("host", "port", "schema", "url"),
    [
        (None, None, None, "http://localhost"),
        ("airflow", 8080, None, "http://airflow:8080"),
        ("airflow", None, "https", "https://airflow"),
        ("airflow:8080", None, "https", "https://airflow:8080"),
        ("https://airflow/", 8443, None, "https://airflow:8443"),
        ("https://airflow/team/a", 8443, None, "https://airflow:8443/team/a"),
        ("https://airflow:8443/team/a/", None, "http", "https://airflow:8443/team/a"),
        ("https://airflow:8443/team", 9, None, "https://airflow:8443/team"),
        ("airflow/team", 8443, "https", "https://airflow:8443/team"),
        ("::1", 8080, None, "http://[::1]:8080"),
        ("[::1]:8080", None, None, "http://[::1]:8080"),
        ("http://[::1]/team", 8080, None, "http://[::1]:8080/team"),
    ],
)
def test_the_address_is_put_together_from_what_the_connection_has(host, port, schema, url) -> None:
    """Behind a proxy Airflow has a path, which follows the port."""
    assert api_url(host, port, schema) == url


async def test_the_path_of_the_host_comes_before_that_of_the_api(server, connect) -> None:
    server.path = "/team/a"

    await connect(host="http://127.0.0.1/team/a", login="ann", password="secret").is_paused("nightly")

    assert server.lines == ["POST /team/a/auth/token", "GET /team/a/api/v2/dags/nightly"]


async def test_the_schema_https_is_spoken(server, connect) -> None:
    """Here the server does not speak https, so the connection fails."""
    with pytest.raises(httpx.ConnectError):
        await connect(schema="https", password="my-token").is_paused("nightly")
    assert not server.asked
