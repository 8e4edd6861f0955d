"""A polled task of AWS Data Pipeline, and its form in the conf of a DAG run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import pendulum

CONF_KEY = "datapipeline"

FieldValue = str | list[str]
Fields = Mapping[str, FieldValue]

_ID_KEYS = {"taskId": "task_id", "pipelineId": "pipeline_id", "attemptId": "attempt_id"}
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)", re.ASCII)
_PERIOD = re.compile(r"\s*(\d{1,9})\s*(minute|hour|day|week|month|year)s?\s*", re.ASCII | re.IGNORECASE)
# Months and years count with their longest length. If a period seems to end too late, no harm is done, because the
# service itself knows when the period ends.
_UNITS = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 31 * 86_400, "year": 366 * 86_400}
_SHORT_ID_END = 10


class Asked(StrEnum):
    """The kind of task that Data Pipeline asks for; only a precondition may end FALSE."""

    ACTIVITY = "activity"
    PRECONDITION = "precondition"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PipelineTask:
    """
    A task that PollForTask returned.

    :param task_id: identifies the task in SetTaskStatus and ReportTaskProgress; opaque, up to 2,048 characters
    :param pipeline_id: the id of the pipeline
    :param attempt_id: the id of the attempt object of this task
    :param fields: the attempt's own fields, including references; a repeated key has a list, in the received order
    :param objects: the fields of the other received objects, by object id; the attempt itself is not among them
    """

    task_id: str
    pipeline_id: str
    attempt_id: str
    fields: Fields = field(default_factory=dict, hash=False)
    objects: Mapping[str, Fields] = field(default_factory=dict, hash=False)

    def __repr__(self) -> str:
        # The fields are left out because they may contain passwords, and the task id is shortened because it is long.
        return f"PipelineTask({self.short_id!r}, pipeline_id={self.pipeline_id!r}, attempt_id={self.attempt_id!r})"

    @property
    def short_id(self) -> str:
        """The beginning and the end of the task id, which are enough to recognize the task in logs."""
        return shorten(self.task_id)

    @property
    def asked(self) -> Asked:
        """The kind of the task, according to the type of the attempt."""
        if self.is_activity:
            return Asked.ACTIVITY
        return Asked.PRECONDITION if self.is_precondition else Asked.UNKNOWN

    @property
    def is_activity(self) -> bool:
        """Whether the attempt is known to belong to an activity, which cannot end FALSE."""
        return self._type.endswith("Activity")  # like every type of activity in the developer guide

    @property
    def is_precondition(self) -> bool:
        """Whether the attempt is known to belong to a precondition; nothing else can end FALSE."""
        return bool(self._type) and not self.is_activity

    @property
    def _type(self) -> str:
        kind = self.fields.get("type")
        return kind if isinstance(kind, str) else ""

    @property
    def scheduled_start_time(self) -> pendulum.DateTime | None:
        """The start of the attempt's schedule period, in UTC; None if absent or unreadable."""
        return self._time("@scheduledStartTime")

    @property
    def scheduled_end_time(self) -> pendulum.DateTime | None:
        """The end of the attempt's schedule period, in UTC; None if absent or unreadable."""
        return self._time("@scheduledEndTime")

    @property
    def actual_start_time(self) -> pendulum.DateTime | None:
        """The time when the service handed out the attempt, in UTC; None if absent or unreadable."""
        return self._time("@actualStartTime")

    def period_seconds(self, key: str) -> float | None:
        """
        Return the seconds of a period in a field ("30 minutes", "2 Hours", "1 month").

        A month counts as 31 days, and a year as 366 days. The result is None if the field is absent, zero or
        unreadable.
        """
        value = self.fields.get(key)
        match = _PERIOD.fullmatch(value) if isinstance(value, str) else None
        return float(int(match[1]) * _UNITS[match[2].lower()]) or None if match else None

    @classmethod
    def from_task_object(cls, task_object: Mapping[str, object]) -> PipelineTask:
        """
        Read the ``taskObject`` of PollForTask.

        :raises ValueError: an id is missing or empty, or a value has not the type that the API specifies
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
        Read the conf of a DAG run.

        The conf is a ``taskObject`` itself, or has the key ``datapipeline`` with a ``taskObject`` or with the form that
        :meth:`to_conf` returns.

        :raises ValueError: the conf has no task, or the task is not complete; the text says what is missing
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
        # Only the form of to_conf has "fields" beside the ids; a taskObject has its fields inside its objects.
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
        Return the conf for a DAG run, with plain JSON values.

        Templates can use it: ``{{ dag_run.conf.datapipeline.fields.command }}``.
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
            # An unreadable date must not prevent the task.
            return None


def shorten(pipeline_task_id: str) -> str:
    """Return the beginning and the end of a task id, for logs."""
    if len(pipeline_task_id) <= 2 * _SHORT_ID_END + 3:
        return pipeline_task_id
    return f"{pipeline_task_id[:_SHORT_ID_END]}...{pipeline_task_id[-_SHORT_ID_END:]}"


def _ids(task: Mapping[str, object], where: str) -> dict[str, str]:
    ids = {}
    for key, name in _ID_KEYS.items():
        value = task.get(key)
        if key not in task:
            raise ValueError(f"{where} has no {key!r}")
        if not isinstance(value, str):
            raise _wrong(f"{where}[{key!r}]", value, "a string")
        if not value:
            raise ValueError(f"{where}[{key!r}] is empty")
        ids[name] = value
    return ids


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
    value = pair.get("stringValue")
    if value is None:
        value = pair.get("refValue")
    if value is None:
        value = ""
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
