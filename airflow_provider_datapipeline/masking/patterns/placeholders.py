"""
Values that stand where a secret could, and are none.

Such a value is empty, a template, a reference, the name of a file, or a remark of an error message.
"""

from __future__ import annotations

import re

from airflow_provider_datapipeline.masking.randomness import FILE_NAME

_PLACEHOLDERS = (
    r"[*.…•xX_-]*|\W",  # masked already, or a single sign
    r"None|none|NONE|null|NULL|nil|undefined|[Tt]rue|[Ff]alse|TRUE|FALSE|yes|no|YES|NO|unset",
    # parameters of SQL statements, variables of shells, templates
    r"%s|%\(\w+\)s|\?|:[A-Za-z_]+_?\d*|\$\d|\$[A-Z][A-Z_]{2,}|%[A-Z_]{3,}%",
    r"\$\{[^{}]*\}?|\$\([^()]*\)|\$?\{\{.*",
    r"<[\w .'-]*>?|<[\w.]+ object at 0x[0-9a-f]+>",
    # addresses and file names
    r"arn:[\w:/.*+@=-]*|(?:https?|s3|gs|file)://[^@]*",
    rf"/(?:run|var|etc|opt|home|mnt|tmp|usr|vault|app|root|dev)/[\w./-]*|{FILE_NAME}",
    # source code: attributes, subscripts, references in Terraform, and calls. A call that was cut is only recognized by
    # a name of several words.
    r"(?:self|conn|args|ctx|cls|kwargs|options|settings|config|os\.environ|secrets|vars)[.\[][\w.\[\]'\"]*",
    r"(?:var|local|data|module|(?:aws|google|azurerm)_\w+)[.\[][\w.\[\]'\"]*",
    r"[a-z]{2,40}(?:[_.]+[a-z]{1,40}){0,8}\([^()]{0,200}\)[\w.\[\]'\"]{0,40},?",
    r"[a-z]{2,40}(?:[_.]+[a-z]{1,40}){1,8}\([A-Za-z_'\"][^()]{0,200}",
    # the beginning of an error or of its message
    r"\[[A-Z][A-Za-z]{2,40}\(.*|\[(?:Errno|WinError|SSL)\b.*",
)
_PLACEHOLDER = re.compile("|".join(_PLACEHOLDERS), re.ASCII)
STARTS_REMARK = re.compile(
    r"(?:a|an|the|and|or|is|are|was|were|be|has|have|had|must|may|can|cannot|could|should|will|does|did|do|not|no|none|for|"
    r"of|to|in|on|at|as|by|with|from|this|that|your|you|it|please|required|expected|missing|invalid|incorrect|wrong|"
    r"expired|expires|unknown|unset|empty|too|authentication|authorization|unauthorized|access|permission|denied|failed|"
    r"failure|error|ensure|field|value|input|line|column|character|unexpected|unsupported|unable|str|string|bytes|int|"
    r"bool|float|dict|list|object|optional|type|redacted|hidden|masked|signature)"
    r"(?=[,.;:!?)\]}'\"]{0,3}(?:[ \t\r\n]|\Z))"
    r"|(?-i:[A-Z]\w{1,60}(?:Error|Exception|Warning|Failure)\b)",
    re.IGNORECASE,
)
"""The first word of a remark, or the class of an exception. Secrets do not begin like this."""

THREE_WORDS = re.compile(r"(?<![A-Za-z'])[A-Za-z][a-z']+ (?:[a-z']+ ){2}")
"""Three words in a row, as in a sentence."""

TWO_WORDS = re.compile(r"[A-Za-z]?[a-z']+[,.]?[ \t]+[a-z']+(?=[ \t\r\n,.;:]|\Z)")
"""Two words in a row, as at the beginning of a remark that :data:`STARTS_REMARK` does not know."""


def is_placeholder(value: str) -> bool:
    """Tell whether a value says that there is no secret, or refers to one that is kept elsewhere."""
    return _PLACEHOLDER.fullmatch(value) is not None
