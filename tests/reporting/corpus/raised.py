"""Exceptions that libraries raise when they get secrets; no request leaves the machine."""

from __future__ import annotations

import http.cookiejar
import json
import shlex
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import botocore.session
import httpx
import jsonschema
import jwt
import pydantic
import requests
import sqlalchemy as sa
import urllib3
import yaml
from cryptography.hazmat.primitives.serialization import load_pem_private_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.reporting.corpus.secret_fixtures import Maker

NOWHERE = "127.0.0.1:9"  # the port of the discard service, on which nothing listens


@contextmanager
def sqlite() -> Iterator[sa.engine.Connection]:
    """An empty database, closed in the end: Python 3.13 and later warn if it is not."""
    engine = sa.create_engine("sqlite://")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def sqlalchemy_named_parameters(make: Maker) -> None:
    with sqlite() as connection:
        connection.execute(
            sa.text("insert into accounts (name, password) values (:name, :password)"),
            [{"name": "ann", "password": make("password")}, {"name": "bob", "password": make("password")}],
        )


def sqlalchemy_core_insert(make: Maker) -> None:
    table = sa.Table("accounts", sa.MetaData(), sa.Column("name", sa.String), sa.Column("api_token", sa.String))
    with sqlite() as connection:
        connection.execute(table.insert(), {"name": "ann", "api_token": make("token")})


def sqlalchemy_literal(make: Maker) -> None:
    with sqlite() as connection:
        connection.execute(sa.text(f"update accounts set password = '{make('password')}' where name = 'ann'"))


def sqlalchemy_unknown_dialect(make: Maker) -> None:
    url = f"ordersdb://etl:{make('password')}@db.example.com/orders"
    try:
        sa.create_engine(url)
    except Exception as error:
        raise RuntimeError(f"cannot use {url}") from error


def sqlalchemy_url_without_colon(make: Maker) -> None:
    sa.engine.make_url(f"postgresql//etl:{make('password')}@db.example.com/orders")


def port_out_of_a_password(make: Maker) -> None:
    _ = urlsplit(f"postgresql://etl:{make('word')}/x@db.example.com/orders").port


def requests_connection(make: Maker) -> None:
    requests.get(f"http://etl:{make('password')}@{NOWHERE}/orders?api_key={make('hex')}", timeout=1)


def requests_status(make: Maker) -> None:
    response = requests.Response()
    response.status_code, response.reason = 403, "Forbidden"
    response.url = f"https://etl:{make('password')}@api.example.com/orders?token={make('token')}&page=2"
    response.raise_for_status()


def requests_invalid_url(make: Maker) -> None:
    requests.get(f"http://etl:{make('word')}/x@api.example.com/orders", timeout=1)


def requests_missing_schema(make: Maker) -> None:
    requests.get(f"api.example.com/orders?access_token={make('token')}", timeout=1)


def requests_header(make: Maker) -> None:
    requests.get(f"http://{NOWHERE}", headers={"Authorization": f"Bearer {make('token')}\n"}, timeout=1)


def requests_json(make: Maker) -> None:
    body = json.dumps({"password": make("password")})[:-1]
    try:
        json.loads(body)
    except ValueError as error:
        raise ValueError(f"cannot read {body}") from error


def urllib3_retries(make: Maker) -> None:
    urllib3.PoolManager(retries=0).request("GET", f"http://{NOWHERE}/orders?signature={make('hex')}&page=2")


def urllib3_location(make: Maker) -> None:
    urllib3.PoolManager(retries=0).request("GET", f"http://etl:{make('word')}:x@/orders")


def httpx_status(make: Maker) -> None:
    request = httpx.Request(
        "GET", f"https://etl:{make('password')}@api.example.com/orders?client_secret={make('token')}"
    )
    httpx.Response(401, request=request).raise_for_status()


def httpx_invalid_url(make: Maker) -> None:
    httpx.URL(f"http://etl:{make('word')}/x@api.example.com/")


def httpx_headers(make: Maker) -> None:
    raise RuntimeError(f"sent {httpx.Headers({'X-Api-Key': make('token'), 'accept': 'text/csv'})}")


