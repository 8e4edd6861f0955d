"""Sends requests: one HTTP client for each event loop and connection, in bounded time, without blocking the loop."""

from __future__ import annotations

import asyncio
import os
import ssl
from contextlib import asynccontextmanager
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_datapipeline._airflow.threads import in_thread
from airflow_provider_datapipeline.exceptions import AirflowApiError
from airflow_provider_datapipeline.hooks._open_clients import OpenClients

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    import httpx

_IDLE_SECONDS = 3.0  # shorter than the 5 s of Airflow's API server, which else might close a connection being reused


class Address(NamedTuple):
    """
    The address of an API.

    :param verify: whether to verify its certificate, or the path of the bundle to verify it with; None: as True
    """

    url: str
    verify: bool | str | None = True


class _Client(NamedTuple):
    http: httpx.AsyncClient
    address: Address


_clients = OpenClients[str, _Client]()


async def answer(
    conn_id: str, address: Address, method: str, path: str, *, seconds: float, token: str = "", **body: Any
) -> Any:
    """
    Make a request and return the answer, an ``httpx.Response``, whatever its status.

    :param conn_id: the connection whose client makes the request; a client that was made for another address is closed
    :param seconds: the most that the request may take
    :param token: a bearer token, if any
    :param body: ``json`` or ``data``, as httpx takes them
    :raises httpx.HTTPError: there was no answer, or none in time
    :raises AirflowApiError: the address is not valid, or there is no such bundle of certificates
    """
    async with _clients.use(
        conn_id, partial(_prepare, conn_id, address), fits=lambda client: client.address == address
    ) as used:
        import httpx  # the client has loaded it, in a thread

        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            async with asyncio.timeout(seconds):
                return await used.client.http.request(method, path, headers=headers, timeout=seconds, **body)
        except TimeoutError:
            raise httpx.ReadTimeout(f"{address.url} has not answered within {seconds:g} s.") from None
        except httpx.TransportError:
            used.discard()  # the bundle of certificates may have been renewed since the client was made
            raise


async def _prepare(conn_id: str, address: Address) -> AbstractAsyncContextManager[_Client]:
    # In a thread, because the imports and the certificates take some 200 ms.
    return _opened(await in_thread(_http_client, conn_id, address), address)


@asynccontextmanager
async def _opened(http: httpx.AsyncClient, address: Address) -> AsyncIterator[_Client]:
    async with http:
        yield _Client(http, address)


def _http_client(conn_id: str, address: Address) -> httpx.AsyncClient:
    import anyio.lowlevel
    import httpx

    # httpx sends through anyio. This has anyio load its part for asyncio in this thread, and not in the event loop.
    anyio.run(anyio.lowlevel.checkpoint)
    try:
        return httpx.AsyncClient(
            base_url=address.url,
            verify=_tls(conn_id, address.verify),
            limits=httpx.Limits(keepalive_expiry=_IDLE_SECONDS),
            # The token alone identifies the user: a cookie might be another user's.
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
        # httpx warns of a path, so the context is made here.
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
