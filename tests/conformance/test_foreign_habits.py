"""What other people's models do: no false alarm, no miss, and no repair that does harm."""

import re
import weakref
from contextlib import nullcontext
from typing import NamedTuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import rczoo
from rczoo.conformance import Input
from rczoo.conformance.calls.state import State
from rczoo.conformance.sequences import windows
from rczoo.conformance.suite import check
from rczoo.symmetry.rep import Rep
from tests.studies.conformance.judging import compare
from tests.support.faulty_models import DNA, Conjoined, Through, Tied, plain, profile_network, tied


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


class Around(nn.Module):
    """A model with something done to its answer, which may use the module and its input."""

    def __init__(self, model, change, **modules):
        super().__init__()
        self.model, self.change = model, change
        for name, module in modules.items():
            setattr(self, name, module)

    def forward(self, x):
        return self.change(self, self.model(x), x)


def cause(report):
    assert not report.passed, str(report)
    return report.diagnoses[0].cause


# False alarms


class Merge(nn.Module):
    def forward(self, h):
        n = h.shape[1] // 2
        return h[:, :n] + h[:, n:].flip(-1)


def test_strands_may_be_merged_in_a_module():
    model = nn.Sequential(Tied(DNA, "6r:halves", 5), nn.ReLU(), Merge(), Through(lambda h: h.mean(-1)))
    report = check(model, outputs="6t", lengths=200)
    assert report.passed, str(report)
    assert report["locality"].status == "noted"
    assert "'2'" in report["locality"].detail
    backwards = Around(tied(out="1t"), lambda m, y, x: y + 0.5 * y.flip(-1))
    assert cause(check(backwards, outputs="1t", lengths=60)) == "non-local"


@pytest.mark.parametrize("shape", [(), (1,)])
@pytest.mark.parametrize("spec", ["none", "1t"])
def test_one_number_for_the_whole_batch_is_an_output_like_any_other(spec, shape):
    report = check(Around(tied(), lambda m, y, x: y.mean().view(shape)), outputs=spec, lengths=60)
    assert report.passed, str(report)
    assert report["outputs-vary"].status == "passed"
    assert report["batch-independence"].detail == "every output is one number for the whole batch"
    untied = Around(profile_network(), lambda m, y, x: {"loss": y.square().mean(), "logits": y})
    assert cause(check(untied, outputs={"loss": spec, "logits": "1r"}, lengths=60)) == "untied"


def test_a_fault_of_a_check_is_told_as_ours_and_is_neither_a_failure_nor_a_pass(monkeypatch):
    from rczoo.conformance.checks import catalogue

    def broken(run):
        """It breaks."""
        raise IndexError("ours")

    monkeypatch.setitem(catalogue.CHECKS, "locality", broken)
    report = check(tied(), outputs="1r", lengths=60)
    assert report["locality"].status == "unrun"
    assert "IndexError: ours: a fault of rczoo, not of the model" in report["locality"].detail
    assert not report.passed
    assert "NOT WHOLLY CHECKED" in report.verdict
    assert "0 failed" in report.verdict
    assert not check(tied(), outputs="1r", lengths=60, expect_fail={"locality": "?"}).passed


def test_what_goes_wrong_in_an_explanation_hides_no_failure(monkeypatch):
    from rczoo.conformance.diagnosis import explanation

    monkeypatch.setattr(explanation, "place_of", lambda results: 1 / 0)
    report = check(profile_network(), outputs="1r", lengths=60, quick=True)
    assert cause(report) == "untied"
    assert report.trouble == [
        "place: ZeroDivisionError: division by zero: a fault of rczoo; please report it"
    ]


def test_an_answer_that_varies_by_rounding_alone_is_constant():
    """The mean of what an instance norm gives is its shift, whatever the sequence."""
    norm = nn.Sequential(
        Tied(DNA, "6r", 5), nn.InstanceNorm1d(12), Tied("6r", "3t", 1), Through(mean_of_positions)
    )
    assert cause(check(norm, outputs="3t", lengths=60, quick=True)) == "constant"


def mean_of_positions(h):
    return h.mean(-1)


