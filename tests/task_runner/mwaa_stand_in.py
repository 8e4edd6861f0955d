"""
Stands in for Amazon MWAA: the API of the service, and the web server of one environment, each with its own certificate.

Both check what AWS's documentation says that the real ones check: how a call is signed and for which service, which
role of Airflow the policies of the caller allow, that a web token is used once and in time, and which role a bearer
token belongs to.
"""

from __future__ import annotations

import json
import secrets
import ssl
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from airflow_provider_datapipeline.emulator import Credentials
from airflow_provider_datapipeline.emulator.credentials import ACCOUNT_ID
from airflow_provider_datapipeline.emulator.errors import ServiceError
from airflow_provider_datapipeline.emulator.policies import AccessRequest, Decision, decide
from airflow_provider_datapipeline.emulator.signature import verify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REGION = "eu-west-1"
ENVIRONMENT = "Data-Platform"
KEY, SECRET = "AKIARUNNER", "s3cret"

ROLES = ("Admin", "Op", "User", "Viewer", "Public")
EDITORS = ("Admin", "Op", "User")
READERS = (*EDITORS, "Viewer")


@dataclass(frozen=True)
class Reply:
    """An answer of one of the two servers."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


def error(status: int, code: str, message: str) -> Reply:
    """An error of AWS's REST services."""
    return Reply(status, {"message": message}, {"x-amzn-ErrorType": code})


@dataclass(frozen=True)
class WebToken:
    role: str
    made: float


@dataclass
class MwaaStandIn:
    """
    The account ``123456789012`` with one environment, which has the paused DAG ``nightly`` and the DAG ``hourly``.

    :param folder: the folder for the certificates
    """

    folder: Path
    credentials: Credentials = field(default_factory=lambda: Credentials({KEY: SECRET}))
    paused: dict[str, bool] = field(default_factory=lambda: {"nightly": True, "hourly": False})
    runs: dict[tuple[str, str], str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """The method, the server and the path of each request, in order."""
    issued: list[str] = field(default_factory=list)
    """All web tokens and bearer tokens that were given out."""
    answers_aws: threading.Event = field(default_factory=threading.Event)
    """While it is cleared, calls of AWS's API wait, for up to 10 seconds."""
    web_token_seconds: float = 60
    login_sets_cookie: bool = True
    status_of_unknown_token: int = 401

    def __post_init__(self) -> None:
        self.answers_aws.set()
        self._lock = threading.Lock()
        self._web_tokens: dict[str, WebToken] = {}
        self._bearers: dict[str, str] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        aws, web = (self._stack.enter_context(_served(self.folder, name, self)) for name in ("aws", "web"))
        self.endpoint_url, self.host = f"https://{aws}", web
        self.both = self.folder / "both.pem"
        self.aws_alone = self.folder / "aws.pem"
        self.both.write_text("".join((self.folder / f"{name}.pem").read_text() for name in ("aws", "web")))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def logins(self) -> int:
        return sum("aws_mwaa/login" in line for line in self.asked)

    def end_sessions(self) -> None:
        """Forget all bearer tokens that were given out so far."""
        with self._lock:
            self._bearers.clear()

    def answer(self, server: str, request: Request) -> Reply:
        with self._lock:
            self.asked.append(f"{request.method} {server} {request.path}")
        if server == "aws":
            self.answers_aws.wait(10)
            return self._web_token(request)
        if request.path == "/pluginsv2/aws_mwaa/login":
            return self._login(request)
        return self._api(request)

    def _web_token(self, request: Request) -> Reply:
        try:
            signer = verify(
                request.method,
                request.path,
                request.headers,
                request.body,
                self.credentials,
                regions=[REGION],
                service="airflow",
            )
        except ServiceError as refused:
            return error(403, refused.code, refused.message)
        prefix, _, name = request.path.rpartition("/")
        if (request.method, prefix) != ("POST", "/webtoken"):
            return error(404, "UnknownOperationException", "")
        role, identity = None, signer.identity
        for each in ROLES:
            arn = f"arn:aws:airflow:{signer.region}:{ACCOUNT_ID}:role/{name}/{each}"
            wanted = AccessRequest("airflow:CreateWebLoginToken", arn, {}, identity.user_id)
            if identity.policies is None or decide(identity.policies, wanted) is Decision.ALLOWED:
                role = each
                break
        if role is None:
            text = f"User: {identity.arn} is not authorized to perform: airflow:CreateWebLoginToken"
            return error(403, "AccessDeniedException", text)
        if name != ENVIRONMENT:
            return error(404, "ResourceNotFoundException", f"Environment {name} not found")
        token = self._issue()
        with self._lock:
            self._web_tokens[token] = WebToken(role, time.monotonic())
        return Reply(200, {"WebToken": token, "WebServerHostname": self.host, "AirflowIdentity": identity.arn})

    def _login(self, request: Request) -> Reply:
        if request.method != "POST" or request.header("content-type") != "application/x-www-form-urlencoded":
            return Reply(405, {})
        (token,) = parse_qs(request.body.decode()).get("token", [""])
        with self._lock:
            known = self._web_tokens.pop(token, None)  # it can be used once
        if known is None or time.monotonic() - known.made > self.web_token_seconds:
            return Reply(401, {"error": f"invalid token {token}"})
        bearer = self._issue()
        with self._lock:
            self._bearers[bearer] = known.role
        cookie = {"Set-Cookie": f"_token={bearer}; Path=/; Secure; SameSite=Lax"}
        return Reply(200, {}, cookie if self.login_sets_cookie else {})

    def _api(self, request: Request) -> Reply:
        scheme, _, bearer = request.header("authorization").partition(" ")
        role = self._bearers.get(bearer) if scheme == "Bearer" else None
        if role is None:
            return Reply(self.status_of_unknown_token, {"detail": "Invalid JWT token"})
        if role not in (EDITORS if request.method == "PATCH" else READERS):
            return Reply(403, {"detail": "Forbidden"})
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["api", "v2", "dags", dag_id] if dag_id in self.paused:
                return Reply(200, {"dag_id": dag_id, "is_paused": self.paused[dag_id]})
            case "GET", ["api", "v2", "dags", dag_id, "dagRuns", run_id] if dag_id in self.paused:
                return Reply(200, {"state": self.runs.get((dag_id, run_id), "running")})
            case "PATCH", ["api", "v2", "dags", dag_id, "dagRuns", run_id] if dag_id in self.paused:
                self.runs[dag_id, run_id] = json.loads(request.body)["state"]
                return Reply(200, {"state": self.runs[dag_id, run_id]})
        return Reply(404, {"detail": "not found"})

    def _issue(self) -> str:
        token = f"eyJhbGciOiJub25lIn0.{secrets.token_urlsafe(24)}.{secrets.token_urlsafe(12)}"
        self.issued.append(token)
        return token


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for each, value in self.headers if each.lower() == name), "")


@contextmanager
def _served(folder: Path, name: str, stand_in: MwaaStandIn) -> Iterator[str]:
    """Serve with a new certificate, which is written to NAME.pem; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def reply(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            reply = stand_in.answer(name, Request(self.command, self.path, self.headers.items(), body))
            content = json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for header, value in reply.headers.items():
                self.send_header(header, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = reply  # noqa: N815  # the base class's names

        def log_message(self, *_: object) -> None:
            """Write nothing to standard error."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(_certificate(folder / f"{name}.pem"), folder / f"{name}.pem.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _certificate(path: Path) -> Path:
    """Make a certificate for 127.0.0.1, and write its key to the same folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, path.stem)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    path.with_name(f"{path.name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path
