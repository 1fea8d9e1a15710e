"""The proofs hold, fail when they should, and their map to code and tests is not stale."""

from __future__ import annotations

import importlib
import re
from dataclasses import replace
from pathlib import Path

import pytest

sp = pytest.importorskip("sympy", reason="the proofs need sympy: install rczoo[proofs]")

from proofs import readme  # noqa: E402
from proofs.__main__ import main, theorems  # noqa: E402
from proofs.engine.claims import (  # noqa: E402
    Fact,
    Identity,
    NotProvedError,
    NotRefutedError,
    Theorem,
    UncarriedError,
)
from proofs.engine.ranges import Channels, Interval, UnsoundError  # noqa: E402
from proofs.engine.refusals import REFUSED  # noqa: E402
from proofs.engine.statements import (  # noqa: E402
    AT_MOST,
    EQUALS,
    IFF,
    LESS,
    NEAR,
    Part,
    Quantity,
    StatementError,
)
from proofs.engine.sums import Sum, residual  # noqa: E402
from proofs.engine.symbols import Below, Same, SameChannel, natural, size, table  # noqa: E402
from proofs.engine.worlds import World  # noqa: E402
from proofs.models.convolution import K, c, inputs, k  # noqa: E402
from proofs.picture import draw  # noqa: E402

ROOT = Path(__file__).parents[2]
ALL = theorems()
W = table("W")
taps, channels = Interval(k, sp.S.Zero, K), Channels(c, inputs)


TIMED = [pytest.param(f, marks=pytest.mark.slow if f.startswith("t02") else ()) for f in ALL]


@pytest.mark.parametrize("file", TIMED)
def test_every_claim_is_proved_and_every_twin_refuted(file):
    ALL[file].check()
    assert len(ALL[file].refutations) == len(ALL[file].twins) > 0


def test_each_theorem_has_a_file_of_its_number():
    numbers = [theorem.number for theorem in ALL.values()]
    assert numbers == list(range(1, 19))
    assert [f"t{number:02}" for number in numbers] == [file[:3] for file in ALL]


@pytest.mark.parametrize("file", ALL)
def test_first_line_states_the_sizes(file):
    first = (ROOT / "proofs" / "theorems" / file).read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(f'"""T{ALL[file].number}, machine-checked for every')


@pytest.mark.parametrize("file", ALL)
def test_what_is_no_identity_is_labelled(file):
    """Claims that are no identity hold for the cases tried: the method says so, or prose what it lacks."""
    theorem = ALL[file]
    if not all(isinstance(claim, Identity) for claim in theorem.claims):
        assert "grid" in theorem.method or theorem.prose
    assert theorem.method == "every size" or "grid" in theorem.method or theorem.prose


def without(sequence, n):
    return [*sequence[:n], *sequence[n + 1 :]]


CLAIMS = [(file, n) for file, theorem in ALL.items() for n in range(len(theorem.claims))]
PARTS = [(file, n) for file, theorem in ALL.items() for n in range(len(theorem.parts))]


@pytest.mark.parametrize(("file", "n"), CLAIMS)
def test_a_theorem_misses_each_claim(file, n):
    claim, fewer = ALL[file].claims[n], without(ALL[file].claims, n)
    with pytest.raises(UncarriedError, match=f"lacks the claim {re.escape(repr(claim.name))}"):
        replace(ALL[file], claims=fewer).check()
    # Nor may a part let go of it: then it carries nothing, or nothing carries the part.
    freed = [replace(p, by=tuple(b for b in p.by if b != claim.name)) for p in ALL[file].parts]
    with pytest.raises(UncarriedError, match="carries"):
        replace(ALL[file], parts=freed).check()


@pytest.mark.parametrize(("file", "n"), PARTS)
def test_a_theorem_misses_each_part(file, n):
    """A part that no claim carries is a definition; of every other some claim is its own."""
    part, fewer = ALL[file].parts[n], without(ALL[file].parts, n)
    alone = set(part.by) - {name for other in fewer for name in other.by}
    if alone:
        with pytest.raises(UncarriedError, match="carries no part of the statement"):
            replace(ALL[file], parts=fewer).check()
    assert part.words in readme.README.read_text(encoding="utf-8").replace("\\|", "|")


