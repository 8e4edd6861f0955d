"""What stands where a secret could, and is none: nothing, a template, a reference, the name of a file, a remark."""

from __future__ import annotations

import re

from airflow_provider_datapipeline.reporting.secret_looks import FILE

_NOTHING = re.compile(
    r"[*.…•xX_-]*|None|none|NONE|null|NULL|nil|undefined|[Tt]rue|[Ff]alse|TRUE|FALSE|yes|no|YES|NO|unset|"
    r"%s|%\(\w+\)s|\?|:[A-Za-z_]+_?\d*|\$\d|\$\{[^{}]*\}?|\$?\{\{.*|\$[A-Z][A-Z_]{2,}|\$\([^()]*\)|\{\{[^{}]*\}\}?|%[A-Z_]{3,}%|"
    r"<[\w .'-]*>?|<[\w.]+ object at 0x[0-9a-f]+>|arn:[\w:/.*+@=-]*|(?:https?|s3|gs|file)://[^@]*|"
    r"/(?:run|var|etc|opt|home|mnt|tmp|usr|vault|app|root|dev)/[\w./-]*|"
    r"(?:self|conn|args|ctx|cls|kwargs|options|settings|config|os\.environ|var|local|data|module|secrets|vars|(?:aws|google|azurerm)_\w+)[.\[][\w.\[\]'\"]*|"
    r"[a-z]{2,20}(?:_[a-z]{1,20}){0,5}(?:\.[a-z_]{2,40}){0,4}\((?:\)|[A-Za-z_'\"][^()]{0,200}\)?)[\w.\[\]'\"]{0,40},?|\[[A-Z][A-Za-z]{2,40}\(.*|\W|\[(?:Errno|WinError|SSL)\b.*|"
    rf"{FILE}",
    re.ASCII,
)
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
