"""Draws texts at random that a regular expression matches: secrets of some form, and texts that rules search for."""

from __future__ import annotations

import importlib
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

_PARSER: Any = importlib.import_module("re._parser")  # the parser of the module re; it has no public name

PRINTABLE = [character for character in map(chr, range(127)) if character.isprintable()]
_ORDINARY = [*string.ascii_letters, *string.digits]
_CATEGORIES = {
    "CATEGORY_DIGIT": string.digits,
    "CATEGORY_NOT_DIGIT": string.ascii_letters,
    "CATEGORY_SPACE": " \t\n",
    "CATEGORY_NOT_SPACE": string.ascii_letters + string.digits,
    "CATEGORY_WORD": string.ascii_letters + string.digits + "_",
    "CATEGORY_NOT_WORD": " .,:;-/",
}
_MORE = 8  # repetitions above the least number, if a pattern allows more


class UnknownPatternError(ValueError):
    """A pattern has an element that cannot be drawn."""


def draw(pattern: str, random: Random, *, conditions: bool = True, flags: int = 0) -> str:
    """
    Return a text that a pattern matches.

    If a pattern sets no highest number of repetitions, there are at most eight above the least.

    :param conditions: whether lookarounds and anchors, which depend on the text around, raise an error; otherwise they
        are ignored, and the pattern may not match the text
    :param flags: the flags that the pattern is compiled with
    :raises UnknownPatternError: the pattern has an element that cannot be drawn, such as a reference to a group
    """
    return _Drawing(pattern, random, conditions)(_PARSER.parse(pattern, flags))


@dataclass(frozen=True)
class _Drawing:
    pattern: str
    random: Random
    conditions: bool

    def __call__(self, parts: Iterable[tuple[object, Any]]) -> str:
        return "".join(self._one(str(operation), argument) for operation, argument in parts)

    def _one(self, operation: str, argument: Any) -> str:
        match operation:
            case "LITERAL":
                drawn = chr(argument)
            case "NOT_LITERAL":
                drawn = self._choice({chr(argument)}, others=True)
            case "ANY":
                drawn = self.random.choice(_ORDINARY)
            case "IN":
                drawn = self._class(argument)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                least, most, inner = argument
                times = self.random.randint(least, min(int(most), least + _MORE))
                drawn = "".join(self(inner) for _ in range(times))
            case "SUBPATTERN":
                drawn = self(argument[-1])
            case "ATOMIC_GROUP":
                drawn = self(argument)
            case "BRANCH":
                drawn = self(self.random.choice(argument[1]))
            case "ASSERT" | "ASSERT_NOT" | "AT" if not self.conditions:
                drawn = ""
            case _:
                raise UnknownPatternError(f"{operation} is not drawn, in {self.pattern!r}")
        return drawn

    def _class(self, members: list[tuple[object, Any]]) -> str:
        characters: set[str] = set()
        others = False
        for kind, argument in members:
            match str(kind):
                case "NEGATE":
                    others = True
                case "LITERAL":
                    characters.add(chr(argument))
                case "RANGE":
                    characters.update(map(chr, range(argument[0], argument[1] + 1)))
                case "CATEGORY" if str(argument) in _CATEGORIES:
                    characters.update(_CATEGORIES[str(argument)])
                case _:
                    raise UnknownPatternError(f"{kind} {argument} is not drawn, in {self.pattern!r}")
        return self._choice(characters, others=others)

    def _choice(self, characters: set[str], *, others: bool) -> str:
        if not others:
            return self.random.choice(sorted(characters))
        for alphabet in (_ORDINARY, PRINTABLE):
            if left := [character for character in alphabet if character not in characters]:
                return self.random.choice(left)
        raise UnknownPatternError(f"a class that excludes every printable character, in {self.pattern!r}")