@pytest.mark.parametrize(("file", "n"), PARTS)
def test_a_statement_is_neither_reversed_nor_weakened(file, n):
    part = ALL[file].parts[n]
    part.check()
    if part.relation in (AT_MOST, LESS):
        with pytest.raises(StatementError, match="the package says greater"):
            replace(part, left=part.right, right=part.left).check()
        with pytest.raises(StatementError):
            replace(part, relation=LESS if part.relation is AT_MOST else AT_MOST).check()
    if part.relation is IFF:
        wrong = Quantity(f"not {part.right.words}", lambda case: not part.right.measure(case))
        with pytest.raises(StatementError, match="the package says"):
            replace(part, right=wrong).check()
    if part.relation is EQUALS:
        with pytest.raises(StatementError):
            replace(part, relation=replace(EQUALS, outcomes=frozenset({"different"}))).check()


def test_a_part_shows_every_outcome_and_something():
    def part(relation, *pairs):
        sides = (Quantity(words, lambda pair, n=n: pair[n]) for n, words in enumerate(("left", "right")))
        left, right = sides
        return Part(left, relation, right, ("claim",), lambda: pairs)

    with pytest.raises(StatementError, match="left <= right: no case shows less: more holds than is said"):
        part(AT_MOST, (1, 1)).check()
    with pytest.raises(StatementError, match="left < right: the package says equal at"):
        part(LESS, (1, 1)).check()
    with pytest.raises(StatementError, match="left iff right: no case shows"):
        part(IFF, (True, True)).check()
    with pytest.raises(StatementError, match="left = right: everything is zero"):
        part(EQUALS, (0, 0)).check()
    with pytest.raises(StatementError, match="left = right: no case shows equal"):
        part(EQUALS).check()
    part(EQUALS, ((1.0, 2.0), (1.0, 2.0))).check()
    part(NEAR, (1.01, 1.0)).check()
    with pytest.raises(StatementError, match=r"left = \(simulated\) right: the package says different"):
        part(NEAR, (1.03, 1.0)).check()


@pytest.mark.parametrize("name", [name for t in ALL.values() for name in t.code])
def test_each_code_object_exists(name):
    module, attribute = name.rsplit(".", 1)
    assert hasattr(importlib.import_module(module), attribute), f"{name} is gone: name what replaced it"


@pytest.mark.parametrize("node", [t.tests for t in ALL.values()])
def test_each_property_test_exists(node):
    path, function = node.split("::")
    assert f"\ndef {function}(" in (ROOT / path).read_text(encoding="utf-8")


def test_readme_is_fresh():
    text = readme.README.read_text(encoding="utf-8")
    assert readme.updated(text, ALL) == text, "run python -m proofs --readme"
    assert readme.PICTURE.read_text(encoding="utf-8") == draw(), "run python -m proofs --readme"


def test_readme_names_only_files_that_exist():
    text = readme.README.read_text(encoding="utf-8")
    for name in re.findall(r"\]\(([^)#]+)\)|`(\w+/\w+\.py)`", text):
        assert (ROOT / "proofs" / (name[0] or name[1])).exists(), name


def test_a_readme_without_markers_is_refused():
    with pytest.raises(ValueError, match="no place for the table"):
        readme.updated("# nothing here", ALL)


def test_command_line(capsys):
    assert main(["t09"]) == 0
    assert "T9" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="no proof is called t99: choose among t01"):
        main(["t99"])


def test_command_line_fails_with_the_proof(monkeypatch, capsys):
    false = replace(ALL["t09_crops.py"], claims=renamed(ALL["t09_crops.py"], ALL["t09_crops.py"].twins[0]))
    monkeypatch.setattr("proofs.theorems.t09_crops.THEOREM", false)
    assert main(["t09"]) == 1
    assert "T9 failed: NotProvedError: equal crops" in capsys.readouterr().out


