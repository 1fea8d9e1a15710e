"""The faults of the study are up to date, and those tried here are noticed by the proofs."""

import pytest

from tests.studies import proof_faults
from tests.studies.proof_faults import CODE, PROOFS, ROOT, edited, trial

pytest.importorskip("sympy", reason="the proofs need sympy: install rczoo[proofs]")


def test_there_are_twenty_of_each():
    assert min(len({fault.words for fault in faults}) for faults in (CODE, PROOFS)) >= 20


@pytest.mark.parametrize("fault", [*CODE, *PROOFS], ids=lambda fault: fault.words)
def test_a_fault_changes_its_file(fault):
    assert fault.right in (ROOT / fault.file).read_text("utf-8"), "bring the fault up to date"
    assert fault.right != fault.wrong
    assert list((ROOT / "proofs" / "theorems").glob(f"{fault.theorem}_*.py"))


def test_a_fault_that_is_out_of_date_is_refused(tmp_path):
    with pytest.raises(SystemExit, match=r"gone: .* has no 'no such text': bring the fault"):
        edited(CODE[0]._replace(words="gone", file="rczoo/symmetry/rep.py", right="no such text"), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [CODE[0], PROOFS[0]], ids=lambda fault: fault.words)
def test_a_fault_is_noticed(fault):
    assert trial(fault).startswith(f"T{int(fault.theorem[1:])} failed")


def test_the_study_fails_where_one_goes_unnoticed(monkeypatch, capsys):
    answers = {CODE[0].words: "", CODE[1].words: "T2 failed"}
    monkeypatch.setattr(proof_faults, "CODE", CODE[:2])
    monkeypatch.setattr(proof_faults, "PROOFS", [])
    monkeypatch.setattr(proof_faults, "trial", lambda fault: answers[fault.words])
    assert proof_faults.main([]) == 1
    printed = capsys.readouterr().out
    assert f"{CODE[0].words}: UNNOTICED" in printed
    assert f"{CODE[1].words}: T2 failed" in printed
    assert proof_faults.main(["--only", CODE[1].words]) == 0
