"""
Runs decisions that are written as generators, so that blocking and asynchronous callers share them.

The generator yields a request where it needs something from outside, and is sent the answer. It makes no call itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

Request = TypeVar("Request")
Answer = TypeVar("Answer")
Result = TypeVar("Result")


def converse(conversation: Generator[Request, Answer, Result], perform: Callable[[Request], Answer]) -> Result:
    """
    Perform each request that the generator yields, and return what it returns.

    What ``perform`` raises is raised in the generator, at the place of the request; even a cancellation, so that the
    generator can clean up. What the generator does not catch is raised here.
    """
    try:
        request = next(conversation)
        while True:
            try:
                answer = perform(request)
            except BaseException as error:  # noqa: BLE001  # the generator decides, see above
                request = conversation.throw(error)
            else:
                request = conversation.send(answer)
    except StopIteration as end:
        result: Result = end.value
        return result


async def aconverse(
    conversation: Generator[Request, Answer, Result], perform: Callable[[Request], Awaitable[Answer]]
) -> Result:
    """Do what :func:`converse` does with a ``perform`` that does not block."""
    try:
        request = next(conversation)
        while True:
            try:
                answer = await perform(request)
            except BaseException as error:  # noqa: BLE001  # likewise
                request = conversation.throw(error)
            else:
                request = conversation.send(answer)
    except StopIteration as end:
        result: Result = end.value
        return result
