"""Makes up secrets of every kind, and plants them in texts."""

from __future__ import annotations

import base64
import random
import re
import string
from dataclasses import dataclass
from urllib.parse import quote

ALNUM = string.ascii_letters + string.digits
BASE64 = ALNUM + "+/"
PIECE = 6  # so many characters of a secret in a row are a leak


class Maker:
    """Makes up secrets; the same seed makes the same ones."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)
        self.made: list[str] = []

    def __call__(self, kind: str) -> str:
        """Return a secret as it is written in a text; its secret part is appended to ``made``."""
        made: str = getattr(self, kind)()
        return made

    def _chars(self, count: int, alphabet: str = ALNUM) -> str:
        return "".join(self._random.choices(alphabet, k=count))

    def _one(self, secret: str) -> str:
        self.made.append(secret)
        return secret

    def password(self) -> str:
        first, last = self._chars(1, string.ascii_letters), self._chars(1, string.digits)
        return self._one(first + self._chars(14, ALNUM + self._random.choice(["", "!$*_.~^-", "+=!#"])) + last)

    def word(self) -> str:
        return self._one(self._chars(16) + "7")

    def digits(self) -> str:
        return self._one(self._chars(8, string.digits))

    def hex(self) -> str:
        return self._one("7" + self._chars(31, "0123456789abcdef"))

    def hex64(self) -> str:
        return self._one(self._chars(64, "0123456789abcdef"))

    def base64(self) -> str:
        return self._one(self._chars(42, BASE64) + "7=")

    def base64_url(self) -> str:
        return quote(self._one(self._chars(27, ALNUM)), safe="") + "%3D"

    def token(self) -> str:
        return self._one(self._chars(39, ALNUM + "_-") + "7")

    def jwt(self) -> str:
        header = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').decode().rstrip("=")
        claims = base64.urlsafe_b64encode(f'{{"sub":"{self._chars(12)}"}}'.encode()).decode().rstrip("=")
        return self._one(f"{header}.{claims}.{self._chars(43, ALNUM + '-_')}")

    def aws_key_id(self) -> str:
        return self._one(self._random.choice(["AKIA", "ASIA"]) + self._chars(16, string.ascii_uppercase + "234567"))

    def aws_secret(self) -> str:
        return self._one(self._chars(38, BASE64) + "a7")

    def aws_session(self) -> str:
        return self._one("IQoJb3JpZ2luX2Vj" + self._chars(300, BASE64) + "==")

    def aws_session_url(self) -> str:
        return self._one(quote("IQoJb3JpZ2luX2Vj" + self._chars(300, BASE64) + "==", safe=""))

    def github(self) -> str:
        return self._one("ghp" + "_" + self._chars(36))

    def slack(self) -> str:
        return self._one("xox" + "b-" + self._chars(12, string.digits) + "-" + self._chars(24))

    def google(self) -> str:
        return self._one("AI" + "za" + self._chars(35, ALNUM + "_-"))

    def google_oauth(self) -> str:
        return self._one("ya" + "29." + self._chars(60, ALNUM + "_-"))

    def stripe(self) -> str:
        return self._one("sk" + "_test_" + self._chars(24))

    def sendgrid(self) -> str:
        return self._one("S" + "G." + self._chars(22, ALNUM + "_-") + "." + self._chars(43, ALNUM + "_-"))

    def vault(self) -> str:
        return self._one("hv" + "s." + self._chars(90))

    def openai(self) -> str:
        return self._one("sk" + "-proj-" + self._chars(47) + "7")

    def databricks(self) -> str:
        return self._one("da" + "pi" + self._chars(32, "0123456789abcdef"))

    def _pem(self, end_of_line: str, lines: int = 8) -> list[str]:
        body = [self._chars(64, BASE64) for _ in range(lines)] + [self._chars(30, BASE64) + "=="]
        self.made += body
        name = self._random.choice(["", "RSA ", "EC ", "OPENSSH "]) + "PRIVATE " + "KEY"
        return [f"-----BEGIN {name}-----", end_of_line.join(["", *body, ""]), f"-----END {name}-----"]

    def pem(self) -> str:
        return "".join(self._pem("\n"))

    def pem_in_source(self) -> str:
        return "".join(self._pem("\\n"))

    def pem_in_json(self) -> str:
        return "".join(self._pem("\\n")) + "\\n"

    def pem_cut(self) -> str:
        begin, body, _ = self._pem("\n")
        return begin + body[: -self._random.randrange(2, 40)] + "..."


@dataclass(frozen=True)
class Planted:
    """A text, the secrets in it, and the words that have to stay."""

    text: str
    secrets: tuple[str, ...]
    stays: tuple[str, ...] = ()

    def leaks(self, shown: str) -> list[str]:
        """Return the pieces of secrets that a text shows."""
        grams = {secret[at : at + PIECE] for secret in self.secrets for at in range(len(secret) - PIECE + 1)}
        return sorted(gram for gram in grams if gram in shown)

    def lost(self, shown: str) -> list[str]:
        """Return the words that have to stay and that a text does not have any more."""
        return [word for word in self.stays if word not in shown]

    def cut_by(self, cut: str) -> str:
        """Return the text with ``cut`` inserted in the middle of every secret."""
        text = self.text
        for secret in self.secrets:
            text = text.replace(secret, secret[: len(secret) // 2] + cut + secret[len(secret) // 2 :])
        return text


def plant(template: str, stays: str = "") -> Planted:
    """Return a text with secrets in place of their kinds."""
    maker = Maker(template)
    text = re.sub(r"<<([a-z0-9_]+)>>", lambda match: maker(match[1]), template)
    return Planted(text, tuple(maker.made), tuple(stays.split()))
