"""
The table of tokens that their own characters give away: which service issues each, and what it looks like.

The rows are in the modules of this package, by issuer and by kind of row; the two tables below join them. Nothing is
compiled or searched here.
"""

from __future__ import annotations

from airflow_provider_datapipeline.masking.rules.issuers.platform_prefixes import PLATFORM_PREFIXES
from airflow_provider_datapipeline.masking.rules.issuers.platform_shapes import PLATFORM_SHAPES
from airflow_provider_datapipeline.masking.rules.issuers.service_prefixes import SERVICE_PREFIXES
from airflow_provider_datapipeline.masking.rules.issuers.service_shapes import SERVICE_SHAPES

ISSUERS = (*PLATFORM_PREFIXES, *SERVICE_PREFIXES)
"""Tokens that begin with a prefix of their issuer's."""

SHAPES = (*PLATFORM_SHAPES, *SERVICE_SHAPES)
"""Tokens that only a regular expression for the whole of them can tell."""
