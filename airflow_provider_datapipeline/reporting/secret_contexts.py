"""Secrets whose place is known: options of commands, clauses of SQL, headers, and what some libraries quote."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_datapipeline.reporting.secret_patterns import Span

_WORD_END = r"(?=[ \t\r\n\"',)\]};]|\\|\Z)"
_ARGUMENT = r"(?:'(?P<q1>[^'\r\n]+)'|\"(?P<q2>[^\"\r\n]+)\"|(?P<rest>[^ \t\r\n\"'`]+?(?=[ \t\r\n\"'`\])]|\Z)))"
_GAP = r"(?:[ \t]+|[\"'], ?(?=[\"']))"  # between arguments, of a command line or of a list of them

# Options without "password" in their name. By name of the command: what it calls its option; may a blank follow?
_OPTIONS = {
    r"(?:mysql|mariadb)[a-z_-]{0,20}": "-p",
    r"(?:mongo[a-z]{0,12}|sshpass)": "-p ",
    r"(?:docker|podman|helm|oc|az|skopeo|buildah)(?![\w-])[^|;&]{0,200}\blogin": "-p ",
    r"(?:sqlcmd|bcp|osql|isql|zip|unzip)": "-P ",
    r"(?:redis-cli|valkey-cli)": "-a ",
    r"(?:ldapsearch|ldapmodify|ldapadd|ldapwhoami)": "-w ",
    r"(?:beeline)": "-p ",
}
_ANY_COMMAND = re.compile(
    r"mysql|mariadb|mongo|docker|podman|helm|oc|az|skopeo|buildah|sshpass|sqlcmd|bcp|osql|isql|zip|-cli|ldap|beeline"
)
_WINDOW = 300  # characters of a command line before its option

_USER_AND_PASSWORD = re.compile(
    rf"(?<![\w-])(?:-u|--user|--proxy-user|-U|-a)(?:=|{_GAP}|)[\"']?[\w.@\\-]{{1,64}}[:%](?P<rest>[^ \t\r\n\"']+)",
    re.ASCII,
)
_OF_USER_AND_PASSWORD = re.compile(r"\b(?:curl|httpie|xh|smbclient|rpcclient)\b")
_ORACLE = re.compile(
    rf"\b(?:sqlplus|expdp|impdp|sqlldr|rman|jdbc:oracle:\w{{1,8}}:)(?:{_GAP}|[\"']|-\w+|){{0,4}}"
    r"[\w.-]{1,64}/(?P<rest>[^ \t\r\n\"'/]+?)(?=@)",
    re.ASCII | re.IGNORECASE,
)
_QUOTED = r"(?:'(?P<q1>(?:[^'\\]|''|\\.)*+)|\"(?P<q2>(?:[^\"\\]|\"\"|\\.)*+))"

_PATTERNS = tuple(
    (hints, re.compile(pattern, re.ASCII))
    for hints, pattern in (  # plain texts, one of which is there wherever the pattern matches; and the pattern
        # headers, outside of any assignment: letters of both cases, a digit or a sign, since "bearer token" is a word
        (
            ("earer", "EARER", "asic", "ASIC"),
            (
                r"\b[bB](?i:earer|asic)[ \t]+(?![a-zA-Z]?[a-z]+\b(?![._~+/=-])|[A-Z]+\b(?![._~+/=-])|\*|\w{1,40}=[\"'])"
                r"(?P<rest>[A-Za-z0-9._~+/-]{6,}+=*)"
            ),
        ),
        (("Signature=", "AWSAccessKeyId="), r"[?&](?:Signature|AWSAccessKeyId)=(?P<rest>[^&\s\"'<>]{8,})"),
        (("auth=(",), rf"\bauth=\((?:'[^'\n]{{0,200}}'|\"[^\"\n]{{0,200}}\"), ?{_QUOTED}"),
        (("'auth'", '"auth"'), r"[\"']auth[\"'] ?: ?[\"'](?P<rest>[A-Za-z0-9+/]{12,}={0,2})[\"']"),
        # SQL
        (
            ("ASSWORD", "assword", "DENTIFIED", "dentified"),
            (
                r"(?i:\bpassword[ \t]*\([ \t]*"
                rf"|\bidentified[ \t]+(?:with[ \t]+\S{{1,60}}[ \t]+)?(?:by|as)[ \t]+(?:password[ \t]+)?){_QUOTED}"
            ),
        ),
        (
            ("DENTIFIED", "dentified"),
            r"(?i:\bidentified[ \t]+by[ \t]+)(?!password\b|values\b|[\"'%:?*])(?P<rest>[^\s;,\"')]+)",
        ),
        (
            # statements with values apart: which of these belongs to the secret column is not told
            ("[parameters: ",),
            (
                r"\[SQL: (?=(?:(?!\n\[parameters: ).){0,4000}?(?i:passw|secret|token|api_?key|private_key))"
                r"(?:(?!\n\[parameters: )(?s:.))*+\n\[parameters: (?P<rest>[\[(][^\r\n]*?)\](?=\r?\n|\Z)"
            ),
        ),
        # pydantic: the field on one line, its value on the next; the middle of a long value is cut out
        (
            ("input_value=",),
            (
                r"(?im:^)[\w.-]{0,80}?(?i:passw|pwd|secret|token|api_?key|private_?key|credential)[\w.-]{0,80}\n"
                r"[^\n]{0,600}?\binput_value=(?P<rest>[^\n]*?)(?=, input_type=|\]?(?:\n|\Z))"
            ),
        ),
        (("input_value=",), r"\binput_value=[\[{(][^\n]{0,100}?\.\.\.(?P<rest>[^\n]{0,100}?)(?=, input_type=)"),
        (
            ("'loc'", '"loc"'),
            (
                r"[\"']loc[\"']: ?[\[(][^\])\n]{0,200}?(?i:passw|pwd|secret|token|api_?key|private_?key)[^\])\n]{0,200}"
                rf"[\])][^\n]{{0,400}}?[\"']input[\"']: ?(?:{_QUOTED}|(?P<rest>[^,\n}}]+))"
            ),
        ),
        # jsonschema
        (
            ("On instance",),
            (
                r"On instance(?:\[[^\]\n]{1,80}\]){0,8}\[[^\]\n]{0,60}(?i:passw|secret|token|api_?key)[^\]\n]{0,60}\]:"
                rf"[ \n]{{1,20}}(?:{_QUOTED}|(?P<rest>[^\n]+))"
            ),
        ),
        # parts of a URL that was taken apart at a slash or a hash in its password
        (("Port could not be cast",), r"Port could not be cast to integer value as (?P<rest>'[^\n]+')"),
        (("Invalid port: ",), r"\bInvalid port: (?P<rest>'[^\n]+')"),
        (("Failed to parse: ",), r"\bFailed to parse: '?[^:'\s]{0,80}:(?!//)(?P<rest>[^\n]{1,400}?)'? is not a valid"),
        (("invalid literal for int",), r"invalid literal for int\(\) with base 10: '(?P<rest>[^'\n]{1,200})(?=@)"),
    )
)


def find_arguments(text: str) -> Iterator[Span]:
    """Find secrets by what they are to a command, a statement or an error text of a well-known library."""
    for hints, pattern in _PATTERNS:
        if any(hint in text for hint in hints):
            for match in pattern.finditer(text):
                if match.lastgroup:
                    yield match.span(match.lastgroup)
    if " -" in text or "'-" in text or '"-' in text:
        yield from _find_options(text)
        for match in _USER_AND_PASSWORD.finditer(text):
            if _OF_USER_AND_PASSWORD.search(_line_before(text, match.start())):
                yield match.span("rest")
    if "/" in text:
        yield from (match.span("rest") for match in _ORACLE.finditer(text))


_COMMANDS = tuple(
    (re.compile(rf"(?<![\w-]){name}{_WORD_END}", re.ASCII), flag.strip(), flag.endswith(" "))
    for name, flag in _OPTIONS.items()
)
_FLAG = re.compile(rf"(?<=[ \t\"'])(?P<flag>-[pPaw])(?P<gap>{_GAP}?)(?P<rest>[\"']?[^ \t\r\n\"'`]+)")


def _line_before(text: str, position: int) -> str:
    line = text[max(0, position - _WINDOW) : position]
    return line[line.rfind("\n") + 1 :]


def _find_options(text: str) -> Iterator[Span]:
    if not _ANY_COMMAND.search(text):
        return
    for match in _FLAG.finditer(text):
        line = _line_before(text, match.start())
        for command, flag, may_stand_apart in _COMMANDS:
            if match["flag"] == flag and (may_stand_apart or not match["gap"]) and command.search(line):
                yield match.span("rest")
                break