class WarmingUp(nn.Module):
    """Scales by a count of its calls, which it keeps up in train mode, or always."""

    def __init__(self, always=False):
        super().__init__()
        self.net, self.always, self.calls = tied(), always, 0
        self.register_buffer("scale", torch.ones(()))

    def forward(self, x):
        if self.training or self.always:
            self.calls += 1
            self.scale = self.scale * 0.9
        return self.net(x) * self.scale


def spectral():
    norm = nn.utils.parametrizations.spectral_norm
    return nn.Sequential(Tied(DNA, "1r", 5), nn.Tanh(), norm(Tied("1r", "1r", 3)))


@pytest.mark.parametrize("build", [WarmingUp, spectral])
def test_both_strands_meet_the_same_state(build):
    report = check(build(), outputs="1r", lengths=60)
    assert report.passed, str(report)
    assert report["train-mode"].status == report["trained-state"].status == "passed"


@pytest.mark.filterwarnings("ignore:.torch.jit")
def test_state_of_a_scripted_model_is_put_back():
    model = torch.jit.script(nn.BatchNorm1d(4))
    state = State(model)
    model(torch.rand(3, 4, 9))
    assert state.moved() == ["running_mean", "running_var", "num_batches_tracked"]
    state.restore()
    assert state.moved() == [] == model.running_mean.nonzero().tolist()


def test_state_that_moves_in_evaluation_is_named():
    model = WarmingUp(always=True)
    report = check(model, outputs="1r", lengths=60)
    assert cause(report) == "state"
    assert [r.name for r in report.results if r.status == "failed"] == ["deterministic"]
    assert "a call moves 'scale', 'calls'" in report["deterministic"].detail
    assert report["float64-law"].status == "passed"
    assert report.repair is None
    assert model.calls == 0
    moving = rczoo.conjoin(nn.Sequential(WarmingUp(always=True), nn.Conv1d(2, 2, 3)), outputs="1r")
    assert [d.cause for d in check(moving, outputs="1r", lengths=60, quick=True).diagnoses] == ["state"]


NUDGES = {
    "state": lambda m, y, x: y * (1 + 1e-6 * m.calls.add_(1)),
    "random": lambda m, y, x: y * (1 + 1e-6 * torch.rand(())),
}


@pytest.mark.parametrize("name", NUDGES)
@pytest.mark.parametrize("quick", [True, False])
def test_state_and_chance_that_move_an_answer_less_than_float32_rounds_are_seen(name, quick):
    report = check(Around(tied(), NUDGES[name], calls=torch.zeros(())), "dna", "1r", 60, quick=quick)
    assert cause(report) == name


def test_state_that_moves_an_answer_by_rounding_alone_is_told_and_fails_nothing():
    def wobble(m, y, x):
        m.calls = m.calls + 1
        return y * (1 + m.calls % 2 * torch.finfo(y.dtype).eps)

    report = check(Around(tied(), wobble, calls=0), outputs="1r", lengths=60, quick=True)
    assert report.passed, str(report)
    assert "a call moves 'calls', which no answer shows" in report["deterministic"].detail
    assert "and 3 to tell it from rounding" in report.cost


class TwoMasks(nn.Module):
    """Batch normalisation of a vector, which refuses a batch of one, and dropout drawn for each strand."""

    def __init__(self):
        super().__init__()
        self.net, self.norm, self.drop, self.head = (
            plain(3),
            nn.BatchNorm1d(3),
            nn.Dropout(0.3),
            nn.Linear(3, 1),
        )

    def forward(self, x):
        both = self.norm(torch.cat([self.net(x).mean(-1), self.net(DNA.act(x)).mean(-1)]))
        return sum(self.head(self.drop(h)) for h in both.chunk(2))


def test_a_norm_that_refuses_one_sequence_hides_no_dropout():
    report = check(TwoMasks(), outputs="1t", lengths=60)
    assert cause(report) == "dropout"
    assert [r.name for r in report.results if r.status == "failed"] == ["dropout"]
    assert "off by" in report["dropout"].detail


# Misses


class Detector(nn.Module):
    """A tied network, and an untied detector of one word that is silent on anything else."""

    def __init__(self, word):
        super().__init__()
        self.net, self.find = tied(out="1t"), nn.Conv1d(4, 1, len(word))
        self.find.weight.data = rczoo.symmetry.one_hot(word)
        self.find.bias.data.fill_(0.5 - len(word))

    def forward(self, x):
        return self.net(x).mean(-1) + F.relu(self.find(x)).amax(-1)


