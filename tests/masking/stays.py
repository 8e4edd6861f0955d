"""What the rules do not solve, with an example each; a test fails where one of them is solved."""

from __future__ import annotations

from dataclasses import dataclass

from tests.masking.counting import Ordinary, Planted


@dataclass(frozen=True)
class Stay:
    """
    A kind of texts that leak, or that are masked needlessly.

    :param text: an example, with ``{SECRET}`` in it if it leaks
    :param generator: a regular expression for that secret; none where the text is masked needlessly
    """

    kind: str
    text: str
    why: str
    generator: str = ""

    def is_solved(self) -> bool:
        """Tell whether its secret does not leak any more, of five; or that nothing is masked any more."""
        if not self.generator:
            return not Ordinary(self.text, self.kind).is_masked()
        planted = Planted(self.text, self.generator, self.kind)
        return not any(planted.leaks(seed) for seed in range(5))


_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-9[0-9a-f]{3}-[0-9a-f]{12}"
_WORDS = "[a-z]{7} [a-z]{8} [a-z]{6} [a-z]{8}"

STAYS = (
    Stay(
        "A UUID as a token, without a name that tells",
        "service refused {SECRET}",
        "nearly every UUID in an error is the id of a request, a run or an object",
        _UUID,
    ),
    Stay(
        "Hexadecimal digits, without a name that tells",
        "the service refused {SECRET}",
        "they are a hash or a commit more often than a key",
        "[0-9a-f]{40}",
    ),
    Stay(
        "Small letters and digits alone, after a prefix that no table has",
        "the service refused acmetok_{SECRET}",
        "names of objects, hosts and pods are built so",
        "[a-z0-9]{24}",
    ),
    Stay(
        "Letters of one case alone",
        "the service refused {SECRET}",
        "a word or a name cannot be told from it",
        "[A-Z]{32}",
    ),
    Stay(
        "A passphrase of words, without quotes",
        "the passphrase was {SECRET}",
        "where the words of the passphrase end and those of the sentence go on is not told",
        _WORDS,
    ),
    Stay(
        "A code of a few characters",
        "verification code {SECRET} was refused",
        "codes of errors and numbers of lines look the same, and it has expired soon",
        "[0-9]{6}",
    ),
    Stay(
        "A short password that nothing announces",
        "could not log in as etl with {SECRET}",
        "fewer than 16 characters are a name or a number of a version as well",
        "[a-z]{6}[0-9]{4}[A-Z]{3}",
    ),
    Stay(
        "An argument of a program of your own, without an option",
        "load.sh orders {SECRET} eu-west-1: exit 1",
        "which argument is secret only the program knows",
        "[a-z]{6}[0-9]{4}",
    ),
    Stay(
        "A secret in the path of a URL whose host no table has",
        "https://in.example.com/{SECRET} answered 410",
        "paths are full of ids, which the one who repairs needs",
        "[A-Za-z0-9]{24}",
    ),
    Stay(
        "Something else than the secret after its name",
        "password = col4 is ambiguous",
        "after such a name anything is hidden that is no remark: a password can look like anything",
    ),
    Stay(
        "A code after a word for a secret",
        "token: ERR-4711-x expected",
        "passwords of people look like that",
    ),
    Stay(
        "An id that was drawn like a token, without a name that tells",
        "AnalysisException: [UNRESOLVED_COLUMN] aB3dE5gH7jK9mN1pQ3sT5v cannot be resolved",
        "only what stands before it could tell",
    ),
    Stay(
        "Base64 of something harmless",
        "invalid base64 payload: VGhpcyBpcyBhbiBvcmRpbmFyeSBzZW50ZW5jZSwgd2l0aG91dCBhIHNlY3JldC4=",
        "what it holds is not looked at: the key of a storage account looks the same",
    ),
)
