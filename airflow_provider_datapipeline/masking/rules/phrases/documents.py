"""How secrets stand in documents (JSON, XML, forms, Kubernetes, keys), and in what validates them."""

from __future__ import annotations

from airflow_provider_datapipeline.masking.randomness import Randomness
from airflow_provider_datapipeline.masking.rules.phrases.rows import NAME, QUOTED, Phrase

DOCUMENT_PHRASES = (
    # Names and values in an unusual order or place
    Phrase(
        "JSON: a value before its name",
        ('al"', "al'", "alue"),
        (
            rf"[\"'](?i:val(?:ue)?)[\"'] ?: ?[\"'](?P<secret>[^\"'\n]{{1,400}}+)[\"'], ?[\"'](?i:name|key)"
            rf"[\"'] ?: ?[\"']{NAME}[\"']"
        ),
    ),
    Phrase(
        "a name and its value as a list of two",
        ("['", '["', "('", '("'),
        rf"[\[(]b?[\"']{NAME}[\"'], ?b?[\"'](?P<secret>[^\"'\n]{{1,400}}+)[\"'][\])]",
        Randomness.LOW,
    ),
    Phrase(
        "XML: the name as an attribute",
        ("key=", "name="),
        rf"\b(?:key|name)=[\"']{NAME}[\"'][^<>]{{0,100}}>(?P<secret>[^<>\n]{{1,400}}+)</",
    ),
    Phrase(
        "multipart/form-data",
        ("form-data", "name="),
        (
            r"name=[\"']?(?P<name>[\w.-]{2,60})[\"']?(?:\r?\n|\\r\\n|\\n)(?:Content-[^\r\n\\]{1,80}(?:\r?\n|\\r\\n|"
            r"\\n))?(?:\r?\n|\\r\\n|\\n)(?P<secret>[^\r\n\\]{1,400}+)"
        ),
    ),
    Phrase(
        "Terraform: a default",
        ("variable ", "output "),
        (
            r"(?:variable|output) \"(?P<name>[\w-]{2,60})\" ?\{[^{}]{0,200}?(?:default|value) {0,8}= {0,8}\""
            r"(?P<secret>[^\"\n]{1,400}+)\""
        ),
    ),
    Phrase(
        "Kubernetes: a Secret",
        ("kind: Secret",),
        (
            r"kind: Secret\n(?:(?!data:|stringData:|---)[^\n]{0,200}\n){0,20}(?:stringData|data):\n(?P<secret>(?:"
            r"[ \t]+[^\n]{1,2000}(?:\n|\Z)){1,50}+)"
        ),
    ),
    Phrase(
        "kubeadm: bootstrap token",
        ("kubeadm", "bootstrap"),
        r"\b(?:kubeadm|bootstrap)\b[^\n]{0,200}?(?<![A-Za-z0-9.])(?P<secret>[a-z0-9]{6}\.[a-z0-9]{16})(?![A-Za-z0-9])",
    ),
    Phrase(
        "PuTTY: private lines",
        ("Private-Lines",),
        (
            r"Private-Lines: [0-9]{1,4}(?:\r?\n|\\n)(?P<secret>(?:[A-Za-z0-9+/=]{1,64}(?:\r?\n|\\n|\Z|(?="
            r"\s))){1,200}+)"
        ),
    ),
    Phrase(
        "JSON Web Key: the private parts",
        ('"kty"', "'kty'"),
        r"[\"'](?:d|p|q|dp|dq|qi|k)[\"'] ?: ?[\"'](?P<secret>[A-Za-z0-9_-]{16,}+)",
    ),
    Phrase(
        "XML key of .NET: the private parts",
        ("<D>", "<P>", "<InverseQ>"),
        r"<(?:D|P|Q|DP|DQ|InverseQ)>(?P<secret>[A-Za-z0-9+/=\s]{16,}+)<",
    ),
    Phrase(
        "Hadoop: key of an Azure account",
        ("azure.account.key",),
        r"fs\.azure\.account\.key\.[\w.-]{1,100}[\"']?[ =:,]{1,4}[\"']?(?P<secret>[A-Za-z0-9+/]{16,}+=*)",
    ),
    # Validation
    Phrase(
        "psycopg: COPY, a line of a table that has the name of a secret",
        ("COPY ", "copy "),
        (
            r"(?i:\bcopy) [^\n]{1,200}?(?P<name>(?i:password|passwd|secret|token))[^\n]{0,200}?, line [0-9]{1,12}: "
            r"\"(?P<secret>[^\"\n]{1,400}+)\""
        ),
    ),
    Phrase(
        "pydantic: a field on one line, its value on the next",
        ("input_value=",),
        (
            r"(?m:^)(?:[\w\[\]-]{1,80}\.){0,8}(?P<name>[\w\[\]-]{2,80})\n[^\n]{0,600}?\binput_value=(?!\{)"
            r"(?P<secret>[^\n]{1,2000}?)(?=, input_type=|\]?(?:\n|\Z))"
        ),
    ),
    Phrase(
        "pydantic: a value whose middle is cut out",
        ("input_value=",),
        r"\binput_value=[\[{(][^\n]{0,100}?\.\.\.(?P<secret>[^\n]{0,100}?)(?=, input_type=)",
    ),
    Phrase(
        "pydantic, FastAPI: errors()",
        ("'loc'", '"loc"'),
        (
            r"[\"']loc[\"']: ?[\[(](?:[^\])\n,]{1,80}, ?){0,8}[\"'](?P<name>[\w.-]{2,80})[\"'],?[\])][^\n]{0,400}?"
            r"[\"']input[\"']: ?"
            rf"(?:{QUOTED}|(?P<secret3>[^,\n}}]{{1,400}}+))"
        ),
    ),
    Phrase(
        "jsonschema",
        ("On instance",),
        (
            rf"On instance(?:\[[^\]\n]{{1,80}}\]){{0,8}}\[['\"](?P<name>[\w.-]{{2,80}})['\"]\]:[ \n]{{1,20}}"
            rf"(?:{QUOTED}|(?P<secret3>[^\n]{{1,400}}+))"
        ),
    ),
)  # fmt: skip
"""Rows of :data:`~airflow_provider_datapipeline.masking.rules.phrases.PHRASES`."""