@pytest.mark.parametrize(("word", "quick"), [("GATTAC", True), ("CCGTGG", True), ("GATTACCA", False)])
def test_every_word_is_tried_on_both_strands(word, quick):
    report = check(Detector(word), outputs="1t", lengths=200, quick=quick)
    assert cause(report) == "untied"
    assert f"every word of {len(word)} bases on both strands" in report["float64-law"].detail
    shown = report["float64-law"].counterexample.sequence
    assert shown.startswith("A x 200 but ")
    assert shown.count(" at ") <= len(word) - word.count("T") - 1 or shown.count(" at ") <= len(word)


@pytest.mark.parametrize(("word", "length"), [(6, 27), (6, 200), (8, 60), (6, 4), (6, 3_000)])
def test_every_word_is_in_a_sequence_without_its_reverse_complement(word, length):
    """Beside it, a detector of the one word would answer on either strand."""
    told, size = set(), min(word, length)
    for row in windows(word, length):
        found = set(map(bytes, np.lib.stride_tricks.sliding_window_view(row, size)))
        twins = {w: bytes(3 - code for code in reversed(w)) for w in found}
        told |= {v for w, twin in twins.items() if w == twin or twin not in found for v in (w, twin)}
    assert len(told) == 4**size


def test_words_are_met_twice_and_in_long_sequences_too():
    assert len(windows(6, 60, twice=True)) > 1.9 * len(windows(6, 60))
    assert len(windows(6, 4_101)) <= 2  # of which the law is tried on one, and float32 on the other
    model = Detector("GAATTC" + "A")
    assert cause(check(model, outputs="1t", lengths=4_200, quick=True)) == "untied"


def test_own_sequences_are_tried():
    word = "GATTACAGATTACA"
    model = Detector(word)
    assert check(model, outputs="1t", lengths=60, quick=True).passed
    own = ["C" * 60, "C" * 20 + word + "C" * 26]
    report = check(model, outputs="1t", sequences=own, quick=True)
    assert [r.name for r in report.results if r.status == "failed"] == ["own-sequences"]
    assert report.diagnoses[0].cause == "untied"
    fine = check(tied(), outputs="1r", sequences=own * 2)
    assert fine["own-sequences"].detail.endswith("on 4 of 4")
    with pytest.raises(ValueError, match="have lengths 3 and 4"):
        check(model, outputs="1t", sequences=["ACG", "ACGT"])


def cast_head(m, y, x):
    return m.head(F.softplus(y.float())).softmax(1, dtype=torch.float32) + m.size * m.extra(x).float().mean(
        -1, keepdim=True
    )


@pytest.mark.parametrize("size", [0, 1e-6])
def test_a_cast_inside_hides_no_fault_and_is_none(size):
    modules = {"head": nn.Conv1d(2, 2, 1), "extra": nn.Conv1d(4, 2, 7)}
    model = Around(tied(out="2t"), cast_head, **modules)
    model.size = size
    report = check(model, outputs="2t", lengths=60, inference_only=True)
    assert report.passed == (size == 0), str(report)


class ByHand(nn.Module):
    """A convolution whose kernel is made of numbers that lie flat, as those of ``rczoo.nn`` do."""

    def __init__(self):
        super().__init__()
        self.numbers = nn.Parameter(torch.rand(200 * 50) - 0.5)

    def forward(self, x):
        kernel = self.numbers.view(1, 200, 50)
        return F.conv1d(x.repeat(1, 50, 1), (kernel + kernel.flip(1, 2)) / 2).tanh()


LONG_SUMS = {
    "few": (tied, 64),
    "stored": (lambda: nn.Sequential(Tied(DNA, "100r", 50), Tied("100r", "1r", 50)), 200 * 50),
    "flat": (ByHand, 200 * 50),
    "tied": (lambda: rczoo.nn.RCConv1d(DNA, "1r", 50), 200),
    "scripted": (lambda: torch.jit.script(nn.Conv1d(4, 2, 50)), 200),
    "recurrent": (
        lambda: Around(Through(lambda x: x.mT), lambda m, y, x: m.of(y)[0].mT, of=nn.GRU(4, 2)),
        64,
    ),
    "attention": (lambda: Through(lambda x: F.scaled_dot_product_attention(x.mT, x.mT, x.mT).mT), 120),
    "transposed": (lambda: nn.ConvTranspose1d(4, 2, 50), 4 * 50),
}
"""Models of a Rep of two channels, and how many products the longest sum in them has (64 at least)."""


