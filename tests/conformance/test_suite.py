"""The suite catches every fault and names it, passes what is right, and never mistakes trouble for a pass."""

import json
import re

import numpy as np
import pytest
import torch
from torch import nn

import rczoo
from rczoo.conformance import Input
from rczoo.conformance.suite import check
from rczoo.nn.conjoined import conjoin
from rczoo.symmetry.actions import channels_last, tokens
from tests.studies.conformance.catalogue import PUBLISHED
from tests.studies.conformance.judging import compare
from tests.studies.conformance.published import try_one
from tests.support.faulty_models import FAULTY, FEATURES, ORDINARY, tied, uncopied


@pytest.fixture(scope="module")
def reports():
    """The report of each faulty model, made once."""
    made = {}
    for fault in FAULTY:
        torch.manual_seed(0)
        model = fault.build()
        made[fault.name] = check(model, fault.inputs, fault.outputs, fault.lengths, **fault.options)
    return made


@pytest.mark.parametrize("fault", FAULTY, ids=lambda f: f.name)
def test_every_fault_is_caught(fault, reports):
    assert not reports[fault.name].passed


def test_diagnosis_of_the_frozen_models_is_right_in_four_of_five(reports):
    named = {f.name: next((d.cause for d in reports[f.name].diagnoses), None) for f in FAULTY}
    misses = [f"{f.name}: {named[f.name]}, not {f.cause}" for f in FAULTY if named[f.name] != f.cause]
    print(f"diagnosis: {len(FAULTY) - len(misses)} of {len(FAULTY)}; misses: {misses}")
    assert len(FAULTY) >= 10
    assert len(misses) <= 0.2 * len(FAULTY), misses


def test_diagnoses_of_mended_models_are_verified(reports):
    assert all(d.verified for f in FAULTY for d in reports[f.name].diagnoses[:1])


def test_a_stride_is_explained_with_lengths_that_fit(reports):
    sentence = reports["strided_convolution"].diagnoses[0].sentence
    assert "(length 60 + 2 * padding 0 - 1 * (width 5 - 1) - 1) leaves 1 over stride 2" in sentence
    for length in map(int, re.search(r"that fit: ([\d, ]+)", sentence)[1].split(",")):
        assert (length - 5) % 2 == 0


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("untied_batch_norm", "BatchNorm1d '1'"),
        ("ceil_mode_pooling", "MaxPool1d '1'"),
        ("only_t_is_wrong", "Conv1d 'extra'"),
        ("dropout_masks_differ", "Dropout '1'"),
    ],
)
def test_the_first_broken_module_is_named(name, place, reports):
    assert reports[name].place == place


def test_a_failure_shrinks_to_a_minimal_counterexample(reports):
    found = reports["even_width_with_same_padding"]["float64-law"].counterexample
    assert re.fullmatch(r"A x 60 but [CGT] at \d+", found.sequence)
    assert found.output == "output"
    assert found.strand in ("+", "-")
    assert found.got != found.expected
    bases = reports["unknown_base_read_as_a"]["unknown-bases"].counterexample
    assert re.fullmatch(r"A x 60 but N at \d+", bases.sequence)


class OneStrand(nn.Module):
    """The first strand's answers alone count a base."""

    def __init__(self, base, rep):
        super().__init__()
        self.base = base
        self.register_buffer("first", torch.tensor([c < p for c, p in enumerate(rep.partners)]).float())

    def forward(self, x):
        return x[:, self.base].sum(1, keepdim=True) * self.first


@pytest.mark.parametrize(("base", "strand"), [(0, "-"), (3, "+")])
@pytest.mark.parametrize("rep", ["2r", "2r:halves", "2r:flip"])
def test_a_counterexample_names_the_strand(rep, base, strand):
    """It is nearly all As: where As are counted the other strand is wrong, where Ts are the first."""
    model = OneStrand(base, rczoo.Rep(rep))
    found = check(model, "2r:flip", rep, [60])["float64-law"].counterexample
    assert found.strand == strand == "-+"[int(model.first[found.channel])]