def renamed(theorem, claim):
    """The theorem's claims, another in the place and under the name of the first."""
    return [replace(claim, name=theorem.claims[0].name), *theorem.claims[1:]]


@pytest.mark.parametrize("file", ALL)
def test_a_theorem_with_a_false_claim_fails(file):
    theorem = ALL[file]
    with pytest.raises((NotProvedError, UnsoundError)):
        replace(theorem, parts=bare(theorem), claims=renamed(theorem, theorem.twins[0])).check()


def bare(theorem):
    """The parts without what the package is asked, for a test that is about claims."""
    one = Quantity("1", lambda case: 1)
    return [replace(p, left=one, right=one, relation=EQUALS, cases=lambda: [0]) for p in theorem.parts]


@pytest.mark.parametrize("file", ALL)
def test_a_theorem_with_a_true_twin_fails(file):
    theorem = ALL[file]
    true = replace(theorem.claims[0], name="true")
    with pytest.raises(NotRefutedError):
        replace(theorem, parts=[], claims=[], twins=[true]).check()


def test_a_theorem_without_twins_fails():
    with pytest.raises(NotRefutedError, match="has no negative twin"):
        replace(ALL["t09_crops.py"], twins=[]).check()


@pytest.mark.parametrize("name", REFUSED)
def test_a_falsehood_is_refused(name):
    with pytest.raises((UnsoundError, NotProvedError)):
        REFUSED[name]()


def test_the_run_names_what_the_machinery_lets_pass(monkeypatch, capsys):
    monkeypatch.setitem(REFUSED, "2 + 2 = 5", lambda: None)
    assert main(["t09"]) == 1
    assert "the machinery lets pass: 2 + 2 = 5" in capsys.readouterr().out


def test_what_is_sound_is_not_refused():
    assert Sum(W(c), (channels,)).reindex(c=inputs.p(c)).summand == W(inputs.p(c))
    assert Sum(W(k) * Same(k), (taps,)).collapse("k").summand == W(0)
    assert Sum(W(k) * Same(k - K), (taps,)).vanish("k", floor=K - 1).summand == 0
    pinned = Sum(W(c) * SameChannel(c, size("n")), (channels,), given=(Channels(size("n"), inputs),))
    assert pinned.collapse("c").summand == W(size("n"))
    assert not residual(Sum(W(k), (taps,)), Sum(W(k), (taps,)))
    assert not residual(Sum(W(k), (taps,), max), Sum(W(k), (taps,), max))
    Identity("free", W(c), W(c), worlds=[World({"c": 0})]).prove()


@pytest.mark.parametrize("rewrite", ["split", "collapse", "vanish", "parts"])
def test_a_maximum_is_only_re_indexed(rewrite):
    arguments = {"split": ("k", K), "collapse": ("k",), "vanish": ("k", K), "parts": (W(k),)}[rewrite]
    with pytest.raises(UnsoundError, match="only re-indexing holds"):
        getattr(Sum(W(k), (taps,), max), rewrite)(*arguments)


def test_indicators_follow_their_arguments():
    first, second = sp.symbols("first second", integer=True)
    p = inputs.p
    assert Same(first - second) == Same(second - first)
    assert Same(size("n")) == 0
    assert Same(sp.S.Zero) == 1
    assert SameChannel(p(first), p(second)) == SameChannel(first, second)
    assert SameChannel(p(first), second) == SameChannel(first, p(second)) == SameChannel(p(second), first)
    assert SameChannel(first, p(second)) != SameChannel(first, second)
    assert Below(natural("n"), natural("n") + 1) == 1
    assert Below(natural("n") + 1, natural("n")) == 0


def test_a_fact_without_a_fault_is_not_refuted():
    with pytest.raises(NotRefutedError, match="holds"):
        Fact("fine", lambda: None).refute()


def test_theorem_is_what_the_files_hold():
    assert all(isinstance(theorem, Theorem) for theorem in ALL.values())
