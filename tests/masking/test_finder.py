"""Secrets that nobody registered are masked, whatever characters they have and whatever stands around them."""

from __future__ import annotations

import json
import shlex
import string
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

import pytest
from hypothesis import assume, example, given, strategies as st

from airflow_provider_datapipeline._airflow.names import redact
from airflow_provider_datapipeline.masking.finder import find_secrets, mask_secrets
from airflow_provider_datapipeline.masking.masker import Masker
from airflow_provider_datapipeline.masking.whole_text import WITHHELD
from airflow_provider_datapipeline.reporting import TaskReport
from tests.reporting.corpus import cloud, databases, web
from tests.reporting.corpus.secret_fixtures import Planted, plant

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]


def mask_nothing(text: str) -> str:
    return text


ANYTHING = st.text(st.characters(codec="utf-8"), min_size=8, max_size=40)
PRINTABLE = st.text(string.ascii_letters + string.digits + string.punctuation + " äß€", min_size=8, max_size=40)
# Without the characters that may end an unquoted value
UNQUOTED = st.text(string.ascii_letters + string.digits + "!#$*+-./:=?@^_|~{äß€", min_size=8, max_size=40)
TOKEN = st.text(string.ascii_letters + string.digits + "._~+/-", min_size=8, max_size=60)
WORDS = st.text(string.ascii_letters + string.digits + " !$*+-./?^_|~", min_size=8, max_size=40)

PIECES = [*"ab '\"\\{}[]()<>@:/=;,&%\n-*", "password", "token=", "://", "PWD=", "%3D", "***"]


def is_one_part(secret: str) -> bool:
    """Tell whether it is certain where the host begins in a URL with this password, which is not encoded."""
    return not ("@" in secret and any(border in secret for border in "/?#"))


# For each place: how a secret is written there, the text around it, and which secrets are possible
PLACES: dict[str, tuple[Callable[[str], str], str, st.SearchStrategy[str]]] = {
    "JSON": (lambda secret: json.dumps(secret)[1:-1], '{{"host": "h", "password": "{}", "port": 1}}', ANYTHING),
    "JSON, not ASCII": (lambda one: json.dumps(one, ensure_ascii=False)[1:-1], '{{"api_key":"{}","a":1}}', PRINTABLE),
    "JSON within JSON": (
        lambda secret: json.dumps(json.dumps(secret))[3:-3],
        '{{"extra": "{{\\"client_secret\\": \\"{}\\", \\"a\\": 1}}"}}',
        ANYTHING,
    ),
    "dict": (repr, "{{'host': 'h', 'password': {}, 'port': 1}}", ANYTHING),
    "keyword argument": (repr, "connect(host='h', token={}, port=1)", ANYTHING),
    "command as list": (repr, "Command '['load', '--db-password', {}, '--host', 'h']' failed", ANYTHING),
    "command": (shlex.quote, "load --host h --password {} --port 1", PRINTABLE.filter(lambda one: "'" not in one)),
    "URL": (lambda secret: quote(secret, safe=""), "postgresql://etl:{}@db.example.com:5432/orders", ANYTHING),
    "URL, not encoded": (str, "postgresql://etl:p{}@db.example.com:5432/orders", UNQUOTED.filter(is_one_part)),
    "query": (lambda secret: quote(secret, safe=""), "https://h/x?a=1&access_token={}&page=2", ANYTHING),
    "form": (quote_plus, "user=etl&password={}&a=1", ANYTHING),
    "SQL": (lambda secret: secret.replace("'", "''"), "ALTER USER etl PASSWORD '{}' VALID", WORDS),
    "ODBC": (lambda secret: secret.replace("}", "}}"), "SERVER=h;UID=u;PWD={{{}}};DATABASE=d", PRINTABLE),
    "ODBC, without braces": (str, "SERVER=h;UID=u;PWD={};DATABASE=d", WORDS),
    "libpq": (str, "host=h user=etl password={} dbname=d", UNQUOTED),
    "YAML": (str, "db:\n  host: h\n  password: {}\n  port: 1\n", WORDS),
    "XML": (escape, "<a><password>{}</password><host>h</host></a>", PRINTABLE),
    "bearer": (str, "GET / HTTP/1.1\r\nAuthorization: Bearer {}\r\nHost: h", TOKEN),
    "environment": (shlex.quote, "DB_HOST=h DB_PASSWORD={} DB_PORT=1", TOKEN),
}