@pytest.mark.parametrize(("build", "outputs"), ORDINARY, ids=lambda x: getattr(x, "__name__", ""))
def test_ordinary_models_fail_and_conjoined_pass(build, outputs):
    torch.manual_seed(0)
    model = build()
    report = check(model, outputs=outputs, lengths=(60, 61))
    assert not report.passed
    assert report.diagnoses[0].cause == "untied"
    repaired = eval(report.repair, {"rczoo": rczoo, "model": model})
    again = check(repaired, lengths=(60, 61))
    assert again.passed, str(again)
    assert again.ran >= 13


OURS = [
    ("motif-cnn", {"strategy": s, "filters": 4, "length": 80, "outputs": 3})
    for s in ("rcps", "conjoined", "conjoined-max")
]
OURS += [
    ("tf-cnn", {"strategy": s, "filters": 4, "length": 101})
    for s in ("rcps", "rcps-half", "rcps-mean", "conjoined", "conjoined-max")
]
OURS += [("tf-cnn", {"mixing": (0.5, 0.25), "filters": 4, "length": 101})]
OURS += [
    ("bpnet", {"strategy": s, "filters": 4, "length": 400, **more})
    for s in ("rcps", "conjoined")
    for more in ({}, {"control": "2t"}, {"count_head": False})
]


@pytest.mark.parametrize(("architecture", "options"), OURS, ids=str)
def test_every_model_of_ours_passes(architecture, options):
    torch.manual_seed(0)
    report = check(rczoo.build(architecture, **options))
    assert report.passed, str(report)
    assert report.ran >= 13


def test_our_one_strand_networks_fail_and_conjoined_pass():
    model = rczoo.build("tf-cnn", strategy="standard", filters=4, length=101)
    assert not check(model, quick=True).passed
    assert check(conjoin(model), lengths=101, quick=True).passed


# Inputs, layouts and structures


