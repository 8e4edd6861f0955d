"""Creates identifiers that have the alphabet and the length of real ones."""

from __future__ import annotations

import base64
import secrets

_BASE_36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def new_pipeline_id() -> str:
    """Return ``df-0`` and 19 random upper-case base-36 characters."""
    return "df-0" + "".join(secrets.choice(_BASE_36) for _ in range(19))


def new_pipeline_task_id() -> str:
    """Return a random task id of 947 characters that contains ``+``, ``/``, ``=`` and ``:``, like public samples."""
    body = ""
    while "+" not in body or "/" not in body:
        body = base64.b64encode(secrets.token_bytes(690)).decode()
    return f"{body}:{base64.b64encode(secrets.token_bytes(16)).decode()}:1"
