"""The way to an API server that a connection of type ``http`` leads to: with a user, with a token, or with neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import httpx


def api_url(host: str | None, port: int | None, schema: str | None) -> str:
    """
    Return the address of the API server that a connection gives, without a slash at the end.

    :param host: a name or an address, or a URL, both with or without a path; what it says of scheme and port counts
        more than the two others, as in Airflow's own HttpHook
    """
    host = (host or "localhost").strip()
    if host.count(":") > 1 and "://" not in host and not host.startswith("["):
        host = f"[{host}]"  # an IPv6 address; with a port of its own it stands in brackets already
    parts = urlsplit(host if "://" in host else f"{schema or 'http'}://{host}")
    address = parts.netloc if parts.port or not port else f"{parts.netloc.rstrip(':')}:{port}"
    return f"{parts.scheme}://{address}{parts.path.rstrip('/')}"


async def send(connection: Any, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
    """
    Make a request and return the answer, whatever its status.

    :param connection: host, port, login and password of a user who may edit DAG runs; ``schema`` for https. A password
        alone is taken for a token.
    :raises httpx.HTTPError: there was no answer, or the user was not let in
    """
    import httpx

    base = api_url(connection.host, connection.port, connection.schema)
    async with httpx.AsyncClient(base_url=base, timeout=10) as client:
        token = await _token(client, connection)
        return await client.request(
            method, path, json=body, headers={"Authorization": f"Bearer {token}"} if token else {}
        )


async def _token(client: Any, connection: Any) -> str:
    """Log in anew each time: these calls are rare, and tokens end."""
    if not connection.login:
        return connection.password or (await _token_without_login(client))
    response = await client.post("/auth/token", json={"username": connection.login, "password": connection.password})
    response.raise_for_status()
    return str(response.json()["access_token"])


async def _token_without_login(client: Any) -> str:
    # SimpleAuthManager with [core] simple_auth_manager_all_admins hands a token to anybody.
    response = await client.get("/auth/token")
    response.raise_for_status()
    return str(response.json()["access_token"])
