"""One HTTP client per event loop and connection, and what a request may cost: ten seconds, and no halt of the loop."""

from __future__ import annotations

import asyncio
import os
import ssl
from dataclasses import dataclass
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_datapipeline._airflow.threads import in_thread
from airflow_provider_datapipeline.exceptions import AirflowApiError
from airflow_provider_datapipeline.hooks._per_loop import OpenClient, PerLoop

if TYPE_CHECKING:
    import httpx

TIMEOUT_SECONDS = 10.0
"""For one request, from its first byte to the last of the answer, name resolution included."""

_IDLE_SECONDS = 3.0  # shorter than the 5 s of Airflow's API server, which would else close what is just being used


class Address(NamedTuple):
    """
    Where an API is.

    :param verify: whether, or against which bundle, its certificate is verified; None: as True
    """

    url: str
    verify: bool | str | None = True


@dataclass(frozen=True, eq=False)
class _Kept:
    address: Address
    opened: OpenClient[httpx.AsyncClient]


_clients = PerLoop[str, _Kept]()


async def answer(conn_id: str, address: Address, method: str, path: str, *, token: str = "", **body: Any) -> Any:
    """
    Make a request and return the answer, an ``httpx.Response``, whatever its status.

    :param conn_id: whose client it is; one that was made for another address is closed
    :param token: a bearer token, if any
    :param body: ``json`` or ``data``, as httpx takes them
    :raises httpx.HTTPError: there was no answer, or none in time
    :raises AirflowApiError: the address is none, or there is no such bundle of certificates
    """
    kept = await _clients.get(conn_id, partial(_open, conn_id, address), fits=lambda kept: kept.address == address)
    import httpx  # by now it is loaded

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await kept.opened.client.request(method, path, headers=headers, **body)
    except TimeoutError:
        raise httpx.ReadTimeout(f"{address.url} has not answered within {TIMEOUT_SECONDS:g} s.") from None
    except httpx.TransportError:
        _clients.discard(conn_id, kept)  # its certificates may have been renewed since it was made
        raise


async def _open(conn_id: str, address: Address) -> _Kept:
    # In a thread, because the imports and the certificates take some 200 ms.
    client = await in_thread(_client, conn_id, address)
    return _Kept(address, await OpenClient.of(client))


def _client(conn_id: str, address: Address) -> httpx.AsyncClient:
    import anyio.lowlevel
    import httpx

    # Has anyio, which httpx speaks through, load its part for asyncio here, and not in the event loop.
    anyio.run(anyio.lowlevel.checkpoint)
    try:
        return httpx.AsyncClient(
            base_url=address.url,
            verify=_tls(conn_id, address.verify),
            timeout=TIMEOUT_SECONDS,
            limits=httpx.Limits(keepalive_expiry=_IDLE_SECONDS),
            # Who asks is told by the token alone.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )
    except httpx.InvalidURL as error:
        raise AirflowApiError(
            f"The connection {conn_id!r} (airflow_conn_id) leads to {address.url!r}, which is no address: {error}. "
            "Correct its host, port and schema."
        ) from None


def _tls(conn_id: str, verify: bool | str | None) -> ssl.SSLContext:
    import httpx

    try:
        if not isinstance(verify, str):
            return httpx.create_ssl_context(verify=verify is not False)
        # httpx would warn of a path
        is_folder = Path(verify).is_dir()
        return ssl.create_default_context(capath=verify) if is_folder else ssl.create_default_context(cafile=verify)
    except OSError as error:
        named, remedy = (
            (repr(verify), "Correct verify in its extra.")
            if isinstance(verify, str)
            else (f"SSL_CERT_FILE ({os.environ.get('SSL_CERT_FILE')!r})", "Correct that variable of the environment.")
        )
        raise AirflowApiError(
            f"The connection {conn_id!r} (airflow_conn_id) has certificates verified with {named}, which cannot be "
            f"read as certificates: {error}. {remedy}"
        ) from None
