"""A polled task of AWS Data Pipeline, made usable, and its way through the conf of a DAG run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import pendulum

CONF_KEY = "datapipeline"

FieldValue = str | list[str]
Fields = Mapping[str, FieldValue]

_REQUIRED = ("taskId", "pipelineId", "attemptId")
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)", re.ASCII)
_PERIOD = re.compile(r"\s*(\d{1,9})\s*(minute|hour|day|week|month|year)s?\s*", re.ASCII | re.IGNORECASE)
# Months and years at their longest: to take a period for over too late is harmless, since the service knows its end.
_UNITS = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 31 * 86_400, "year": 366 * 86_400}
_SHORT_ID_END = 10


class Asked(StrEnum):
    """What Data Pipeline wants to know of a task; only the answer to a precondition may be FALSE."""

    ACTIVITY = "activity"
    PRECONDITION = "precondition"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PipelineTask:
    """
    What PollForTask handed out.

    :param task_id: names the task to SetTaskStatus and ReportTaskProgress; opaque, up to 2,048 characters
    :param pipeline_id: the pipeline
    :param attempt_id: the attempt object of this task
    :param fields: the attempt's own fields, references included; a key that repeats has a list, in the order received
    :param objects: fields of the other objects that came along, by object id; the attempt itself is not among them
    """

    task_id: str
    pipeline_id: str
    attempt_id: str
    fields: Fields = field(default_factory=dict, hash=False)
    objects: Mapping[str, Fields] = field(default_factory=dict, hash=False)

    def __repr__(self) -> str:
        # Fields may hold passwords, and a task id fills a screen.
        return f"PipelineTask({self.short_id!r}, pipeline_id={self.pipeline_id!r}, attempt_id={self.attempt_id!r})"

    @property
    def short_id(self) -> str:
        """Both ends of the task id: enough to recognise it in a log, and to find it in another."""
        return shorten(self.task_id)

    @property
    def asked(self) -> Asked:
        """What the attempt is known to be of, by its type."""
        if self.is_activity:
            return Asked.ACTIVITY
        return Asked.PRECONDITION if self.is_precondition else Asked.UNKNOWN

    @property
    def is_activity(self) -> bool:
        """Whether the attempt is known to be of an activity, which cannot end FALSE."""
        return self._type.endswith("Activity")  # as every type of activity in the developer guide does

    @property
    def is_precondition(self) -> bool:
        """Whether the attempt is known to be of a precondition, which alone can end FALSE."""
        return bool(self._type) and not self.is_activity

    @property
    def _type(self) -> str:
        kind = self.fields.get("type")
        return kind if isinstance(kind, str) else ""

    @property
    def scheduled_start_time(self) -> pendulum.DateTime | None:
        """Start of the period that the attempt is for, in UTC; None if absent or unreadable."""
        return self._time("@scheduledStartTime")

    @property
    def scheduled_end_time(self) -> pendulum.DateTime | None:
        """End of the period that the attempt is for, in UTC; None if absent or unreadable."""
        return self._time("@scheduledEndTime")

    @property
    def actual_start_time(self) -> pendulum.DateTime | None:
        """When the attempt was handed out, in UTC; None if absent or unreadable."""
        return self._time("@actualStartTime")

    def period_seconds(self, key: str) -> float | None:
        """
        Return a field that holds a period ("30 minutes", "2 Hours", "1 month"); None if absent, zero or unreadable.

        A month has 31 days here, and a year 366.
        """
        value = self.fields.get(key)
        match = _PERIOD.fullmatch(value) if isinstance(value, str) else None
        return float(int(match[1]) * _UNITS[match[2].lower()]) or None if match else None

    @classmethod
    def from_task_object(cls, task_object: Mapping[str, object]) -> PipelineTask:
        """
        Read the ``taskObject`` of PollForTask.

        :raises ValueError: if an id is missing or empty, or anything is not of the type that the API gives it
        """
        ids = _ids(_mapping(task_object, "taskObject"), "taskObject")
        objects = {
            object_id: _flattened(_mapping(entry, f"taskObject.objects[{object_id!r}]"), object_id)
            for object_id, entry in _mapping(task_object.get("objects"), "taskObject.objects").items()
        }
        return cls(**ids, fields=objects.pop(ids["attempt_id"], {}), objects=objects)

    @classmethod
    def from_conf(cls, conf: Mapping[str, object] | None) -> PipelineTask:
        """
        Read the conf of a DAG run: a taskObject itself, or under the key ``datapipeline`` one or what
        :meth:`to_conf` made of it.

        :raises ValueError: if there is none, or it is not complete; the text says what is missing
        """
        if not isinstance(conf, Mapping):
            raise _wrong("the DAG run's conf", conf, "a mapping that carries a Data Pipeline task")
        if CONF_KEY not in conf and "taskId" not in conf:
            raise ValueError(
                f"the DAG run's conf has neither {CONF_KEY!r} nor 'taskId': it carries no Data Pipeline task"
            )
        task = conf.get(CONF_KEY, conf)
        if not isinstance(task, Mapping):
            raise _wrong(f"conf[{CONF_KEY!r}]", task, "a mapping")
        # Only the flattened form has fields beside the ids; those of a taskObject are inside its objects.
        return cls._from_flattened(task) if "fields" in task else cls.from_task_object(task)

    @classmethod
    def _from_flattened(cls, task: Mapping[str, object]) -> PipelineTask:
        return cls(
            **_ids(task, f"conf[{CONF_KEY!r}]"),
            fields=_checked(task["fields"], "fields"),
            objects={
                object_id: _checked(fields, f"objects[{object_id!r}]")
                for object_id, fields in _mapping(task.get("objects"), "objects").items()
            },
        )

    def to_conf(self) -> dict[str, dict[str, object]]:
        """
        Return a conf for a DAG run, plain JSON values: ``{{ dag_run.conf.datapipeline.fields.command }}`` works in a
        template.
        """
        return {
            CONF_KEY: {
                "taskId": self.task_id,
                "pipelineId": self.pipeline_id,
                "attemptId": self.attempt_id,
                "fields": _copied(self.fields),
                "objects": {object_id: _copied(fields) for object_id, fields in self.objects.items()},
            }
        }

    def _time(self, key: str) -> pendulum.DateTime | None:
        value = self.fields.get(key)
        match = _TIME.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            return None
        year, month, day, hour, minute, second = map(int, match.groups())
        try:
            return pendulum.datetime(year, month, day, hour, minute, second, tz="UTC")
        except ValueError:
            # A field that a person can read but we cannot must not stop the task.
            return None


def shorten(pipeline_task_id: str) -> str:
    """Return both ends of a task id, for a log."""
    if len(pipeline_task_id) <= 2 * _SHORT_ID_END + 3:
        return pipeline_task_id
    return f"{pipeline_task_id[:_SHORT_ID_END]}...{pipeline_task_id[-_SHORT_ID_END:]}"


def _ids(task: Mapping[str, object], where: str) -> dict[str, str]:
    found = []
    for key in _REQUIRED:
        value = task.get(key)
        if key not in task:
            raise ValueError(f"{where} has no {key!r}")
        if not isinstance(value, str):
            raise _wrong(f"{where}[{key!r}]", value, "a string")
        if not value:
            raise ValueError(f"{where}[{key!r}] is empty")
        found.append(value)
    return dict(zip(("task_id", "pipeline_id", "attempt_id"), found, strict=True))


def _flattened(entry: Mapping[str, object], object_id: str) -> dict[str, FieldValue]:
    where = f"taskObject.objects[{object_id!r}].fields"
    pairs = entry.get("fields", ())
    if not isinstance(pairs, Sequence) or isinstance(pairs, str):
        raise _wrong(where, pairs, "a list")
    values: dict[str, list[str]] = {}
    for pair in pairs:
        entry_of = f"an entry of {where}"
        key, value = _pair(_mapping(pair, entry_of), entry_of)
        values.setdefault(key, []).append(value)
    return {key: several if len(several) > 1 else several[0] for key, several in values.items()}


def _pair(pair: Mapping[str, object], where: str) -> tuple[str, str]:
    key = pair.get("key")
    given = [pair[kind] for kind in ("stringValue", "refValue") if pair.get(kind) is not None]
    value = given[0] if given else ""
    if not isinstance(key, str):
        raise _wrong(f"the key of {where}", key, "a string")
    if not isinstance(value, str):
        raise _wrong(f"the value of {key!r} in {where}", value, "a string")
    return key, value


def _checked(fields: object, where: str) -> dict[str, FieldValue]:
    checked: dict[str, FieldValue] = {}
    for key, value in _mapping(fields, where).items():
        if isinstance(value, str):
            checked[key] = value
        elif isinstance(value, list) and all(isinstance(one, str) for one in value):
            checked[key] = list(value)
        else:
            raise _wrong(f"{where}[{key!r}]", value, "a string or a list of strings")
    return checked


def _mapping(value: object, where: str) -> Mapping[str, object]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _wrong(where, value, "a mapping")
    return value


def _copied(fields: Fields) -> dict[str, FieldValue]:
    return {key: value if isinstance(value, str) else list(value) for key, value in fields.items()}


def _wrong(where: str, value: object, expected: str) -> ValueError:
    kind = "None" if value is None else f"of type {type(value).__name__}"
    return ValueError(f"{where} is {kind}, not {expected}")
