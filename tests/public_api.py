"""
The public API of the package, one line per name: ``python -m tests.public_api --write`` stores it in public_api.txt.

Only parameters and methods that this package declares itself are listed, and none that Airflow's classes add. So the
list is the same on every supported version of Airflow and Python.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import re
from enum import Enum
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

PACKAGE = "airflow_provider_datapipeline"
PUBLIC_MODULES = (
    "callbacks",
    "emulator",
    "emulator.moto_backend",
    "exceptions",
    "hooks.datapipeline",
    "links.datapipeline",
    "notifications.datapipeline",
    "operators.datapipeline",
    "operators.start_dag_runs",
    "operators.task_runner",
    "pipeline_task",
    "plugins.macros",
    "task_runner",
    "triggers.datapipeline",
)
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")  # in the text of a function that is a default value
SNAPSHOT = Path(__file__).with_name("public_api.txt")
HOW_TO_ACCEPT = (
    "The public API has changed. If the change is intended, write it down with `python -m tests.public_api --write`, "
    "and name it in CHANGELOG.md. A name that goes keeps an alias that warns for one minor version."
)


def public_api() -> str:
    """Return the public API as the text of the snapshot."""
    lines = [line for name in PUBLIC_MODULES for line in _module_lines(import_module(f"{PACKAGE}.{name}"))]
    return "".join(f"{line}\n" for line in lines)


def _module_lines(module: ModuleType) -> Iterator[str]:
    place = module.__name__.removeprefix(f"{PACKAGE}.")
    for name in sorted(_public_names(module)):
        yield from _member_lines(f"{place}.{name}", getattr(module, name))


def _public_names(module: ModuleType) -> set[str]:
    """Return what ``__all__`` names, or else every public name that the module itself defines."""
    if hasattr(module, "__all__"):
        return set(module.__all__)
    defined: set[str] = set()
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            defined.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            defined |= {target.id for target in targets if isinstance(target, ast.Name)}
    return {name for name in defined if not name.startswith("_")} - {"log"}


def _member_lines(name: str, member: Any) -> Iterator[str]:
    if inspect.isclass(member) and _is_ours(member):
        yield from _class_lines(name, member)
    elif isinstance(member, FunctionType):
        yield name + _signature(member)
    elif isinstance(member, str | int | float):
        yield f"{name} = {member!r}"
    else:
        yield f"{name}: {type(member).__name__ if _is_ours(type(member)) else 'object'}"


def _class_lines(name: str, cls: type[Any]) -> Iterator[str]:
    bases = [base.__name__ for base in cls.__bases__ if _is_public_base(base)]
    yield f"class {name}({', '.join(bases)})"
    if issubclass(cls, Enum):
        for choice in cls:
            yield f"{name}.{choice.name} = {choice.value!r}"
    for attribute, value in sorted(_own_attributes(cls).items()):
        yield from _attribute_lines(f"{name}.{attribute}", value)


def _attribute_lines(name: str, value: Any) -> Iterator[str]:
    function = value.__func__ if isinstance(value, classmethod | staticmethod) else value
    getter = value.func if isinstance(value, cached_property) else getattr(value, "fget", None)
    if getter is not None:
        yield f"{name}: {inspect.signature(getter).return_annotation}"
    elif isinstance(function, FunctionType):
        yield name + _signature(function)
    elif isinstance(value, tuple) and all(isinstance(part, str) for part in value):
        yield f"{name} = {value!r}"
    elif isinstance(value, str | tuple) and not isinstance(value, Enum):
        yield f"{name}: {type(value).__name__}"


def _own_attributes(cls: type[Any]) -> dict[str, Any]:
    """Return the public attributes that this package gives a class, directly or through a base class of its own."""
    attributes: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if _is_ours(base):
            attributes |= {name: value for name, value in vars(base).items() if _is_public(name)}
    return attributes


def _is_public(name: str) -> bool:
    return name in {"__init__", "__call__", "__enter__", "__await__"} or not name.startswith("_")


def _is_ours(cls: type[Any]) -> bool:
    return cls.__module__.partition(".")[0] == PACKAGE


def _is_public_base(cls: type[Any]) -> bool:
    """Return whether users may rely on a class being derived from this one."""
    if cls is object or cls.__name__.startswith("_"):
        return False
    return cls.__module__.removeprefix(f"{PACKAGE}.") in {*PUBLIC_MODULES, "builtins", "enum"}


class _Unquoted:
    """An annotation that is a text, shown without quotes in a signature."""

    def __init__(self, text: object) -> None:
        self.text = text

    def __repr__(self) -> str:
        return str(self.text)


def _signature(function: Any) -> str:
    signature = inspect.signature(function)
    parameters = [
        parameter
        if parameter.annotation is parameter.empty
        else parameter.replace(annotation=_Unquoted(parameter.annotation))
        for parameter in signature.parameters.values()
    ]
    returned = signature.return_annotation
    if returned is not signature.empty:
        returned = _Unquoted(returned)
    text = str(signature.replace(parameters=parameters, return_annotation=returned))
    return _ADDRESS.sub("", text) + (" [async]" if inspect.iscoroutinefunction(function) else "")


def main() -> None:
    """Print the public API, or store it."""
    parser = argparse.ArgumentParser(prog="python -m tests.public_api", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"store the list in tests/{SNAPSHOT.name}")
    if parser.parse_args().write:
        SNAPSHOT.write_text(public_api(), encoding="utf-8")
    else:
        print(public_api(), end="")


if __name__ == "__main__":
    main()
