"""Diagnoses of single causes, and the repair call: what is printed, typed in, works."""

import pytest
import torch
from torch import nn

import rczoo
from rczoo.conformance.diagnosis import causes
from rczoo.conformance.diagnosis.interventions import neutral_norms, no_dropout
from rczoo.conformance.results import Diagnosis, failed
from rczoo.conformance.suite import check
from tests.support.faulty_models import DNA, Conjoined, plain, profile_and_counts, profile_network, tied


class Embedded(nn.Module):
    """Token ids with a class token before and a separator after them, as (batch, 1)."""

    def __init__(self):
        super().__init__()
        self.table, self.head = nn.Embedding(10, 6), nn.Linear(6, 1)
        self.read = nn.GRU(6, 6, batch_first=True)

    def forward(self, ids):
        return self.head(self.read(self.table(ids))[0][:, -1])


IDS = rczoo.tokens({5: 8, 8: 5, 6: 7, 7: 6}, keep=(1, 1), unknown=9)


def framed(codes, generator):
    return nn.functional.pad(nn.functional.pad(IDS.ids(codes), (1, 0), value=1), (0, 1), value=2)


class Returning(nn.Module):
    """A profile network with its answer in another structure."""

    def __init__(self, structure):
        super().__init__()
        self.net, self.structure = plain(2), structure

    def forward(self, x):
        return self.structure(self.net(x))


def as_pair(y):
    return {"profile": y, "counts": y.mean((1, 2))[:, None]}


class Last(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = plain(2)

    def forward(self, x, mask):
        return self.net(x.transpose(1, 2) * mask[:, None]).transpose(1, 2)


class Declared(nn.Module):
    """Declares another input than the one it is given."""

    rep_in = "4t"

    def __init__(self):
        super().__init__()
        self.net = plain(2)

    def forward(self, x):
        return self.net(x)


REPAIRS = [
    (profile_network, "dna", "1r", "NCL", 'outputs="1r"'),
    (profile_and_counts, "dna", ("1r", "1t"), "NCL", 'outputs=("1r", "1t")'),
    (lambda: Returning(lambda y: (y,)), "dna", "1r", "NCL", 'outputs=("1r",)'),
    (
        lambda: Returning(as_pair),
        "dna",
        {"profile": "1r", "counts": "1t"},
        "NCL",
        "outputs={'profile': \"1r\", 'counts': \"1t\"}",
    ),
    (lambda: Returning(as_pair), "dna", {"profile": "1r"}, "NCL", "outputs={'profile': \"1r\"}"),
    (
        Embedded,
        rczoo.Input(IDS, framed),
        "1t",
        "NCL",
        'inputs=rczoo.tokens({5: 8, 8: 5, 6: 7, 7: 6}, keep=(1, 1), unknown=9), outputs="1t"',
    ),
    (
        Last,
        ("dna", "positions"),
        "1r",
        "NLC",
        'inputs=(rczoo.channels_last("dna"), "positions"), outputs=rczoo.channels_last("1r")',
    ),
    (
        Last,
        {"mask": "positions", "x": rczoo.channels_last("dna")},
        rczoo.channels_last("1r"),
        "NCL",
        "inputs={'mask': \"positions\", 'x': rczoo.channels_last(\"dna\")}, "
        'outputs=rczoo.channels_last("1r")',
    ),
    (Declared, "dna", "1r", "NCL", 'inputs="dna", outputs="1r"'),
]


@pytest.mark.parametrize(("build", "inputs", "outputs", "layout", "specs"), REPAIRS)
def test_the_repair_is_the_call_as_it_must_be_typed(build, inputs, outputs, layout, specs):
    torch.manual_seed(0)
    model = build()
    report = check(model, inputs, outputs, 30, layout, only=["runs", "float64-law"])
    assert not report.passed
    assert report.repair == f"rczoo.conjoin(model, {specs})"
    repaired = eval(report.repair, {"rczoo": rczoo, "model": model})
    assert check(repaired, inputs, outputs, 30, layout, quick=True).passed


# Dropout


class Inside(nn.Module):
    """Attention and two recurrent layers whose dropout is no module of its own."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(4, 2, dropout=0.4, batch_first=True)
        self.recurrent = nn.GRU(4, 6, num_layers=2, dropout=0.4, batch_first=True)
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        h = x.transpose(1, 2)
        return self.head(self.recurrent(self.attention(h, h, h)[0])[0]).transpose(1, 2)


def attended(x):
    h = x.transpose(1, 2)
    return nn.functional.scaled_dot_product_attention(h, h, h, None, 0.4).transpose(1, 2)


def test_dropout_inside_attention_and_recurrences_is_told_apart_from_the_law():
    torch.manual_seed(0)
    report = check(Conjoined(Inside(), DNA.act, rczoo.Rep("1r").act), outputs="1r", lengths=20)
    assert report["train-mode"].status == "passed"
    assert report["dropout"].status == "failed"
    assert [d.cause for d in report.diagnoses] == ["dropout"]
    assert report.diagnoses[0].verified


@pytest.mark.parametrize("call", [Inside(), attended, nn.Dropout(0.3)])
def test_without_dropout_a_model_repeats_itself_and_is_given_back(call):
    model, x = nn.ModuleList([call] if isinstance(call, nn.Module) else []).train(), torch.rand(2, 4, 9)
    with no_dropout(model):
        assert torch.equal(call(x), call(x))
    assert not torch.equal(call(x), call(x))


# Normalisation


def test_a_parameter_that_two_norms_share_is_given_back():
    first, second = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    second.weight = first.weight
    first.weight.data.copy_(torch.tensor([1.0, 2.0, 6.0]))
    with neutral_norms(nn.ModuleList([first, second])):
        assert first.weight.tolist() == [3, 3, 3]
    assert first.weight.tolist() == [1, 2, 6]


# Drawing


@pytest.mark.parametrize(
    ("spec", "words"),
    [(None, "None"), (framed, "framed"), (lambda x: x, "...")],
    ids=["none", "named", "lambda"],
)
def test_an_input_that_cannot_be_drawn_is_shown_as_typed(spec, words):
    report = check(Last(), ("dna", spec), "1r", 30)
    assert f"cannot draw an input for {words}: give rczoo.Input({words}, make=...)" in report["runs"].detail


def test_an_input_without_a_batch_axis_is_one_for_all():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = tied()

        def forward(self, x, scale):
            return self.net(x) * scale

    scale = rczoo.Input(None, make=lambda codes, generator: torch.tensor(2.0))
    for inputs in (("dna", scale), {"x": "dna", "scale": scale}):
        report = check(Scaled(), inputs, "1r", 30, only=["float64-law", "batch-independence"])
        assert report.passed, str(report)


def test_a_cause_is_told_once_and_one_fault_under_one_name(monkeypatch):
    monkeypatch.setattr(causes, "_one", lambda run, result, repair: Diagnosis(result.cause, result.name))
    results = [
        failed("", name="first", cause="length not reversed"),
        failed("", name="second", cause="non-local"),
        failed("", name="third", cause="length not reversed"),
    ]
    assert [(d.cause, d.sentence) for d in causes.diagnose(None, results)] == [
        ("length not reversed", "first")
    ]
    assert [d.cause for d in causes.diagnose(None, results[1:2])] == ["non-local"]
