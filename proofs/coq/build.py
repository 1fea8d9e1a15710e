"""Build the theorems, print and compare their statements, check them again: ``python -m proofs coq``."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
STATEMENTS = HERE / "STATEMENTS.md"
README = HERE.parent / "README.md"
BEGIN, END = "<!-- coq: begin (python -m proofs coq --readme) -->", "<!-- coq: end -->"
PACKAGES = "coq libcoq-mathcomp-algebra libcoq-mathcomp-algebra-tactics"
MISSING = f"coq: skipped, as coqc is not installed: apt-get install {PACKAGES}"
CLOSED = "Closed under the global context"
PRINTING = "Unset Printing Implicit Defensive.\nOpen Scope ring_scope.\nSet Printing Width 112.\n"
ROUNDS = (
    ("representations", "conjoining", "geometry", "heads", "rounding", "strictness"),
    ("kernels", "dimension", "losses", "family", "attribution"),
    ("layers", "blocks", "executable"),
)
"""Files that do not need each other are built together."""


class BuildError(Exception):
    """What Coq refused, or a statement that differs from the committed one."""


class Statement(NamedTuple):
    """A theorem as Coq prints it; ``assumptions`` is CLOSED where it rests on no axiom."""

    file: str
    name: str
    text: str
    assumptions: str


class Built(NamedTuple):
    """A file: its lines, and the seconds of one processor that Coq took for it, whatever else ran."""

    name: str
    lines: int
    seconds: float


def names(text: str) -> list[str]:
    """The quoted theorems of a file, in order: the numbered ones, and the correctness of definitions."""
    return re.findall(r"^(?:Theorem|Corollary) (T\d+_\w+|\w+_correct)", text, re.M)


def call(folder: Path, *command: str) -> str:
    """Run a tool there; raise BuildError with what it says where it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{' '.join(command)}:\n{done.stdout}{done.stderr}".strip())
    return done.stdout


def compile_file(folder: Path, name: str) -> Built:
    """One file by coqc, timed by the shell."""
    command = f"TIMEFORMAT='%U %S'; time coqc -q -w none -R . RC {name}.v"
    said = call(folder, "bash", "-c", f"{{ {command}; }} 2>&1")
    lines = len((HERE / f"{name}.v").read_text(encoding="utf-8").splitlines())
    return Built(name, lines, sum(map(float, said.split()[-2:])))


def compile_all(folder: Path) -> list[Built]:
    """Every file, two at a time."""
    for file in HERE.glob("*.v"):
        shutil.copy(file, folder)
    with ThreadPoolExecutor(2) as pool:
        return [built for files in ROUNDS for built in pool.map(lambda f: compile_file(folder, f), files)]


def statements(folder: Path) -> list[Statement]:
    """What Coq prints of each quoted theorem: its statement, and the axioms below it."""
    files = [file for files in ROUNDS for file in files]
    wanted = [(f, n) for f in files for n in names((HERE / f"{f}.v").read_text(encoding="utf-8"))]
    asked = "".join(
        f'Goal True. idtac "=== {f} {n}". Abort.\nCheck {f}.{n}.\nGoal True. idtac "---". Abort.\n'
        f"Print Assumptions {f}.{n}.\n"
        for f, n in wanted
    )
    imports = f"From RC Require Import {' '.join(files)}.\n"
    head = "From mathcomp Require Import all_ssreflect all_algebra.\n"
    (folder / "asked.v").write_text(head + imports + PRINTING + asked, encoding="utf-8")
    answer = call(folder, "coqc", "-q", "-w", "none", "-R", ".", "RC", "asked.v")
    return [_statement(part) for part in answer.split("=== ")[1:]]


def _statement(part: str) -> Statement:
    title, rest = part.split("\n", 1)
    text, assumptions = rest.split("---\n", 1)
    file, name = title.split()
    text = re.sub(r"^\S+\s+:\s*", "", text.strip(), count=1).replace("\n       ", "\n")
    return Statement(file, name, text, assumptions.strip())


def document(found: list[Statement]) -> str:
    """STATEMENTS.md: every theorem in Coq's own words."""
    parts = [
        "# The theorems as Coq prints them",
        "Written by `python -m proofs coq --readme`, compared by `python -m proofs coq`. None has an axiom:\n"
        "`Print Assumptions` says *closed under the global context*. Definitions are in each heading's file.",
    ]
    for file in dict.fromkeys(s.file for s in found):
        parts.append(f"## [{file}.v]({file}.v)")
        parts += [f"`{s.name}`\n\n```coq\n{s.text}\n```" for s in found if s.file == file]
    return "\n\n".join(parts) + "\n"


def verify(found: list[Statement], write: bool) -> None:
    """Refuse an axiom, and a statement that is not the committed one."""
    for statement in found:
        if statement.assumptions != CLOSED:
            raise BuildError(f"{statement.name} rests on axioms:\n{statement.assumptions}")
    if write:
        STATEMENTS.write_text(document(found), encoding="utf-8")
    elif not STATEMENTS.exists() or STATEMENTS.read_text(encoding="utf-8") != document(found):
        raise BuildError(
            f"{STATEMENTS.name} is not what Coq prints: run python -m proofs coq --readme, and read it"
        )


def check_again(folder: Path) -> None:
    """Our files by coqchk, Coq's separate checker; mathcomp's are taken as Debian built them."""
    modules = [f"RC.{file}" for files in ROUNDS for file in files]
    call(folder, "coqchk", "-silent", "-R", ".", "RC", *(word for m in modules for word in ("-norec", m)))


def table(built: list[Built], found: list[Statement]) -> str:
    """Theorems, lines and seconds of each file, in Markdown."""
    rows = ["| file | theorems | lines | processor seconds | axioms |", "| --- | --- | --- | --- | --- |"]
    for file in built:
        theorems = [s.name for s in found if s.file == file.name]
        listed = ", ".join(f"`{name}`" for name in theorems)
        rows.append(
            f"| [{file.name}.v](coq/{file.name}.v) | {listed} | {file.lines} | {file.seconds:.0f} | none |"
        )
    return "\n".join(rows)


def updated(text: str, fresh: str) -> str:
    """The README's text with a fresh table between the markers."""
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    return f"{before}{BEGIN}\n{fresh}\n{END}{after}"


def run(write: bool = False) -> int:
    """Do all of it; return the exit status, which is 0 where Coq is not installed."""
    if shutil.which("coqc") is None:
        print(MISSING)
        return 0
    begun = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            built = compile_all(folder)
            found = statements(folder)
            verify(found, write)
            check_again(folder)
    except BuildError as error:
        print(f"coq: {error}")
        return 1
    print(table(built, found))
    axioms = f"{len(found)} theorems, each closed under the global context, checked again by coqchk"
    print(f"{axioms}: {time.perf_counter() - begun:.0f} seconds by the clock")
    if write:
        text = README.read_text(encoding="utf-8")
        README.write_text(updated(text, table(built, found)), encoding="utf-8")
    return 0