def httpx_raw_headers(make: Maker) -> None:
    headers = httpx.Headers({"authorization": "Bearer " + make("token")})
    raise RuntimeError(f"sent {headers.raw}")


def pydantic_field(make: Maker) -> None:
    class Settings(pydantic.BaseModel):
        host: str
        password: str = pydantic.Field(min_length=100)

    Settings(host="db.example.com", password=make("password"))


def pydantic_field_with_a_long_value(make: Maker) -> None:
    class Settings(pydantic.BaseModel):
        api_token: int

    Settings(api_token=make("aws_session"))  # type: ignore[arg-type] # that is the error


def pydantic_nested_field(make: Maker) -> None:
    class Database(pydantic.BaseModel):
        password: str = pydantic.Field(max_length=3)

    class Settings(pydantic.BaseModel):
        database: Database

    Settings.model_validate({"database": {"password": make("password")}})


def pydantic_missing_field(make: Maker) -> None:
    class Settings(pydantic.BaseModel):
        port: int

    Settings.model_validate({"host": "db.example.com", "password": make("password"), "user": "etl"})


def pydantic_url(make: Maker) -> None:
    class Settings(pydantic.BaseModel):
        url: pydantic.PostgresDsn

    Settings.model_validate({"url": f"mysql://etl:{make('word')}@db.example.com/orders"})


def pydantic_errors(make: Maker) -> None:
    class Settings(pydantic.BaseModel):
        password: str = pydantic.Field(min_length=100)

    try:
        Settings(password=make("password"))
    except pydantic.ValidationError as error:
        raise RuntimeError(str(error.errors())) from None


def jsonschema_value(make: Maker) -> None:
    jsonschema.validate({"password": make("password")}, {"properties": {"password": {"minLength": 100}}})


def botocore_client_error(make: Maker) -> None:
    response = {"Error": {"Code": "InvalidClientTokenId", "Message": f"The token {make('aws_key_id')} is invalid."}}
    raise botocore.exceptions.ClientError(response, "AssumeRole")  # type: ignore[arg-type] # enough for its text


def botocore_presigned(make: Maker) -> None:
    key, secret, token = make("aws_key_id"), make("aws_secret"), make("aws_session")
    session = botocore.session.get_session()
    session.set_credentials(key, secret, token)
    client = session.create_client("s3", region_name="us-east-1")
    url = client.generate_presigned_url("get_object", Params={"Bucket": "lake", "Key": "in/x.csv"})
    make.made.append(url.rpartition("=")[2] if "Signature=" in url.rpartition("&")[2] else key)
    raise requests.HTTPError(f"403 Client Error: Forbidden for url: {url}")


