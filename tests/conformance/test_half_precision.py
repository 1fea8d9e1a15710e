"""Half precision inside a model: no fault of equivariance, no cover for one, and named in the report."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

import rczoo
from rczoo.conformance.calls.meter import Seen, Watch
from rczoo.conformance.calls.precision import KeepPrecision, KeepPrecisionWithin, Kept
from rczoo.conformance.suite import check
from tests.studies.conformance.catalogue import PUBLISHED
from tests.studies.conformance.published import ready
from tests.support.faulty_models import DNA, Through, Tied, tied, variance_that_cancels

BF16, FP16 = torch.bfloat16, torch.float16
LOW = torch.ones(3, dtype=BF16)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


class TiedLow(Tied):
    """A tied convolution in half precision."""

    def __init__(self, *shape, low):
        super().__init__(*shape)
        self.low = low

    def forward(self, x):
        weight, bias = (p.to(self.low) for p in self.kernel())
        return F.conv1d(x.to(self.low), weight, bias).to(x.dtype)


def in_half(low):
    between = (nn.Tanh(), TiedLow("48r", "48r", 9, low=low), nn.Tanh(), Tied("48r", "1r", 5))
    return nn.Sequential(TiedLow(DNA, "48r", 15, low=low), *between)


class Inside(nn.Module):
    """Features of a tied convolution, off by ``fault`` from being so, and what a function makes of them.

    All of it is plain enough to be scripted: 4 channels in and 2 out turn with the length.
    """

    def __init__(self, low, fault=0.0):
        super().__init__()
        self.low, self.fault = low, fault
        self.weight = nn.Parameter(torch.randn(2, 4, 5) / 3)
        self.other = nn.Parameter(torch.randn(2, 4, 5) / 3)

    def features(self, x):
        return F.conv1d(x, (self.weight + self.weight.flip([0, 1, 2])) / 2 + self.fault * self.other)


class To(Inside):
    def forward(self, x):
        return self.features(x).to(self.low).tanh().to(x.dtype)


class ByName(Inside):
    def forward(self, x):
        h = self.features(x)
        return (h.half() if self.low == FP16 else h.bfloat16()).tanh().type_as(x)


class Answers(Inside):
    """Whose answer stays in half precision."""

    def forward(self, x):
        return self.features(x).softmax(1, self.low)


class Constants(Inside):
    """Numbers made in half precision, by each way of asking for it, and sums in it."""

    def forward(self, x):
        h = self.features(x)
        scale = torch.tensor([0.3, 0.3], dtype=self.low)[:, None] * torch.ones(1, dtype=self.low)
        return (h.to(scale) * scale).cumsum(-1, dtype=self.low)[..., -1:].to(x) + h.type(self.low)


class Autocast(Inside):
    def forward(self, x):
        with torch.autocast("cpu", dtype=self.low):
            return self.features(x)


class KeptInHalf(Inside):
    """The weights of its head are kept in half precision, and what they meet is cast."""

    def __init__(self, low, fault=0.0):
        super().__init__(low, fault)
        self.head = Tied("1r", "1r", 3).to(low)

    def forward(self, x):
        return self.head(self.features(x).to(self.low)).to(x.dtype)


class Scripted(Inside):
    def forward(self, x):
        h = F.conv1d(x, (self.weight + self.weight.flip([0, 1, 2])) / 2 + self.fault * self.other)
        return h.to(self.low).tanh().to(x.dtype)


def scripted(low, fault=0.0):
    return torch.jit.script(Scripted(low, fault))


MODELS = [To, ByName, Answers, Constants, Autocast, KeptInHalf, scripted]
each_model = pytest.mark.parametrize("build", MODELS, ids=lambda m: m.__name__)
each_type = pytest.mark.parametrize("low", [BF16, FP16], ids=["bfloat16", "float16"])
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit")


@each_type
@each_model
@pytest.mark.parametrize("quick", [True, False])
def test_half_precision_inside_passes_and_is_noted(build, low, quick):
    report = check(build(low), outputs="1r", lengths=60, quick=quick)
    assert report.passed, str(report)
    name = str(low).removeprefix("torch.")
    assert any(name in note for note in report.notes), str(report)
    assert f"\nNote\n  {report.notes[0]}" in str(report)
    assert "allowed 2e-14" in report["float64-law"].detail


@each_type
def test_what_rounding_does_is_told_beside_what_it_hides(low):
    report = check(in_half(low), outputs="1r", lengths=60)
    assert report.passed, str(report)
    name = str(low).removeprefix("torch.")
    words = f"computes in {name} inside: the two strands' answers differ by rounding, up to "
    assert report.notes[0].startswith(words)
    assert report.notes[0].endswith(" relative; exact in float64")
    size = "2" if low == BF16 else "1"  # 2 n u / (1 - n u) of sums of 96 channels by 9, at most 2
    assert report["float32-law"].detail.endswith(f"{name}: faults below {size} cannot be seen in float32")
    assert report.as_dict()["notes"] == report.notes
    assert f"<h2>Note</h2><p>computes in {name} inside" in report.to_html()
    assert float(report["float64-law"].detail.split()[2]) < 1e-13


@pytest.mark.parametrize("quick", [True, False])
def test_it_takes_no_more_passes(quick):
    casts = (lambda h: h, lambda h: h.half().tanh().float(), lambda h: h.to(BF16).type_as(h), under_autocast)
    models = [nn.Sequential(tied(), Through(cast)) for cast in casts]
    reports = [check(model, outputs="1r", lengths=60, quick=quick) for model in models]
    assert [r.passed for r in reports] == [True] * 4
    assert len({(r.forwards, r.explaining) for r in reports}) == 1


def under_autocast(h):
    with torch.autocast("cpu", dtype=BF16):
        return F.conv1d(h, torch.ones(2, 2, 1, dtype=h.dtype))


class Recomputed(Inside):
    """Which computes a part of itself again on the way back."""

    def forward(self, x):
        def part(h):
            return h.to(self.low).tanh().to(h.dtype)

        return checkpoint(part, self.features(x), use_reentrant=False)


DROPOUT = {"dropout": "each strand has a mask of its own"}


class RecomputedDropout(Inside):
    def forward(self, x):
        return checkpoint(nn.Dropout(0.5).train(self.training), self.features(x), use_reentrant=False)


@pytest.mark.parametrize("build", [Recomputed, RecomputedDropout])
def test_what_is_computed_again_on_the_way_back_is_computed_alike(build):
    report = check(build(BF16), outputs="1r", lengths=60, expect_fail=DROPOUT if build != Recomputed else {})
    assert report.passed, str(report)
    passed = ("train-mode", "trained-state", "gradients")
    assert [report[name].status for name in passed] == ["passed"] * 3


class TruncatesBytes(Inside):
    """Leaves half of the bytes of float32 out, which is no cast."""

    def forward(self, x):
        return (self.features(x).float().view(torch.int32) & -65536).view(torch.float32).to(x.dtype)


def test_bytes_that_are_read_as_another_type_are_judged_as_they_are():
    report = check(TruncatesBytes(BF16), outputs="1r", lengths=60, only=["float64-law"])
    assert "the bytes of float32 are read as another type" in str(report)
    assert (report["float64-law"].error or 0) < 0.02


@each_type
@each_model
@pytest.mark.parametrize("fault", [1.0, 1e-6])
def test_half_precision_hides_no_fault(build, low, fault):
    report = check(build(low, fault), outputs="1r", lengths=60, inference_only=True)
    assert not report.passed
    assert report["float64-law"].status == "failed"
    assert report.diagnoses[0].cause == "untied", str(report)
    assert not [note for note in report.notes if "exact" in note]


def test_an_untied_network_under_autocast_is_conjoined():
    class Under(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(nn.Conv1d(4, 8, 7), nn.GELU(), nn.Conv1d(8, 2, 1))

        def forward(self, x):
            with torch.autocast("cpu", dtype=BF16):
                return self.net(x)

    report = check(Under(), outputs="1r", lengths=60)
    assert report.diagnoses[0].cause == "untied"
    assert report.repair == 'rczoo.conjoin(model, outputs="1r")'
    assert check(rczoo.conjoin(Under(), outputs="1r"), outputs="1r", lengths=60).passed


class Halved(nn.Module):
    """A model under autocast, whose every layer's answer goes through half precision besides."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        for layer in model.modules():
            if not list(layer.children()):
                layer.register_forward_hook(
                    lambda m, x, y: y.to(BF16).to(y.dtype) if torch.is_tensor(y) else y
                )

    @staticmethod
    def rounded(layer, given, answer):
        return answer.to(BF16).to(answer.dtype) if torch.is_tensor(answer) else answer

    def forward(self, *args, **kwargs):
        with torch.autocast("cpu", dtype=BF16):
            return self.model(*args, **kwargs)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Caduceus-PS", None),
        ("FactorNet", None),
        ("Borzoi", "untied"),
        ("HyenaDNA", "causal"),
        ("Evo", "causal"),
    ],
)
def test_published_models_get_the_same_verdict_in_half_precision(name, found):
    entry = next(entry for entry in PUBLISHED if entry.name == name)
    report = check(Halved(ready(entry)), **entry.options, quick=True)
    assert report.passed == (found is None), str(report)
    assert [d.cause for d in report.diagnoses[:1]] == [found] * (found is not None)
    assert report.forwards <= 12


