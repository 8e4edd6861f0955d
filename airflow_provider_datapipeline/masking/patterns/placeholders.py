"""What stands where a secret could, and is none: nothing, a template, a reference, the name of a file, a remark."""

from __future__ import annotations

import re

from airflow_provider_datapipeline.masking.patterns.looks import FILE

_NOTHINGS = (
    r"[*.…•xX_-]*|\W",  # masked by somebody, or a sign
    r"None|none|NONE|null|NULL|nil|undefined|[Tt]rue|[Ff]alse|TRUE|FALSE|yes|no|YES|NO|unset",
    # parameters of statements, variables of shells, templates
    r"%s|%\(\w+\)s|\?|:[A-Za-z_]+_?\d*|\$\d|\$[A-Z][A-Z_]{2,}|%[A-Z_]{3,}%",
    r"\$\{[^{}]*\}?|\$\([^()]*\)|\$?\{\{.*",
    r"<[\w .'-]*>?|<[\w.]+ object at 0x[0-9a-f]+>",
    # addresses and files
    r"arn:[\w:/.*+@=-]*|(?:https?|s3|gs|file)://[^@]*",
    rf"/(?:run|var|etc|opt|home|mnt|tmp|usr|vault|app|root|dev)/[\w./-]*|{FILE}",
    # source code: attributes and entries, references of Terraform, calls; one that is cut has a name of several words
    r"(?:self|conn|args|ctx|cls|kwargs|options|settings|config|os\.environ|secrets|vars)[.\[][\w.\[\]'\"]*",
    r"(?:var|local|data|module|(?:aws|google|azurerm)_\w+)[.\[][\w.\[\]'\"]*",
    r"[a-z]{2,40}(?:[_.]+[a-z]{1,40}){0,8}\([^()]{0,200}\)[\w.\[\]'\"]{0,40},?",
    r"[a-z]{2,40}(?:[_.]+[a-z]{1,40}){1,8}\([A-Za-z_'\"][^()]{0,200}",
    # what an error is or says
    r"\[[A-Z][A-Za-z]{2,40}\(.*|\[(?:Errno|WinError|SSL)\b.*",
)
_NOTHING = re.compile("|".join(_NOTHINGS), re.ASCII)
PROSE = re.compile(
    r"(?:a|an|the|and|or|is|are|was|were|be|has|have|had|must|may|can|cannot|could|should|will|does|did|do|not|no|none|for|"
    r"of|to|in|on|at|as|by|with|from|this|that|your|you|it|please|required|expected|missing|invalid|incorrect|wrong|"
    r"expired|expires|unknown|unset|empty|too|authentication|authorization|unauthorized|access|permission|denied|failed|"
    r"failure|error|ensure|field|value|input|line|column|character|unexpected|unsupported|unable|str|string|bytes|int|"
    r"bool|float|dict|list|object|optional|type|redacted|hidden|masked|signature)"
    r"(?=[,.;:!?)\]}'\"]{0,3}(?:[ \t\r\n]|\Z))"
    r"|(?-i:[A-Z]\w{1,60}(?:Error|Exception|Warning|Failure)\b)",
    re.IGNORECASE,
)
"""The first word of a remark, or the class of an exception."""

SENTENCE = re.compile(r"(?<![A-Za-z'])[A-Za-z][a-z']+ (?:[a-z']+ ){2}")
"""Three words of a sentence."""

WORDS = re.compile(r"[A-Za-z]?[a-z']+[,.]?[ \t]+[a-z']+(?=[ \t\r\n,.;:]|\Z)")
"""The first two words of a remark that has no telling one."""


def is_nothing(value: str) -> bool:
    """Tell whether a value stands for none, or for one that is told elsewhere."""
    return _NOTHING.fullmatch(value) is not None
