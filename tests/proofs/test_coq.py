"""The Coq command: which theorems it quotes, and what it refuses; Coq itself is not run here."""

import re

import pytest

from proofs.coq import build
from proofs.coq.build import BuildError, Statement

FILES = [file for files in build.ROUNDS for file in files]


def test_every_file_is_built():
    assert {file.stem for file in build.HERE.glob("*.v")} == {*FILES, "extraction"}


def test_every_quoted_theorem_has_its_statement():
    text = build.STATEMENTS.read_text(encoding="utf-8")
    for file in FILES:
        for name in build.names((build.HERE / f"{file}.v").read_text(encoding="utf-8")):
            assert f"`{name}`" in text, f"{name}: run python -m proofs coq --readme"


def test_no_proof_is_left_out():
    for file in build.HERE.glob("*.v"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"\b(Admitted|admit|Axiom|Parameter|Conjecture)\b", text), file.name


def test_every_theorem_is_there():
    names = [n for file in FILES for n in build.names((build.HERE / f"{file}.v").read_text(encoding="utf-8"))]
    numbers = {int(name[1:].split("_")[0]) for name in names if name.startswith("T")}
    assert numbers == set(range(1, 19))


def test_a_missing_coq_is_skipped_with_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(build.shutil, "which", lambda name: None)
    assert build.run() == 0
    assert "apt-get install coq libcoq-mathcomp-algebra" in capsys.readouterr().out


def test_axioms_and_other_statements_are_refused():
    with pytest.raises(BuildError, match="rests on axioms"):
        build.verify([Statement("rep", "T1", "True", "Axioms: classic")], write=False)
    with pytest.raises(BuildError, match="not what Coq prints"):
        build.verify([Statement("rep", "T1", "True", build.CLOSED)], write=False)
