"""A trigger that can end in each way in which a trigger ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TaskFailedEvent, TaskSuccessEvent, TriggerEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# Airflow's scheduler sometimes fails, by mistake, a task that resumes soon after it was deferred.
_SECONDS = 8.0


class EndingTrigger(BaseTrigger):
    """
    Ends as its parameter says.

    :param ending: ``event``, ``raise``, ``never``, ``succeed`` or ``fail``; with the last two the trigger ends its task
    """

    def __init__(self, ending: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's
        self.ending = ending

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{__name__}.{type(self).__name__}", {"ending": self.ending}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        await asyncio.sleep(600.0 if self.ending == "never" else _SECONDS)
        if self.ending == "raise":
            raise ConnectionError("the warehouse hung up")
        kinds = {"succeed": TaskSuccessEvent, "fail": TaskFailedEvent}
        if self.ending in kinds:
            yield kinds[self.ending]()
        else:
            yield TriggerEvent("answered")  # type: ignore[no-untyped-call]  # Airflow's
