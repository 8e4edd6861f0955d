"""A trigger for each way in which a deferred task can end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TaskFailedEvent, TaskSuccessEvent, TriggerEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# A task that resumes soon after it deferred is failed by Airflow's scheduler at times, by mistake.
_SECONDS = 8.0


class EndingTrigger(BaseTrigger):
    """Ends as it is told to: ``event``, ``raise``, ``never``, ``succeed`` or ``fail``; the last two end the task."""

    def __init__(self, ending: str) -> None:
        super().__init__()
        self.ending = ending

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{__name__}.{type(self).__name__}", {"ending": self.ending}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        await asyncio.sleep(600.0 if self.ending == "never" else _SECONDS)
        if self.ending == "raise":
            raise ConnectionError("the warehouse hung up")
        kinds = {"succeed": TaskSuccessEvent, "fail": TaskFailedEvent}
        yield kinds[self.ending]() if self.ending in kinds else TriggerEvent("answered")