def test_a_cast_inside_is_none_in_whatever_check_meets_it_first():
    modules = {"head": nn.Conv1d(2, 2, 1), "extra": nn.Conv1d(4, 2, 7)}
    model = Around(tied(out="2t"), cast_head, **modules)
    model.size = 0
    for name in ("unknown-bases", "lengths", "palindromes", "own-sequences"):
        report = check(model, outputs="2t", lengths=(60, 61), sequences=["ACGTTGCAACGT" * 5] * 9, only=[name])
        assert report[name].status == "passed", str(report)


@pytest.mark.filterwarnings("ignore:.torch.jit")
@pytest.mark.parametrize(("build", "terms"), LONG_SUMS.values(), ids=LONG_SUMS)
def test_a_tolerance_is_derived_from_the_longest_sum(build, terms):
    from rczoo.conformance.run import Run
    from rczoo.conformance.tested_model import describe

    run = Run(describe(build(), outputs="1r"), (120,))
    run.tested(run.tested.pair(run.codes())[0])
    assert run.tolerance(torch.float64) == pytest.approx((terms + 6.9) * 2**-52, rel=1e-3)


def test_a_norm_that_sums_many_positions_may_round_as_many_times():
    model = nn.Sequential(
        nn.Conv1d(4, 4, 3), nn.BatchNorm1d(4), nn.GELU(), nn.Conv1d(4, 2, 3), nn.BatchNorm1d(2)
    )
    both = rczoo.conjoin(model, outputs="1r")
    report = check(both, lengths=20_000, only=["float64-law", "train-mode"])
    assert report.passed, str(report)


def test_rounding_is_allowed_for_by_how_much_it_is_magnified_where_it_was_found():
    report = compare(2863).report  # a norm of channels that are nearly alike, at one position of one sequence
    assert report.passed, str(report)
    off, allowed = re.match("off by (.*) relative, allowed (.*?);", report["float64-law"].detail).groups()
    assert 5e-14 < float(off) < float(allowed) < 1e-12


# Harmful repairs


def test_a_repair_mends_the_declaration_where_that_is_the_fault():
    report = check(Conjoined(plain(4), DNA.act, Rep("2r").act), outputs="2r:halves", lengths=60)
    assert cause(report) == "layout"
    assert report.repair.startswith('declare outputs="2r"')
    reordered = Conjoined(plain(2), lambda x: x[:, [0, 1, 3, 2]].flip(1, 2)[:, [0, 1, 3, 2]], Rep("1r").act)
    report = check(reordered, outputs="1r", lengths=60)
    assert cause(report) == "base order"
    assert report.repair.startswith('declare inputs="2r:halves"')


def test_a_network_that_reads_both_ways_is_conjoined_as_declared_and_told_of_the_other_declaration():
    model = Around(plain(2), lambda m, y, x: y + m.model(x.flip(-1)).flip(-1))
    report = check(model, outputs="1r", lengths=60, quick=True)
    assert cause(report) == "not complemented"
    assert report.repair == (
        'rczoo.conjoin(model, outputs="1r")  # with outputs="2t" where there are no strands'
    )
    both = eval(report.repair, {"rczoo": rczoo, "model": model})
    assert check(both, outputs="1r", lengths=60, quick=True).passed


class Causal(nn.Module):
    """A language model of the next base, of token ids."""

    def __init__(self):
        super().__init__()
        self.table, self.read, self.head = nn.Embedding(8, 8), nn.GRU(8, 8, batch_first=True), nn.Linear(8, 8)

    def forward(self, input_ids):
        return {"logits": self.head(self.read(self.table(input_ids))[0])}


class CausalConvolution(nn.Module):
    """A language model of the next base, of one-hot bases."""

    def __init__(self):
        super().__init__()
        self.first, self.head = nn.Conv1d(4, 8, 5), nn.Conv1d(8, 4, 1)

    def forward(self, x):
        return self.head(torch.tanh(self.first(F.pad(x, (4, 0)))))