# What cannot be made float64


def kernel(low, terms=1):
    """An operation that takes one type alone, as kernels of a GPU do."""

    def call(h):
        if h.dtype != low:
            raise RuntimeError(f"the kernel takes {low}")
        return h.tanh()

    return call


class Refusing(Inside):
    def __init__(self, low, fault=0.0, width=1):
        super().__init__(low, fault)
        self.kernel, self.wide = kernel(low), Tied("1r", "1r", width)

    def forward(self, x):
        return self.kernel(self.wide(self.features(x)).to(self.low)).to(x.dtype)


@each_type
def test_what_a_kernel_refuses_is_judged_by_its_rounding_and_says_so(low):
    name, size = str(low).removeprefix("torch."), "0.8" if low == BF16 else "0.07"
    for quick in (True, False):
        report = check(Refusing(low), outputs="1r", lengths=60, quick=quick)
        assert report.passed, str(report)
        words = f"computes in {name}: faults below {size} cannot be seen in float64; every word"
        assert words in report["float64-law"].detail
        assert f"(no float64 there: RuntimeError: the kernel takes {low})" in report["float64-law"].detail
        assert report.notes[0].endswith(f"; faults below {size} cannot be seen")
        assert report.forwards <= (12 if quick else 40)
    report = check(Refusing(low, 5.0), outputs="1r", lengths=60)
    assert report.diagnoses[0].cause == "untied"


