"""
The table of phrases: texts in which libraries, statements and sentences show a secret.

They serve where neither a name before the secret nor its own characters give it away. The rows are in the modules of
this package, by where such phrases occur; the table below joins them.
"""

from __future__ import annotations

from airflow_provider_datapipeline.masking.rules.phrases.databases import DATABASE_PHRASES
from airflow_provider_datapipeline.masking.rules.phrases.documents import DOCUMENT_PHRASES
from airflow_provider_datapipeline.masking.rules.phrases.sentences import SENTENCE_PHRASES
from airflow_provider_datapipeline.masking.rules.phrases.web import WEB_PHRASES

PHRASES = (*WEB_PHRASES, *DATABASE_PHRASES, *DOCUMENT_PHRASES, *SENTENCE_PHRASES)
"""Every phrase."""
