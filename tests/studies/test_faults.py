"""The study's faults are up to date, a copy has the fault, and the log of cases names tests that exist."""

import ast
import re
import shlex
from collections import Counter

import pytest

from tests.studies import faults
from tests.studies.faults import ROOT, Fault, begin, edited, key, listed

TESTS = re.compile(r"`([\w/]+\.py)::(\w+)`")


def functions(path):
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_each_fault_changes_one_place_and_names_tests_that_are_there():
    found = listed()
    assert len({(fault.words, fault.file) for fault in found}) == len(found) >= 150
    texts = {fault.file: (ROOT / fault.file).read_text("utf-8") for fault in found}
    wrong = [
        f"{fault.file}: {fault.words}"
        for fault in found
        if texts[fault.file].count(fault.right) != 1 or fault.right == fault.wrong
    ]
    assert wrong == [], "bring these faults up to date: their right text stands once in the file"
    names = {name for fault in found for name in shlex.split(fault.tests) if "/" in name}
    for name in sorted(names):
        path, _, test = name.partition("::")
        assert (ROOT / path).is_file(), name
        assert not test or test in functions(path), name


def test_the_faults_are_of_all_packages():
    packages = Counter(fault.file.split("/")[1] for fault in listed() if fault.file.startswith("rczoo/"))
    folders = {path.name for path in (ROOT / "rczoo").iterdir() if (path / "__init__.py").exists()}
    assert folders <= set(packages)


def test_a_copy_has_the_fault_and_nothing_else(tmp_path):
    fault = Fault("x", "README.md", "# rczoo", "# rczou", "")
    assert (edited(fault, tmp_path, ("README.md",)) / "README.md").read_text("utf-8").startswith("# rczou")
    with pytest.raises(SystemExit, match=r"gone: .* has no 'no such text': bring the fault"):
        edited(fault._replace(words="gone", right="no such text"), tmp_path, ("README.md",))


def fail(what):
    raise ValueError(what)


def test_a_process_answers_or_fails_by_itself():
    assert begin(str.upper, "a").answer() == "A"
    assert begin(fail, "no import").answer() == "ValueError: no import"


def test_the_study_goes_on_and_fails_where_too_few_are_noticed(monkeypatch, tmp_path, capsys):
    some = listed()[:2]
    told = {some[0].words: "FAILED x", some[1].words: ""}
    monkeypatch.setattr(faults, "FOUND", tmp_path / "build" / "found.jsonl")
    monkeypatch.setattr(faults, "listed", lambda: some)
    monkeypatch.setattr(faults, "outcomes", lambda new, cores: ((fault, told[fault.words]) for fault in new))
    assert faults.main([]) == 1
    assert f"{some[1].words}: UNNOTICED" in capsys.readouterr().out
    monkeypatch.setattr(faults, "outcomes", lambda new, cores: iter(new and pytest.fail("tried twice")))
    assert faults.main([]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "2 faults, 50.0% noticed"
    assert set(faults.known()) == {key(fault) for fault in some}


def test_every_case_of_the_log_has_a_test_that_is_there():
    rows = [line for line in (ROOT / "tests" / "FIELD.md").read_text("utf-8").splitlines() if "::" in line]
    assert len(rows) > 70
    for row in rows:
        [(path, name)] = TESTS.findall(row)
        assert name in functions(f"tests/{path}"), row