def botocore_parameter(make: Maker) -> None:
    client = botocore.session.get_session().create_client(
        "datapipeline", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    client.set_task_status(taskId={"password": make("password")}, taskStatus="FAILED")


def botocore_credentials(make: Maker) -> None:
    credentials = botocore.credentials.Credentials(make("aws_key_id"), make("aws_secret"), make("aws_session"))
    raise RuntimeError(f"cannot use {vars(credentials)}")


def botocore_signed_request(make: Maker) -> None:
    credentials = botocore.credentials.Credentials(make("aws_key_id"), make("aws_secret"), make("aws_session"))
    request = botocore.awsrequest.AWSRequest("POST", "https://datapipeline.us-east-1.amazonaws.com/")
    botocore.auth.SigV4Auth(credentials, "datapipeline", "us-east-1").add_auth(request)
    make.made.append(request.headers["Authorization"].rpartition("=")[2])
    raise RuntimeError(f"refused: {dict(request.headers)}")


def called_process(make: Maker) -> None:
    subprocess.run([sys.executable, "-c", "exit(3)", "--password", make("password"), "--host", "h"], check=True)


def called_process_in_a_shell(make: Maker) -> None:
    subprocess.run(f"DB_PASSWORD={shlex.quote(make('word'))} false --host h", shell=True, check=True)


def process_timeout(make: Maker) -> None:
    program = "import time; time.sleep(9)"
    subprocess.run([sys.executable, "-c", program, f"--token={make('token')}"], check=True, timeout=0.01)


def yaml_error(make: Maker) -> None:
    yaml.safe_load(f"db:\n  host: h\n  password: '{make('password')}\n  user: etl\n")


def jwt_error(make: Maker) -> None:
    token = make("jwt")
    try:
        jwt.decode(token, "key" * 11, algorithms=["HS256"])
    except jwt.InvalidTokenError as error:
        error.add_note(f"The token was {token}")
        raise


def private_key(make: Maker) -> None:
    pem = make("pem")
    try:
        load_pem_private_key(pem.encode(), None)
    except ValueError as error:
        raise ValueError(f"no key: {pem!r}") from error


def key_error(make: Maker) -> None:
    raise KeyError(f"postgresql://etl:{make('password')}@db.example.com")


def os_error(make: Maker) -> None:
    raise ConnectionRefusedError(111, "Connection refused", f"redis://:{make('password')}@cache.example.com:6379/0")


def cookie(make: Maker) -> None:
    jar = requests.utils.cookiejar_from_dict({"sessiontoken": make("token")}, http.cookiejar.CookieJar())
    raise RuntimeError(f"{jar!r} {requests.utils.dict_from_cookiejar(jar)}")


def json_within_json(make: Maker) -> None:
    inner = json.dumps({"password": make("password") + '"\\x'})
    raise ValueError(json.dumps({"level2": json.dumps({"extra": inner, "host": "db.example.com"})}))


# What raises, and the words that stay
RAISED: dict[Callable[[Maker], None], str] = {
    sqlalchemy_named_parameters: "no such table: accounts insert into (name, password) values",
    sqlalchemy_core_insert: "no such table: accounts INSERT INTO api_token",
    sqlalchemy_literal: "no such table: accounts update set where name = 'ann'",
    sqlalchemy_unknown_dialect: "cannot use ordersdb://etl db.example.com/orders",
    sqlalchemy_url_without_colon: "Could not parse URL from string",
    port_out_of_a_password: "Port could not be cast",
    requests_connection: "127.0.0.1 port=9 /orders Connection refused",
    requests_status: "403 Client Error: Forbidden etl api.example.com/orders page=2",
    requests_invalid_url: "",
    requests_missing_schema: "Invalid URL api.example.com/orders",
    requests_header: "header",
    requests_json: "cannot read",
    urllib3_retries: "127.0.0.1 /orders page=2 refused",
    urllib3_location: "",
    httpx_status: "401 Unauthorized etl api.example.com/orders",
    httpx_invalid_url: "Invalid port",
    httpx_headers: "sent text/csv",
    httpx_raw_headers: "sent",
    pydantic_field: "password String should have at least 100 characters string_too_short",
    pydantic_field_with_a_long_value: "api_token valid integer",
    pydantic_nested_field: "database.password at most 3 characters",
    pydantic_missing_field: "port Field required type=missing",
    pydantic_url: "URL scheme should be 'postgres' etl",
    pydantic_errors: "string_too_short at least 100 characters",
    jsonschema_value: "is too short minLength On instance",
    botocore_client_error: "InvalidClientTokenId AssumeRole is invalid",
    botocore_presigned: "403 lake.s3.amazonaws.com/in/x.csv",
    botocore_parameter: "Parameter validation failed Invalid type for parameter taskId",
    botocore_credentials: "cannot use method",
    botocore_signed_request: "refused: AWS4-HMAC-SHA256",
    called_process: "non-zero exit status 3 --host",
    called_process_in_a_shell: "non-zero exit status 1 --host",
    process_timeout: "timed out after seconds",
    yaml_error: "while scanning a quoted scalar line 3",
    jwt_error: "The token was",
    private_key: "no key: BEGIN",
    key_error: "KeyError: postgresql://etl db.example.com",
    os_error: "111 Connection refused cache.example.com:6379/0",
    cookie: "sessiontoken",
    json_within_json: "db.example.com host",
}