def test_where_rounding_hides_every_fault_no_law_is_tried():
    report = check(Refusing(BF16, width=65), outputs="1r", lengths=100)
    assert not report.passed
    assert "NO LAW WAS TRIED" in report.verdict
    assert "of sums of 137 terms no fault could be seen" in report["float64-law"].detail
    assert report["lengths"].detail == "no fault could be seen"


class NoDouble(nn.Module):
    """As on a device that has no float64."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def to(self, device, dtype):
        if dtype == torch.float64:
            raise TypeError("no float64 here")
        return super().to(device=device, dtype=dtype)

    def forward(self, x):
        return self.model(x)


@pytest.mark.parametrize("build", [To, Autocast, scripted])
def test_without_float64_the_law_is_judged_in_float32(build):
    report = check(NoDouble(build(BF16)), outputs="1r", lengths=60)
    assert report.passed, str(report)
    assert "allowed 8e-06" in report["float64-law"].detail
    assert report.notes[0].endswith("exact in float32")
    assert not check(NoDouble(build(BF16, 1e-3)), outputs="1r", lengths=60).passed


def test_an_answer_that_varies_by_half_roundings_alone_is_constant():
    model = Through(lambda x: x[:, :1].cumsum(-1).softmax(-1).bfloat16().sum(-1).to(x.dtype))
    assert check(model, outputs="1t", lengths=60)["outputs-vary"].status == "failed"


class Fused(Inside):
    """In half precision or not, its strands swapped or not."""

    swapped = False

    def forward(self, x):
        h = self.features(x)
        h = h.tanh() if self.low is None else h.to(self.low).tanh().to(x.dtype)
        return h.flip(1) if self.swapped else h


@pytest.mark.parametrize(("low", "other"), [(BF16, None), (None, BF16), (FP16, BF16)])
def test_a_fused_path_may_compute_in_half_precision_and_hides_no_swap(low, other):
    model, reference = Fused(low), Fused(other)
    reference.load_state_dict(model.state_dict())
    report = check(model, outputs="1r", lengths=60, reference=reference, quick=True)
    assert report.passed, str(report)
    model.swapped = True
    report = check(model, outputs="1r", lengths=60, reference=reference, quick=True)
    assert [r.name for r in report.results if r.status == "failed"] == ["fused-path"]


class ReadsItsBatch(Inside):
    def forward(self, x):
        return (self.features(x) - 0.1 * x.mean((0, 1, 2)) * len(x)).to(self.low).to(x.dtype)


@each_type
def test_half_precision_hides_no_batch(low):
    report = check(ReadsItsBatch(low), outputs="1r", lengths=60)
    assert report["batch-independence"].status == "failed", str(report)
    assert report.diagnoses[0].cause == "batch"


class Moves(Inside):
    """Its counter or chance moves answers by less than half precision rounds."""

    def __init__(self, low, by):
        super().__init__(low)
        self.by = by
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        nudge = self.calls.add_(1) if self.by == "state" else torch.rand(())
        return (self.features(x) * (1 + 1e-7 * nudge)).to(self.low).to(x.dtype)


@each_type
@pytest.mark.parametrize("by", ["state", "random"])
@pytest.mark.parametrize("quick", [True, False])
def test_half_precision_hides_no_state_and_no_chance(low, by, quick):
    report = check(Moves(low, by), outputs="1r", lengths=60, quick=quick)
    assert not report.passed, str(report)
    assert report.diagnoses[0].cause == by


# Rounding that is a fault


def test_what_rounding_alone_breaks_is_told_with_its_size_in_both_types():
    report = check(variance_that_cancels(), outputs="1r", lengths=60, quick=True)
    assert not report.passed
    diagnosis = report.diagnoses[0]
    assert (diagnosis.cause, diagnosis.verified, report.repair) == ("precision", True, None)
    assert "rounding alone breaks it" in diagnosis.sentence


# The parts


@pytest.mark.parametrize("how", [KeepPrecision, KeepPrecisionWithin])
def test_no_type_that_rounds_more_is_made_however_it_is_asked_for(how):
    x, kept = torch.full((3,), 1 / 3, dtype=torch.float64), Kept(torch.float64)
    with how(kept):
        made = [
            x.to(BF16),
            x.to("cpu", FP16),
            x.half(),
            x.type(torch.float32),
            x.type_as(torch.ones(3, dtype=BF16)),
            x.softmax(0, torch.float32),
            torch.arange(3, dtype=FP16),
            torch.tensor([0.5], dtype=BF16),
            x.mul(1j).to(torch.complex64).imag,
            x > 0,
        ]
    assert {y.dtype for y in made} == {torch.float64, torch.bool}
    assert all(torch.equal(y, x) for y in made[:5])
    assert kept.narrowest == BF16


@pytest.mark.parametrize("how", [KeepPrecision, KeepPrecisionWithin])
def test_bytes_are_not_read_of_numbers_that_are_others(how):
    x = torch.ones(3)
    with how(Kept(torch.float32)):
        assert torch.equal(x.view(torch.int32).view(torch.float32), x)
        y = x.half()
        with pytest.raises(TypeError, match="the bytes of float16 are read as another type"):
            y.view(torch.int16)


@pytest.mark.parametrize("ask", [Tensor.float, Tensor.half, lambda h: h.to(BF16), lambda h: h.type_as(LOW)])
def test_a_cast_is_not_made_even_to_be_thrown_away(ask):
    with Watch() as watch, KeepPrecision(Kept(torch.float64)):
        ask(torch.ones(3, dtype=torch.float64))
    assert watch.narrowest == torch.float64


def test_in_float32_only_what_rounds_more_is_kept_from_being_made():
    kept = Kept(torch.float32)
    with KeepPrecision(kept):
        assert torch.ones(1).double().dtype == torch.float64
        assert torch.ones(1).float().dtype == torch.float32
        assert kept.narrowest is None
        assert torch.ones(1, dtype=torch.complex32).dtype == torch.complex64
    assert kept.narrowest == FP16


def test_gradients_go_through_casts_that_are_not_made():
    x = torch.rand(3, dtype=torch.float64, requires_grad=True)
    for how in (KeepPrecision, KeepPrecisionWithin):
        with how(Kept(torch.float64)):
            (slope,) = torch.autograd.grad((x.half() ** 2).float().sum(), x)
        assert torch.equal(slope, 2 * x.detach())


def test_what_was_never_more_precise_is_not_rounded():
    x, counter = torch.rand(2, 8), torch.zeros(3, dtype=BF16)
    with Watch() as watch:
        (x * (x > 0.5).half()).sum() + counter.add_(1).mean()
    assert watch.narrowest == torch.float64
    with watch:
        x.half()
    assert watch.narrowest == FP16
    with watch:
        counter += x[0, :3]
    assert watch.narrowest == BF16
    assert Seen().narrowest is None
