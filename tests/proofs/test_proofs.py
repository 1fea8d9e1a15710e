"""The proofs hold, fail when they should, and their map to code and tests is not stale."""

from __future__ import annotations

import ast
import importlib
import re
from dataclasses import replace
from pathlib import Path

import pytest

sp = pytest.importorskip("sympy", reason="the proofs need sympy: install rczoo[proofs]")

from proofs import readme  # noqa: E402
from proofs.__main__ import main, theorems  # noqa: E402
from proofs.engine.claims import Fact, Grid, Identity, NotProvedError, NotRefutedError, Theorem  # noqa: E402
from proofs.engine.ranges import Channels, Interval, UnsoundError  # noqa: E402
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


def test_there_are_twelve_theorems_one_per_file():
    assert [t.number for t in ALL.values()] == list(range(1, 13))
    assert [f"t{t.number:02}" for t in ALL.values()] == [file[:3] for file in ALL]


@pytest.mark.parametrize("file", ALL)
def test_first_line_states_the_sizes(file):
    first = (ROOT / "proofs" / "theorems" / file).read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(f'"""T{ALL[file].number}, machine-checked for every')


@pytest.mark.parametrize("file", ALL)
def test_what_is_prose_is_labelled(file):
    """Claims that are no identity hold for the cases tried: the method says so, or prose what it lacks."""
    theorem = ALL[file]
    if not all(isinstance(claim, Identity) for claim in theorem.claims):
        assert "grid" in theorem.method or theorem.prose
    assert "prose" not in theorem.method or theorem.prose
    assert theorem.method == "every size" or "grid" in theorem.method or theorem.prose


@pytest.mark.parametrize("name", [name for t in ALL.values() for name in t.code])
def test_each_code_object_exists(name):
    module, attribute = name.rsplit(".", 1)
    assert hasattr(importlib.import_module(module), attribute), f"{name} is gone: name what replaced it"


@pytest.mark.parametrize("node", [t.tests for t in ALL.values()])
def test_each_property_test_exists(node):
    path, function = node.split("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert function in {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}


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
    false = replace(ALL["t09_crops.py"], claims=ALL["t09_crops.py"].twins)
    monkeypatch.setattr("proofs.theorems.t09_crops.THEOREM", false)
    assert main(["t09"]) == 1
    assert "T9 failed: NotProvedError: twin: any crop" in capsys.readouterr().out


@pytest.mark.parametrize("file", ALL)
def test_a_theorem_with_a_false_claim_fails(file):
    theorem = ALL[file]
    with pytest.raises((NotProvedError, UnsoundError)):
        replace(theorem, claims=[*theorem.claims[:1], *theorem.twins]).check()


@pytest.mark.parametrize("file", ALL)
def test_a_theorem_with_a_true_twin_fails(file):
    theorem = ALL[file]
    with pytest.raises(NotRefutedError):
        replace(theorem, claims=[], twins=theorem.claims[:1]).check()


def test_a_theorem_without_twins_fails():
    with pytest.raises(NotRefutedError, match="has no negative twin"):
        replace(ALL["t09_crops.py"], twins=[]).check()


@pytest.mark.parametrize(
    "image", [K - k, K - 2 - k, k + 1, 2 * k, -k], ids=["beyond", "short", "shift", "double", "negative"]
)
def test_a_re_indexing_that_is_no_bijection_is_refused(image):
    with pytest.raises(UnsoundError, match="onto itself"):
        Sum(W(k), (taps,)).reindex(k=image)


def test_a_re_indexing_of_channels_is_the_partner_map():
    with pytest.raises(UnsoundError, match="not the partner map"):
        Sum(W(c), (channels,)).reindex(c=c + 1)
    assert Sum(W(c), (channels,)).reindex(c=inputs.p(c)).summand == W(inputs.p(c))


def test_a_re_indexing_may_not_mix_indices():
    with pytest.raises(UnsoundError, match="depends on another index"):
        Sum(W(c, k), (channels, taps)).reindex(k=K - 1 - k + c)


def test_a_factor_that_depends_on_the_index_stays_inside():
    with pytest.raises(UnsoundError, match="does not pass under"):
        k * Sum(W(k), (taps,))
    with pytest.raises(UnsoundError, match="does not pass under"):
        2 * Sum(W(k), (taps,), max)


def test_a_split_stays_inside_the_range():
    with pytest.raises(UnsoundError, match="not known to lie"):
        Sum(W(k), (taps,)).split("k", K + 1)


def test_a_collapse_hits_one_index():
    with pytest.raises(UnsoundError, match="not known to lie"):
        Sum(W(k) * Same(k - K), (taps,)).collapse("k")
    with pytest.raises(UnsoundError, match="not known to lie"):
        Sum(W(k) * Same(2 * k - natural("n")), (taps,)).collapse("k")
    with pytest.raises(UnsoundError, match="2 indicators pin k, expected 1"):
        Sum(Same(k - 1) * Same(k - 2), (taps,)).collapse("k")
    assert Sum(W(k) * Same(k), (taps,)).collapse("k").summand == W(0)


def test_a_sum_vanishes_only_for_a_reason():
    with pytest.raises(UnsoundError, match="may lie in"):
        Sum(W(k) * Same(k), (taps,)).vanish("k", floor=K - 1)
    assert Sum(W(k) * Same(k - K), (taps,)).vanish("k", floor=K - 1).summand == 0


def test_parts_add_up():
    with pytest.raises(UnsoundError, match="do not add up"):
        Sum(W(k), (taps,)).parts(W(k), W(k + 1))


@pytest.mark.parametrize("rewrite", ["split", "collapse", "vanish", "parts"])
def test_a_maximum_is_only_re_indexed(rewrite):
    arguments = {"split": ("k", K), "collapse": ("k",), "vanish": ("k", K), "parts": (W(k),)}[rewrite]
    with pytest.raises(UnsoundError, match="only re-indexing holds"):
        getattr(Sum(W(k), (taps,), max), rewrite)(*arguments)


def test_only_equal_ranges_are_exchanged():
    other = Interval(size("j"), sp.S.Zero, K + 1)
    with pytest.raises(UnsoundError, match="different ranges"):
        Sum(W(k), (taps, other)).exchange("k", "j")


def test_sums_over_different_ranges_are_not_confused():
    longer = Interval(k, sp.S.Zero, K + 1)
    assert residual(Sum(W(k), (taps,)), Sum(W(k), (longer,)))
    assert not residual(Sum(W(k), (taps,)), Sum(W(k), (taps,)))


def test_a_world_exposes_a_false_derivation():
    """A rewriting that cheats is caught by evaluating the identity as stated."""
    cheat = Identity(
        "cheat",
        Sum(W(k), (taps,)),
        Sum(W(k + 1), (taps,)),
        worlds=[World({"K": 3}, seed=seed) for seed in range(2)],
        rewrite_right=lambda side: Sum(W(k), (taps,)),
    )
    with pytest.raises(UnsoundError, match="derived, and yet"):
        cheat.prove()


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


def test_an_empty_grid_proves_nothing():
    with pytest.raises(NotProvedError, match="no case to check"):
        Grid("empty", lambda: [], lambda case: None).prove()


def test_a_fact_without_a_fault_is_not_refuted():
    with pytest.raises(NotRefutedError, match="holds"):
        Fact("fine", lambda: None).refute()


def test_theorem_is_what_the_files_hold():
    assert all(isinstance(theorem, Theorem) for theorem in ALL.values())
