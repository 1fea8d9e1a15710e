"""The command line, command by command, read from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import typer

from rczoo.cli.main import app

ABOUT = """\
# Command line

`rczoo COMMAND --help` says the same. A mistake in a call or in a file is one line on stderr and exit code 2;
`rczoo --debug COMMAND` shows where it comes from. `check` and `tasks check` exit with 1 where something
is wrong.

"""


def page() -> str:
    """The page: what holds for all commands, and each of them."""
    return ABOUT + reference()


def reference() -> str:
    """A section for each command: what it does, how it is called, its options."""
    return "\n".join(_section(" ".join(path), command) for path, command in _commands())


def _commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    def walk(group: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
        for name, command in sorted(group.commands.items()):
            inner = (*path, name)
            yield from walk(command, inner) if hasattr(command, "commands") else [(inner, command)]

    yield from walk(typer.main.get_command(app), ("rczoo",))


def _section(path: str, command: Any) -> str:
    text, _, example = (command.help or "").partition("Example: ")
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    usage = " ".join([path, *(_argument(p) for p in arguments), "[OPTIONS]"])
    shown = "\n".join(line for line in (usage, example.strip()) if line)
    rows = [_row(p) for p in command.params if not getattr(p, "hidden", False)]
    table = "| | | default |\n|---|---|---|\n" + "\n".join(rows) + "\n" if rows else ""
    return f"## {path}\n\n{text.strip()}\n\n```console\n{shown}\n```\n\n{table}"


def _argument(parameter: Any) -> str:
    name = (parameter.metavar or parameter.name).upper()
    return name if parameter.required else f"[{name}]"


def _row(parameter: Any) -> str:
    argument = parameter.param_type_name == "argument"
    names = _argument(parameter) if argument else ", ".join(parameter.opts)
    choices = _choices(parameter.type_descriptor.annotation)
    about = _cell(getattr(parameter, "help", "") or "")
    listed = f" One of {', '.join(f'`{c}`' for c in choices)}." if choices else ""
    return f"| `{names}` | {about}{listed} | {_default(parameter.default)} |"


def _choices(annotation: Any) -> list[str]:
    """The words of a Literal, wherever it stands in a type."""
    return [c for part in get_args(annotation) for c in ([part] if isinstance(part, str) else _choices(part))]


def _default(value: Any) -> str:
    return "" if value in (None, False, float("inf")) or callable(value) else f"`{_cell(str(value))}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
