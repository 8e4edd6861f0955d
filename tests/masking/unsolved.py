"""The kinds of texts that the rules do not solve, each with an example; a test fails when one of them is solved."""

from __future__ import annotations

from dataclasses import dataclass

from tests.masking.counting import Ordinary, Planted


@dataclass(frozen=True)
class Unsolved:
    """
    A kind of texts that leak, or that are masked needlessly.

    :param text: an example, with ``{SECRET}`` in it if it leaks
    :param generator: a regular expression for that secret; empty if the text is masked needlessly
    """

    kind: str
    text: str
    why: str
    generator: str = ""

    def is_solved(self) -> bool:
        """Tell whether none of five secrets leaks any more, or whether nothing is masked needlessly any more."""
        if not self.generator:
            return not Ordinary(self.text, self.kind).is_masked()
        planted = Planted(self.text, self.generator, self.kind)
        return not any(planted.leaks(seed) for seed in range(5))


_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-9[0-9a-f]{3}-[0-9a-f]{12}"
_WORDS = "[a-z]{7} [a-z]{8} [a-z]{6} [a-z]{8}"

UNSOLVED = (
    Unsolved(
        "A UUID as a token, without the name of a secret",
        "service refused {SECRET}",
        "nearly every UUID in an error is the id of a request, a run or an object",
        _UUID,
    ),
    Unsolved(
        "Hexadecimal digits, without the name of a secret",
        "the service refused {SECRET}",
        "they are more often a hash or a commit than a key",
        "[0-9a-f]{40}",
    ),
    Unsolved(
        "Only small letters and digits, after a prefix that is in no table",
        "the service refused acmetok_{SECRET}",
        "names of objects, hosts and pods look the same",
        "[a-z0-9]{24}",
    ),
    Unsolved(
        "Only letters, all of one case",
        "the service refused {SECRET}",
        "words and names look the same",
        "[A-Z]{32}",
    ),
    Unsolved(
        "A passphrase of words, without quotes",
        "the passphrase was {SECRET}",
        "nothing separates the words of the passphrase from those of the sentence",
        _WORDS,
    ),
    Unsolved(
        "A code of a few characters",
        "verification code {SECRET} was refused",
        "error codes and line numbers look the same, and such a code expires soon",
        "[0-9]{6}",
    ),
    Unsolved(
        "A short password without the name of a secret",
        "could not log in as etl with {SECRET}",
        "with fewer than 16 characters, names and version numbers look the same",
        "[a-z]{6}[0-9]{4}[A-Z]{3}",
    ),
    Unsolved(
        "An argument without an option, of a program of your own",
        "load.sh orders {SECRET} eu-west-1: exit 1",
        "only the program knows which argument is secret",
        "[a-z]{6}[0-9]{4}",
    ),
    Unsolved(
        "A secret in the path of a URL whose host is in no table",
        "https://in.example.com/{SECRET} answered 410",
        "paths are full of ids, which are needed to find the cause of an error",
        "[A-Za-z0-9]{24}",
    ),
    Unsolved(
        "The name of a secret, and after it something else than the secret",
        "password = col4 is ambiguous",
        "after such a name everything is masked but a remark, because a password can look like anything",
    ),
    Unsolved(
        "A code after the name of a secret",
        "token: ERR-4711-x expected",
        "passwords that people choose look the same",
    ),
    Unsolved(
        "An id that was drawn at random like a token, without a name that calls it an id",
        "AnalysisException: [UNRESOLVED_COLUMN] aB3dE5gH7jK9mN1pQ3sT5v cannot be resolved",
        "only the words before it could show that it is an id",
    ),
    Unsolved(
        "Base64 of something harmless",
        "invalid base64 payload: VGhpcyBpcyBhbiBvcmRpbmFyeSBzZW50ZW5jZSwgd2l0aG91dCBhIHNlY3JldC4=",
        "it is not decoded, and the key of a storage account looks the same",
    ),
)
