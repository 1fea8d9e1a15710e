"""Every exception as one line: what is wrong, with which file, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from traceback import walk_tb
from typing import Any

from ..files.transfers import without_password

EXTRAS = {
    "training": ("lightning", "sklearn", "scipy", "matplotlib"),
    "export": ("onnx", "onnxruntime", "onnxscript"),
    "hub": ("huggingface_hub",),
    "explain": ("tangermeme",),
    "data": ("rdata",),
}
"""Which extra of the package brings which import."""
OURS = ("rczoo", "zoo")
"""The packages whose own words of a mistake say it all."""
AMOUNT = re.compile(r"(?:tried to allocate|unable to allocate) ([\d.]+ ?(?:[KMGTPE]i?)?B(?:ytes)?)", re.I)
"""How PyTorch and numpy say how much memory they asked for."""
SIZES = ("batch_size", "references", "filters", "length", "number")
"""Options that make a command take less memory when they are lower, the most telling first."""


def line(error: BaseException) -> str:
    """What the command line says of an exception: one line, without a password that an address held.

    What this package raises says it all. An exception of a library, or one that nobody foresaw, gets the name
    of the file that was being read, and of its kind.
    """
    return without_password(" ".join(_words(error).split()))


def usage(error: Any) -> str:
    """A mistake in how a command is called: its flag, what is wrong, and where the help is."""
    message = error.format_message().rstrip(".").replace("Value error, ", "")  # pydantic's, in new typers
    if match := re.search(r": '([^']*)' is not one of (.*)$", message):
        near = get_close_matches(match[1], re.findall(r"'(.*?)'", match[2]), 1)
        message += f" (did you mean {near[0]!r}?)" if near else ""
    command = error.ctx.command_path if error.ctx else "rczoo"
    return " ".join(f"{message}: see {command} --help".split())


def _words(error: BaseException) -> str:
    if isinstance(error, ImportError):
        return _missing(error)
    if _is_memory(error):
        return _out_of_memory(error)
    if isinstance(error, OSError) and error.strerror:
        return (
            f"{error.filename or _file_at_hand(error)}: {error.strerror}: check the path and its permissions"
        )
    if isinstance(error, UnicodeError):
        return f"{_file_at_hand(error)} is not text in UTF-8 ({error}): check that it is the file you mean"
    if isinstance(error, ValueError | OSError) and _raised_here(error):
        return str(error)
    return f"{_file_at_hand(error)}: {type(error).__name__}: {error} (--debug shows where)"


def _missing(error: ImportError) -> str:
    package = (error.name or "").split(".")[0]
    extra = next((extra for extra, names in EXTRAS.items() if package in names), None)
    return f"this command needs {package}: pip install 'rczoo[{extra}]'" if extra else str(error)


def _is_memory(error: BaseException) -> bool:
    """PyTorch's allocators raise a RuntimeError of their own words, on a GPU one of their own name."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and bool(AMOUNT.search(str(error)))
    )


def _out_of_memory(error: BaseException) -> str:
    match, options = AMOUNT.search(str(error)), _options(error)
    lower = next(
        (f"lower --{name.replace('_', '-')}" for name in SIZES if name in options), "give less at once"
    )
    asked = f" ({match[1]} more were asked for)" if match else ""
    return f"memory has run out{asked}: {lower}, or use a machine with more"


def _frames(error: BaseException) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """Modules and local names of the calls that led to an exception, the innermost first."""
    walked = walk_tb(error.__traceback__)
    return [(frame.f_globals.get("__name__", ""), frame.f_locals) for frame, _ in walked][::-1]


def _own(error: BaseException) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((module, names) for module, names in _frames(error) if module.partition(".")[0] in OURS)


def _raised_here(error: BaseException) -> bool:
    return _frames(error)[0][0].partition(".")[0] in OURS


def _file_at_hand(error: BaseException) -> str:
    """The file that the innermost call of ours holds."""
    for _, names in _own(error):
        if paths := [value for value in names.values() if isinstance(value, Path)]:
            return str(names["path"] if isinstance(names.get("path"), Path) else paths[0])
    return "unforeseen"


def _options(error: BaseException) -> Mapping[str, Any]:
    """The options of the command, which is the outermost call of ours below ``main.py``."""
    commands = [names for module, names in _own(error) if module.startswith("rczoo.cli.")]
    return next((names for names in reversed(commands) if "ctx" not in names and "self" not in names), {})