@pytest.mark.parametrize("place", PLACES)
@given(data=st.data())
def test_a_secret_of_any_characters_is_masked(place: str, data: st.DataObject) -> None:
    write, around, secrets = PLACES[place]
    secret = data.draw(secrets.map(str.strip), label="secret")
    # A word cannot be told from a remark ("password: missing"), and a name in braces cannot be told from a template.
    assume(len(secret) >= 8 and any(letter.isdigit() for letter in secret) and secret.strip("*.xX-_") != "")
    first_word = secret.split()[0].strip(string.punctuation)
    assume(first_word and not first_word.isalpha())
    assume(not secret.startswith(("<", "{", "$", ":", "/", "-", "%", "http", "[", "#")))
    written = write(secret)
    planted = Planted(around.format(written), (secret, written))

    shown = Masker(mask_nothing)(planted.text)

    known = Planted("", (around.format(""), "***" * 3)).leaks(" ".join([*planted.secrets]))
    assert set(planted.leaks(shown)) - set(known) == set()


@given(text=st.lists(st.sampled_from(PIECES)).map("".join))
@example(text='password="a password=b" password=c"')
def test_masking_twice_is_masking_once(text: str) -> None:
    masked = mask_secrets(text)

    assert mask_secrets(masked) == masked
    assert find_secrets(masked) == []


@given(registered=st.sampled_from(["password", "postgres", "token", "etl", "=", "://", "'", "orders", "hunter2"]))
def test_a_registered_secret_does_not_keep_the_patterns_from_finding_another(registered: str) -> None:
    """For example a weak password that is also the word before another secret."""
    for planted in [plant(*one) for one in (*databases.TEXTS, *web.TEXTS, *cloud.TEXTS)][::7]:
        shown = Masker(lambda text: text.replace(registered, "***"))(planted.text)  # used at once

        assert planted.leaks(shown) == []
        assert registered not in shown


@pytest.mark.parametrize(
    ("text", "registered"),
    [
        ("password=begin,and=the end; host=h", "begin,and=the end"),
        ("postgresql://etl:be/gin@and@the-end@db/orders", "be/gin@and@the-end"),
        ("Bearer be gin/and=the.end", "be gin/and=the.end"),
    ],
)
def test_the_mask_decides_where_its_own_secret_ends(text: str, registered: str) -> None:
    """If a pattern were applied first, it might leave a part of the secret that the mask does not know."""
    assert Masker(lambda text: text.replace(registered, "***"))(text) == text.replace(registered, "***")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[36mpassword\x1b[0m=\x1b[35mhunter2-x\x1b[0m \x1b[36mhost\x1b[0m=h", "password=*** host=h"),
        ("\x1b[1mpostgresql://etl:\x1b[31mhunter2-x\x1b[0m@db/orders", "postgresql://etl:***@db/orders"),
        ("pass\x00word=hunter2-x host=h", "password=*** host=h"),
    ],
)
def test_coloured_output_is_masked_and_not_withheld(text: str, shown: str) -> None:
    assert Masker(mask_nothing)(text) == shown


def test_a_token_that_a_broken_sequence_may_have_cut_is_withheld() -> None:
    key_id = plant("<<aws_key_id>>").secrets[0]

    assert Masker(mask_nothing)(f"see {key_id[:2]}\x1b{key_id[2:]}") == WITHHELD


def test_a_secret_that_one_text_marks_is_masked_in_all() -> None:
    error = RuntimeError("hunter2-x was refused")
    error.add_note("the user typed hunter2-x")
    error.__cause__ = ValueError("password=hunter2-x")

    report = TaskReport.failed(error, mask=mask_nothing)

    assert report.error_message == "*** was refused"
    assert report.error_stack_trace is not None
    assert "hunter2" not in report.error_stack_trace


def test_airflows_masker_and_the_patterns_leave_each_other_alone() -> None:
    """Whichever of them comes first, the other one does not mask its result again."""
    for template, _ in (*databases.TEXTS, *web.TEXTS, *cloud.TEXTS):
        by_patterns = mask_secrets(plant(template).text)
        masked = str(redact(by_patterns))  # masks more if another test of this process has registered a secret

        assert masked.count("***") >= by_patterns.count("***")
        assert str(redact(masked)) == masked
        assert mask_secrets(masked) == masked


def test_no_pattern_is_compiled_before_it_is_needed() -> None:
    """A DAG file that names a callback imports the reports each time it is parsed."""
    program = (
        "import sys; from airflow_provider_datapipeline.reporting import TaskReport; "
        "print(*(name for name in sys.modules if '.masking.' in name))"
    )

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)

    assert "airflow_provider_datapipeline.masking.finder" in run.stdout.split()
    assert [name for name in run.stdout.split() if ".patterns" in name or ".rules" in name] == []


def test_masking_that_never_ends_is_an_error() -> None:
    """A rule that finds a secret in every text would otherwise keep the process busy forever."""
    with pytest.raises(ValueError, match="does not come to an end"):
        mask_secrets("nothing secret", lambda _: [(0, 1)])