IDS = rczoo.tokens({0: 3, 1: 2, 2: 1, 3: 0}, unknown=4)
LOGITS = {"logits": rczoo.channels_last("[3,2,1,0,4,5,6,7]")}


@pytest.mark.parametrize(
    ("build", "inputs", "outputs"),
    [(Causal, {"input_ids": IDS}, LOGITS), (CausalConvolution, "dna", "2r:flip")],
)
def test_a_causal_model_is_not_conjoined_position_by_position(build, inputs, outputs):
    model = build()
    report = check(model, inputs, outputs, 40)
    assert cause(report) == "causal"
    assert report.repair.startswith("rczoo.conjoin(rczoo.SequenceLikelihood(model")
    both = eval(report.repair, {"rczoo": rczoo, "model": model})
    assert check(both, lengths=40, quick=True).passed


def test_a_model_of_what_came_before_is_causal_too():
    class Backwards(CausalConvolution):
        def forward(self, x):
            return super().forward(x.flip(2)).flip(2)

    report = check(Backwards(), outputs="2r:flip", lengths=40, quick=True)
    assert cause(report) == "causal"
    assert "what is right of it" in report.diagnoses[0].sentence
    assert report.repair is None


# Names of causes


FLIPS = [
    (lambda: Conjoined(plain(2), Rep("4t").act, Rep("2t").act), "1r", "not complemented"),
    (lambda: Conjoined(plain(2), lambda x: x.flip(0, 1), Rep("1r").act), "1r", "swapped axes"),
    (lambda: Conjoined(plain(2), lambda x: x.flip(0, 2), Rep("1r").act), "1r", "swapped axes"),
]


@pytest.mark.parametrize(("build", "outputs", "name"), FLIPS)
def test_wrong_flips_have_their_names(build, outputs, name):
    assert cause(check(build(), outputs=outputs, lengths=60)) == name


def test_two_wrong_actions_at_once_are_both_told():
    report = check(FLIPS[0][0](), outputs="1r", lengths=60)
    assert "without complementing it" in report.diagnoses[0].sentence
    assert "acts as 2t, not 1r" in report.diagnoses[0].sentence


def test_an_index_complement_has_its_name():
    class Flipped(nn.Module):
        """Five channels, of which the last is N, all reversed."""

        def __init__(self):
            super().__init__()
            self.net = nn.Conv1d(5, 2, 5)

        def forward(self, x):
            return self.net(x) + Rep("1r").act(self.net(x.flip(1, 2)))

    assert cause(check(Flipped(), "2r:flip+1t", "1r", 60)) == "index complement"


IDS = rczoo.tokens({0: 3, 1: 2, 2: 1, 3: 0}, unknown=4)


class Ids(nn.Module):
    """Labels of token ids, of which the complement is looked up."""

    def __init__(self, complement, reverses=True):
        super().__init__()
        self.embedding, self.net = nn.Embedding(8, 6), nn.Conv1d(6, 2, 5)
        self.complement, self.reverses = torch.tensor(complement), reverses

    def forward(self, ids):
        turned = self.complement[ids]
        both = (ids, turned.flip(1) if self.reverses else turned)
        return sum(self.net(self.embedding(each).mT).tanh().mean(-1) for each in both)


@pytest.mark.parametrize("reverses", [True, False])
def test_an_index_complement_of_a_whole_vocabulary_has_its_name(reverses):
    report = check(Ids(list(range(8))[::-1], reverses), IDS, "2t", 60, quick=True)
    assert cause(report) == "index complement"
    assert "7 - i, of a vocabulary of 8" in report.diagnoses[0].sentence
    assert ("reverse the positions too" in report.diagnoses[0].sentence) == (not reverses)
    assert report.repair is None


def test_another_order_of_bases_is_declared():
    adenine_thymine_first = [1, 0, 3, 2]
    model = Conjoined(plain(2), lambda x: x[:, adenine_thymine_first].flip(2), Rep("1r").act)
    report = check(model, outputs="1r", lengths=60, quick=True)
    assert cause(report) == "base order"
    assert report.repair.startswith('declare inputs="2r", if that is what it is meant to be')
    assert check(model, "2r", "1r", 60).passed
    report = check(Ids([1, 0, 3, 2, 4, 5, 6, 7]), {"ids": IDS}, "2t", 60, quick=True)
    assert "declare inputs={'ids': rczoo.tokens({0: 1, 1: 0, 2: 3, 3: 2}, unknown=4)}" in report.repair


