"""The generated parts of ``proofs/README.md``: the table between two markers, and the picture."""

from __future__ import annotations

from pathlib import Path

from .engine.claims import Theorem
from .picture import draw

README = Path(__file__).parent / "README.md"
PICTURE = Path(__file__).parent / "family.svg"
BEGIN, END = "<!-- table: begin (python -m proofs --readme) -->", "<!-- table: end -->"
HEADINGS = (
    "",
    "theorem",
    "what it decides",
    "machine-checked for",
    "method",
    "in words only",
    "proof",
    "code",
    "property test",
)


def row(theorem: Theorem, file: str) -> tuple[str, ...]:
    """The cells of one theorem."""
    code = ", ".join(f"`{name}`" for name in theorem.code)
    path, test = theorem.tests.split("::")
    number = f"T{theorem.number}"
    proof, tested = f"[{file}](theorems/{file})", f"[`{test}`](../{path})"
    checked = theorem.coverage, theorem.method, theorem.prose
    return number, theorem.statement, theorem.decides, *checked, proof, code, tested


def table(theorems: dict[str, Theorem]) -> str:
    """The table in Markdown, one row per theorem; the keys are file names."""
    rows = [HEADINGS, ("---",) * len(HEADINGS), *(row(t, file) for file, t in theorems.items())]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in r) + " |" for r in rows)


def updated(text: str, theorems: dict[str, Theorem]) -> str:
    """The README's text with a fresh table between the markers."""
    if BEGIN not in text or END not in text:
        raise ValueError(f"{README.name}: no place for the table: put {BEGIN!r} and {END!r} into it")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    return f"{before}{BEGIN}\n{table(theorems)}\n{END}{after}"


def stale(theorems: dict[str, Theorem]) -> bool:
    """Whether the README's table is not that of the theorems."""
    text = README.read_text(encoding="utf-8")
    return updated(text, theorems) != text


def write(theorems: dict[str, Theorem]) -> str:
    """Write table and picture in place; return what was written."""
    README.write_text(updated(README.read_text(encoding="utf-8"), theorems), encoding="utf-8")
    PICTURE.write_text(draw(), encoding="utf-8")
    return f"{README}\n{PICTURE}"
