"""The open long polls of a server. They wait in an event loop, need no threads, and get tasks in order of arrival."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_datapipeline.emulator.endpoint import Answer, Call, Endpoint
    from airflow_provider_datapipeline.emulator.service import Service

_Poll = tuple["Call", "asyncio.Future[dict[str, Any] | Answer]"]
_LONGEST_TIMER_SECONDS = 3600.0


class LongPolls:
    """
    The long polls that wait for a task.

    Every method runs in the event loop, except ``_schedule_serving``, which any thread may call. One timer calls
    ``Service.tick`` at the next deadline, so that a poll receives a retry or an unacknowledged task in time.
    """

    def __init__(self, service: Service, endpoint: Endpoint, loop: asyncio.AbstractEventLoop) -> None:
        self._service = service
        self._endpoint = endpoint
        self._loop = loop
        self._waiting: dict[tuple[str, str], deque[_Poll]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._serving_scheduled = False
        self._closed = False
        service.add_listener(self._schedule_serving)
        loop.call_soon(self._serve_polls)

    def close(self) -> None:
        """Answer every open poll without a task. Later polls get the same answer at once."""
        self._closed = True
        self._service.remove_listener(self._schedule_serving)
        if self._timer:
            self._timer.cancel()
        for polls in self._waiting.values():
            for _, future in polls:
                if not future.done():
                    future.set_result({})

    async def wait(self, call: Call, seconds: float) -> dict[str, Any] | Answer:
        """Wait for a task, and return the answer with the task or with an error, or ``{}`` after ``seconds``."""
        if self._closed or seconds <= 0:
            return {}
        future: asyncio.Future[dict[str, Any] | Answer] = self._loop.create_future()
        poll = (call, future)
        polls = self._waiting.setdefault((call.region, call.request["workerGroup"]), deque())
        polls.append(poll)
        self._serve_polls()
        try:
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            return {}
        finally:
            if poll in polls:
                polls.remove(poll)

    def _schedule_serving(self) -> None:
        if not self._serving_scheduled and not self._closed:
            self._serving_scheduled = True
            self._loop.call_soon_threadsafe(self._serve_polls)

    def _serve_polls(self) -> None:
        self._serving_scheduled = False
        if self._closed:
            return
        for (region, worker_group), polls in list(self._waiting.items()):
            while polls and self._service.has_ready(region, worker_group):
                call, future = polls.popleft()
                if future.done():
                    continue
                answer = self._endpoint.execute(call)
                if answer == {}:
                    polls.appendleft((call, future))
                    break
                future.set_result(answer)
            if not polls:
                del self._waiting[region, worker_group]
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        deadline = self._service.next_deadline()
        if deadline is not None:
            seconds = (deadline - self._service.clock()).total_seconds()
            seconds = min(max(seconds, 0.0), _LONGEST_TIMER_SECONDS)
            self._timer = self._loop.call_later(seconds, self._service.tick)