def test_a_counterexample_is_no_sequence_of_one_base():
    report = check(profile_network(), outputs="1r", lengths=60, quick=True)
    assert re.fullmatch(r"A x 60 but [CGT] at \d+", report["float64-law"].counterexample.sequence)


def test_a_model_that_minds_no_order_is_not_said_to_reverse():
    model = nn.Sequential(nn.Conv1d(4, 3, 1), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten())
    assert cause(check(model, outputs="3t", lengths=60)) == "untied"


# Reach


class Found(NamedTuple):
    profile: torch.Tensor
    hidden: torch.Tensor | None


class Flagged(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x, head="mouse", return_dict=False):
        y = self.net(x)
        if head == "both":
            return Found(y, None)
        if head == "counted":
            return {"rows": torch.tensor(len(x)), "heads": (y, (y.sum((1, 2))[:, None], None))}
        return (
            {"human": {"profile": y if head == "human" else -1, "loss": None}} if return_dict else (y, None)
        )


def test_nested_outputs_none_among_them_and_flags():
    arguments = {"head": "human", "return_dict": True}
    for outputs, options in (
        ({"human": {"profile": "1r"}}, {"arguments": arguments}),
        ({"human": {"profile": "1r", "loss": None}}, {"arguments": arguments}),
        ({"heads": ("1r", ("1t", None))}, {"arguments": {"head": "counted"}}),
        (("1r", None), {"arguments": {"head": "both"}}),
        ("1r", {}),
        (("1r", None), {}),
    ):
        asked = {"lengths": 60, "quick": True, **options}
        assert check(Flagged(tied()), outputs=outputs, **asked).passed
        untied = Flagged(profile_network())
        report = check(untied, outputs=outputs, **asked)
        both = eval(report.repair, {"rczoo": rczoo, "model": untied}).eval()
        assert check(both, **asked).passed, report.repair
    counted = {"outputs": {"rows": None, "heads": ("1r", ("1t", None))}, "arguments": {"head": "counted"}}
    assert check(Flagged(tied()), lengths=60, quick=True, **counted).passed


@pytest.mark.filterwarnings("ignore:.torch.jit")
@pytest.mark.parametrize("make", [torch.jit.script, lambda net: torch.jit.trace(net, torch.rand(1, 4, 60))])
def test_scripted_and_traced_models_get_a_verdict(make):
    report = check(make(plain(2)), outputs="1r", lengths=60)
    assert cause(report) == "untied"
    assert report.repair == 'rczoo.conjoin(model, outputs="1r")'
    assert report.trouble == []


def test_a_lazy_model_is_told_what_to_do_and_a_coarse_one_no_wrong_cause():
    report = check(nn.Sequential(nn.LazyConv1d(2, 5)), outputs="1r", lengths=60)
    assert report["runs"].detail.startswith("its lazy layers have no sizes yet")

    class Coarse(nn.Module):
        """Rounds what it reads, in float32, so that a large tolerance is due."""

        def __init__(self):
            super().__init__()
            self.net = profile_network()

        def forward(self, x):
            return (self.net(x.float()) * 20).round() / 20

    assert cause(check(Coarse(), outputs="1r", lengths=60, quick=True)) == "untied"


def test_a_sequence_need_not_be_the_first_input():
    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = tied()

        def forward(self, mask, x):
            return self.net(x * mask[:, None])

    assert check(Masked(), ("positions", "dna"), "1r", 60).passed
    scale = Input(None, make=lambda codes, generator: torch.tensor(2.0))
    assert check(Masked(), {"mask": "positions", "x": "dna"}, "1r", 60, quick=True).passed
    assert scale.make is not None


# Cost


