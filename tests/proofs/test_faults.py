"""The faults of the study are up to date, and those tried here are noticed by the proofs."""

import pytest

from tests.studies import proof_faults
from tests.studies.faults import ROOT, edit
from tests.studies.proof_faults import CODE, PROOFS, recorded, run, trials

pytest.importorskip("sympy", reason="the proofs need sympy: install rczoo[proofs]")


def test_there_are_twenty_of_each():
    assert min(len({fault.words for fault in faults}) for faults in (CODE, PROOFS)) >= 20
    page = (ROOT / "proofs" / "README.md").read_text("utf-8")
    said = f"{len(CODE)} faults into copies of the package and {len(PROOFS)} into copies of the proofs"
    assert said in page


@pytest.mark.parametrize("fault", [*CODE, *PROOFS], ids=lambda fault: fault.words)
def test_a_fault_changes_its_file(fault):
    assert fault.right in (ROOT / fault.file).read_text("utf-8"), "bring the fault up to date"
    assert fault.right != fault.wrong
    assert list((ROOT / "proofs" / "theorems").glob(f"{fault.theorem}_*.py"))


def test_a_fault_that_is_out_of_date_is_refused():
    with pytest.raises(SystemExit, match=r"gone: .* has no 'no such text': bring the fault"):
        edit(CODE[0]._replace(words="gone", file="rczoo/symmetry/rep.py", right="no such text"))


@pytest.mark.slow
def test_faults_are_noticed():
    faults = [CODE[0], PROOFS[0]]
    for fault, (found, _) in zip(faults, trials(faults, 2), strict=True):
        assert found.startswith(f"T{int(fault.theorem[1:])} failed")


def pretend(monkeypatch, answers):
    """The study with faults whose answers are given."""
    monkeypatch.setattr(proof_faults, "CODE", CODE[: len(answers)])
    monkeypatch.setattr(proof_faults, "PROOFS", [])
    by_fault = dict(zip(CODE, answers, strict=False))
    monkeypatch.setattr(proof_faults, "trials", lambda faults, jobs: [(by_fault[f], 1.0) for f in faults])


def test_the_study_fails_where_one_goes_unnoticed(monkeypatch, capsys):
    pretend(monkeypatch, ["", "T2 failed"])
    assert proof_faults.main([]) == 1
    printed = capsys.readouterr().out
    assert f"{CODE[0].words}: UNNOTICED" in printed
    assert f"{CODE[1].words}: T2 failed" in printed
    assert proof_faults.main(["--only", CODE[1].words]) == 0


def test_a_run_that_was_cut_off_goes_on_while_the_sources_stay(monkeypatch, tmp_path):
    record = tmp_path / "faults"
    pretend(monkeypatch, ["T2 failed", ""])
    assert run(CODE[:1], 1, record) == []
    pretend(monkeypatch, ["", ""])
    assert run(CODE[:2], 1, record) == [CODE[1].words], "the first is recorded, the second is tried"
    monkeypatch.setattr(proof_faults, "state", lambda: "another")
    assert recorded(record) == {}