def test_channels_last_tokens_masks_and_encoders():
    class Last(nn.Module):
        def forward(self, x):
            return net(x.transpose(1, 2)).transpose(1, 2)

    class Embedded(nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.net = nn.Embedding(10, 6), nn.Conv1d(6, 1, 5)

        def forward(self, ids, mask):
            return {"score": self.net(self.table(ids).transpose(1, 2) * mask[:, None]).mean(-1)}

    net = tied()
    ids = tokens({4: 7, 5: 6, 6: 5, 7: 4}, unknown=8)
    specs = {"ids": ids, "mask": "positions"}
    for report in (
        check(Last(), channels_last("dna"), channels_last("1r"), 60),
        check(Last(), "dna", "1r", 60, layout="NLC"),
        check(conjoin(Embedded(), specs, {"score": "1t"}), lengths=60),
    ):
        assert report.passed, str(report)
    assert not check(Embedded(), specs, {"score": "1t"}, 60).passed
    assert not check(Last(), channels_last("dna"), channels_last("2t"), 60).passed


def test_encode_stands_for_a_tokeniser_without_a_complement_map():
    def encode(strings):
        words = [[hash3(s[i : i + 3]) for i in range(0, len(s) - 2, 3)] for s in strings]
        return {"ids": torch.tensor(words)}

    def hash3(word):
        return sum("ACGTN".index(c) * 5**n for n, c in enumerate(word))

    class Counts(nn.Module):
        """Reads k-mers; ``tied`` gives a k-mer and its reverse complement one value."""

        def __init__(self, tied):
            super().__init__()
            self.table = nn.Embedding(125, 3)
            if tied:
                for n in range(125):
                    word = "".join("ACGTN"[n // 5**i % 5] for i in range(3))
                    partner = hash3(rczoo.reverse_complement(word))
                    self.table.weight.data[max(n, partner)] = self.table.weight.data[min(n, partner)]
            self.tied = tied

        def forward(self, ids):
            return self.table(ids).mean(1)

    assert not check(Counts(tied=False), outputs="3t", lengths=60, encode=encode).passed
    report = check(Counts(tied=True), outputs="3t", lengths=60, encode=encode, inference_only=True)
    assert report.passed, str(report)
    trained = check(Counts(tied=True), outputs="3t", lengths=60, encode=encode)
    assert trained["trained-state"].status == "failed"


def test_an_input_of_its_own_making_and_one_left_alone():
    class Typed(nn.Module):
        def __init__(self):
            super().__init__()
            self.net, self.cell = tied(), nn.Embedding(5, 1)

        def forward(self, x, cell):
            return self.net(x) + self.cell(cell)[:, :, None]

    cell = Input(None, make=lambda codes, generator: torch.arange(len(codes)) % 5)
    assert check(Typed(), ("dna", cell), "1r", 60).passed
    report = check(Typed(), ("dna", None), "1r", 60)
    assert not report.passed
    assert "cannot draw an input" in report["runs"].detail


# Trouble is never a pass


class Trouble(nn.Module):
    def __init__(self, forward):
        super().__init__()
        self.net, self.does, self.calls = tied(), forward, 0

    def forward(self, x):
        self.calls += 1
        return self.does(self, x)


def _raises(self, x):
    raise KeyError("embedding")


def _needs_a_gpu(self, x):
    raise RuntimeError("Found no NVIDIA driver on your system")


@pytest.mark.parametrize(
    ("forward", "outputs", "verdict"),
    [
        (_raises, "1r", "KeyError: 'embedding'"),
        (lambda m, x: m.net(x) * float("nan"), "1r", "NaN or infinite"),
        (lambda m, x: m.net(x)[..., : 20 - m.calls % 2], "1r", "changes shape between calls"),
        (_needs_a_gpu, "1r", "needs a GPU"),
        (lambda m, x: m.net(x), "3t", "acts on 3 channels, got 2"),
        (lambda m, x: m.net(x), ("1r", "1t"), "returns 2 outputs, 2 declared" if False else "1 outputs, 2"),
        (lambda m, x: [m.net(x), 3], ("1r", "1t"), "outputs are tensors"),
        (lambda m, x: m.net(x[:1]), "1r", "for a batch of 3"),
        (lambda m, x: {"a": m.net(x)}, {"b": "1r"}, "no output 'b'"),
    ],
)
def test_a_model_in_trouble_gets_a_verdict(forward, outputs, verdict):
    report = check(Trouble(forward), outputs=outputs, lengths=60)
    assert not report.passed
    assert report["runs"].status == "failed"
    assert verdict in report["runs"].detail
    assert report.ran == 1
    assert "Traceback" not in str(report)


@pytest.mark.parametrize(
    ("model", "outputs", "verdict"),
    [
        (tied(), None, "say how RC acts on the outputs"),
        (tied(), "2q", "cannot read '2q'"),
        (lambda x: x, "1r", "torch.nn.Module is needed, got function"),
        (uncopied(), "1r", "cannot be copied, as every check needs: RuntimeError: Only Tensors created"),
    ],
)
def test_what_cannot_be_described_fails(model, outputs, verdict):
    report = check(model, outputs=outputs)
    assert not report.passed
    assert verdict in report["runs"].detail
    assert report["runs"].sentence.endswith(".")


@pytest.mark.parametrize("only", [["runs"], ["deterministic", "outputs-vary"], ["gradients", "locality"]])
def test_a_report_in_which_no_law_was_tried_has_not_passed(only):
    report = check(tied(), outputs="1r", lengths=60, only=only)
    assert not report.passed
    assert "NO LAW WAS TRIED" in report.verdict
    assert check(tied(), outputs="1r", lengths=60, only=[*only, "lengths"]).passed


def test_a_result_that_a_report_lacks_is_named_with_those_it_has():
    report = check(tied(), outputs="1r", lengths=60, only=["runs", "lengths"])
    with pytest.raises(KeyError, match="no result of 'dropout': this report has runs, lengths"):
        report["dropout"]


class NoDouble(nn.Sequential):
    """As on a device that has no float64."""

    def to(self, device, dtype):
        if dtype == torch.float64:
            raise TypeError("no float64 here")
        return super().to(device=device, dtype=dtype)


def test_a_model_without_float64_is_checked_in_float32():
    report = check(NoDouble(tied()), outputs="1r", lengths=60)
    assert report.passed, str(report)
    reason = "cannot be copied, as every check needs: TypeError: no float64 here"
    assert f"(in float32, where smaller faults are not seen: {reason})" in str(report)


def test_expected_failures_are_strict():
    model = tied(nn.Dropout(0.3))
    assert not check(model, outputs="1r", lengths=60).passed
    excused = check(model, outputs="1r", lengths=60, expect_fail={"dropout": "ordinary dropout"})
    assert excused.passed
    assert "ordinary dropout" in str(excused)
    wrong = check(tied(), outputs="1r", lengths=60, expect_fail={"float64-law": "no reason"})
    assert not wrong.passed
    assert "drop the expectation" in str(wrong)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"expect_fail": {"nope": "x"}}, "no check named 'nope'"),
        ({"only": ["nope"]}, "no check named 'nope'"),
        ({"layout": "LNC"}, "no layout 'LNC'"),
        ({"lengths": (0,)}, "lengths must be 1 or more"),
        ({"device": "gpu"}, "unknown device 'gpu': choose cpu, cuda or auto"),
    ],
)
def test_usage_errors(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        check(tied(), outputs="1r", **options)


# What is right although it looks odd


def test_odd_but_right_models_pass():
    class Float32Inside(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = tied()

        def forward(self, x):
            return self.net(x).float().softmax(-1).to(x.dtype)

    class Large(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = tied()

        def forward(self, x):
            return self.net(x) + 1e4

    dead_filter = tied()
    dead_filter[0].weight.data[:2] = 0
    for model in (Float32Inside(), Large(), dead_filter):
        report = check(model, outputs="1r", lengths=60)
        assert report.passed, str(report)


@pytest.mark.filterwarnings("ignore")  # of torch, on kernels that pad one end more than the other
@pytest.mark.parametrize("first", range(0, 300, 75))
def test_random_models_give_no_alarm_and_no_miss(first):
    outcomes = [compare(seed) for seed in range(first, first + 75)]
    assert [(o.seed, o.wrong) for o in outcomes if o.wrong] == []
    assert 25 <= sum(o.truth == "obeys" for o in outcomes) <= 60


@pytest.mark.parametrize("seed", [2453, 2999, 1633, 5831])
def test_models_that_once_passed_fail(seed):
    """A counter as small as float32 rounds; scales alike until trained; slopes that no batch reaches."""
    outcome = compare(seed)
    assert (outcome.wrong, outcome.report.passed) == ("", False)


@pytest.mark.filterwarnings("ignore")  # of torch, on lazy layers
def test_a_published_model_is_judged_and_repaired_as_arithmetic_says():
    rows = {entry.name: try_one(entry) for entry in PUBLISHED if entry.name in ("Borzoi", "Caduceus-PS")}
    assert [(row.wrong, row.report.passed) for row in rows.values()] == [("", False), ("", True)]
    assert rows["Borzoi"].off > 0.01
    assert rows["Borzoi"].repaired < 1e-12


# Reports


def test_reports_as_json_and_html(reports):
    for report in reports.values():
        told = json.loads(report.to_json())
        assert told["passed"] is False
        assert len(told["checks"]) == 18
        page = report.to_html()
        assert page.count("<tr>") == 19
        assert "<lambda>" not in page


def test_every_check_is_a_sentence():
    for result in check(tied(), outputs="1r", lengths=60).results:
        assert result.sentence.endswith(".")
        assert result.sentence[0].isupper()


def test_a_feature_map_of_signs_and_pairs_is_matched():
    from rczoo.conformance.diagnosis.features import corresponds, signed_permutation

    rep = FEATURES + 2 * rczoo.symmetry.SIGN
    x = torch.tensor(np.random.default_rng(0).normal(size=(2, rep.channels, 9)))
    assert corresponds([x], [rep.act(x)], 1e-12)
    assert not corresponds([x], [rep.act(x) + 1e-6], 1e-9)
    rows = x.flip(-1).movedim(1, 0).flatten(1)
    found = signed_permutation(rows, rep.act(x).movedim(1, 0).flatten(1), 1e-12)
    assert found == (list(rep.partners), list(rep.signs))