class Counted(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model, self.calls, self.largest = model, [], 0

    def forward(self, x):
        self.calls.append(tuple(x.shape))
        return self.model(x)

    def __deepcopy__(self, memo):
        import copy

        copied = Counted(copy.deepcopy(self.model, memo))
        copied.calls = self.calls
        return copied


@pytest.mark.parametrize("build", [tied, lambda: tied(nn.Dropout(0.2))])
@pytest.mark.parametrize(("quick", "most"), [(True, 12), (False, 40)])
def test_the_checks_keep_to_their_budget(build, quick, most):
    model = Counted(build())
    report = check(model, outputs="1r", quick=quick)
    assert len(model.calls) == report.forwards + report.explaining
    assert report.forwards <= most
    assert not [r for r in report.results if "budget" in r.detail], str(report)
    assert f"{report.forwards} forward passes" in str(report)


def test_the_budget_hides_no_fault():
    model = Counted(tied(nn.BatchNorm1d(12)))
    assert cause(check(model, outputs="1r", quick=True)) == "normalisation"


def test_long_sequences_come_one_or_two_at_a_time():
    model = Counted(tied())
    assert check(model, outputs="1r", lengths=8_192).passed
    assert max(batch * length for batch, _, length in model.calls) <= 2 * 8_193
    untied = Counted(profile_network())
    report = check(untied, outputs="1r", lengths=8_192, quick=True)
    assert report.repair == 'rczoo.conjoin(model, outputs="1r")'
    assert report.forwards + report.explaining <= 12


class Slow(nn.Module):
    """A model whose every pass takes as long as a clock says that does not run."""

    def __init__(self, clock, half=nullcontext):
        super().__init__()
        self.net, self.clock, self.half = profile_network(), clock, half

    def forward(self, x):
        self.clock[0] += 10.0
        with self.half():
            return self.net(x)

    def __deepcopy__(self, memo):
        return self


@pytest.fixture
def clock(monkeypatch):
    from rczoo.conformance.calls import meter

    now = [1000.0]
    for name in ("monotonic", "thread_time"):
        monkeypatch.setattr(meter.time, name, lambda: now[0])
    return now


@pytest.mark.parametrize("half", [nullcontext, lambda: torch.autocast("cpu", dtype=torch.bfloat16)])
def test_a_slow_model_is_explained_within_the_budget(clock, half):
    report = check(Slow(clock, half), outputs="1r", lengths=60, quick=True)
    assert cause(report) == "untied"
    assert report.forwards + report.explaining <= 12
    assert report.repair == 'rczoo.conjoin(model, outputs="1r")'


def test_the_best_answer_within_the_seconds_given(clock):
    started = clock[0]
    report = check(Slow(clock), outputs="1r", lengths=60, seconds=65)
    assert report["float64-law"].status == "failed"
    assert clock[0] - started <= 65


class Peak(TorchDispatchMode):
    """The most bytes of tensors that are alive at once, of those made inside it."""

    def __init__(self):
        super().__init__()
        self.alive, self.now, self.most = {}, 0, 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for y in tree_leaves(result):
            if isinstance(y, torch.Tensor):
                place, size = y.untyped_storage().data_ptr(), y.untyped_storage().nbytes()
                self.now += 0 if self.alive.get(place) else size
                self.alive[place], self.most = self.alive.get(place, 0) + 1, max(self.most, self.now)
                weakref.finalize(y, self.gone, place, size)
        return result

    def gone(self, place, size):
        self.alive[place] -= 1
        self.now -= 0 if self.alive[place] else size


@pytest.mark.parametrize(("layer", "passes"), [(nn.Conv1d, False), (Tied, True)])
def test_a_long_sequence_takes_twice_the_memory_of_one_pass(layer, passes):
    """In float64, which is twice as wide, or two rows in float32; answers and inputs are kept beside it."""
    first, out = ((DNA, "32r"), ("32r", "1r")) if passes else ((4, 64), (64, 2))
    model = nn.Sequential(layer(*first, 3), nn.Tanh(), layer(*(first[1:] * 2), 3), nn.Tanh(), layer(*out, 1))
    x = torch.zeros(1, 4, 4_200)
    with torch.no_grad(), Peak() as once:
        model(x)
    with Peak() as checked:
        report = check(model, outputs="1r", lengths=4_200, inference_only=True)
    assert report.passed == passes, str(report)
    assert checked.most <= 2.5 * once.most


# Padded batches


class Padded(nn.Module):
    """Positions from the left, bases up to the mask: not the same once padding goes first."""

    def __init__(self):
        super().__init__()
        self.first, self.where, self.head = (
            nn.Conv1d(4, 6, 3, padding=1),
            nn.Embedding(80, 6),
            nn.Linear(6, 2),
        )

    def forward(self, x, mask):
        h = self.first(x).transpose(1, 2) + self.where(torch.arange(x.shape[-1]))
        weights = (h.sum(-1) * mask).masked_fill(mask == 0, -1e9).softmax(-1)
        return self.head(torch.tanh(h)) * mask[..., None], self.head((weights[..., None] * h).sum(1))


class Particular(nn.Module):
    """Means over the rows' own lengths, of a mask of one kind of numbers."""

    def __init__(self, takes):
        super().__init__()
        self.net, self.takes = Tied(DNA, "1r", 1), takes

    def forward(self, x, mask):
        if not self.takes(mask):
            raise TypeError(f"not a mask of {mask.dtype}")
        return (self.net(x) * mask[:, None]).sum(-1) / mask.sum(1, keepdim=True)


KINDS = {
    "whole": lambda mask: mask.dtype == torch.int64,
    "truth": lambda mask: mask.dtype == torch.bool,
    "float": torch.is_floating_point,
}


@pytest.mark.parametrize("kind", KINDS)
def test_masks_are_drawn_in_numbers_that_a_model_takes(kind):
    report = check(Particular(KINDS[kind]), ("dna", "mask"), "1r", 40, quick=True)
    assert report.passed, str(report)


@pytest.mark.parametrize("spec", ["mask", "positions"])
def test_rows_of_unequal_lengths_are_drawn_where_an_input_says_them(spec):
    outputs = (rczoo.channels_last("1r"), "1r")
    both = rczoo.conjoin(Padded(), ("dna", spec), outputs)
    assert check(Padded(), ("dna", spec), outputs, 40, quick=True).repair is not None
    assert check(both, ("dna", spec), outputs, 40, quick=True).passed
    assert check(both, ("dna", "mask"), outputs, 40, quick=True).passed == (spec == "mask")


class Bert(nn.Module):
    """Tokens and where they are through attention that a mask, or a length for each row, keeps in the row."""

    def __init__(self, spec):
        super().__init__()
        self.spec = spec
        self.table, self.where = nn.Embedding(6, 8), nn.Embedding(40, 8)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.head, self.label = nn.Linear(8, 6), nn.Linear(8, 1)

    def forward(self, ids, row):
        where = torch.arange(ids.shape[1])
        inside = row.bool() if self.spec == "mask" else where < row[:, None]
        h = self.layer(self.table(ids) + self.where(where), src_key_padding_mask=~inside) * inside[..., None]
        return {"logits": self.head(h), "label": self.label(h.sum(1) / inside.sum(1, keepdim=True))}


@pytest.mark.parametrize("spec", ["mask", "lengths"])
def test_a_padded_transformer_is_seen_to_fail_and_conjoined_holds_in_each_row(spec):
    specs = {
        "inputs": {"ids": rczoo.tokens({0: 3, 1: 2, 2: 1, 3: 0}, unknown=4), "row": spec},
        "outputs": {"logits": rczoo.channels_last("[3,2,1,0,4,5]"), "label": "1t"},
    }
    model = Bert(spec).double()
    report = check(model, **specs, lengths=30, quick=True)
    assert cause(report) == "untied"
    assert f"'row': \"{spec}\"" in report.repair
    both = rczoo.conjoin(model, **specs).eval()
    assert check(both, lengths=30, quick=True).passed
    ids, ends = torch.randint(0, 4, (3, 30)), torch.tensor([30, 17, 9])
    inside = torch.arange(30) < ends[:, None]
    ids[~inside] = 5
    turned = ids.clone()
    for row, end in enumerate(ends):
        turned[row, :end] = 3 - ids[row, :end].flip(0)
    rows = inside.long() if spec == "mask" else ends
    with torch.no_grad():
        answer, other = both(ids, rows), both(turned, rows)
        torch.testing.assert_close(answer["label"], other["label"], rtol=1e-12, atol=1e-12)
        for row, end in enumerate(ends):
            bases = other["logits"][row, :end].flip(0)[:, [3, 2, 1, 0, 4, 5]]
            torch.testing.assert_close(answer["logits"][row, :end], bases, rtol=1e-12, atol=1e-12)
            alone = both(ids[row : row + 1, :end], rows[row : row + 1, :end] if spec == "mask" else end[None])
            torch.testing.assert_close(alone["label"][0], answer["label"][row], rtol=1e-9, atol=1e-9)
