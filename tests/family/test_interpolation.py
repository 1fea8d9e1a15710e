"""The family of any network: the law, the opening, what is nested, and that the exchange is no idle one."""

from contextlib import nullcontext
from copy import deepcopy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.modules.module import register_module_forward_hook

from rczoo import Rep, build, conjoin, interpolate, tokens
from rczoo.family.interpolation import sites
from rczoo.nn import conjoined
from rczoo.symmetry import _even_odd
from rczoo.symmetry.equivariance import relative_error
from rczoo.testing import normal_tensor, seeds
from tests.proofs.test_laws import DNA, rc
from tests.support.random_networks import Positions, TwoHeads, fill, two_heads

OUTPUTS = ("1r", "1t")
shares = st.sampled_from([0.25, 0.5, 0.75, 1.0])


def turned(outputs):
    return rc(Rep("1r"), outputs[0]), outputs[1]


def error(given, expected):
    return max(relative_error(u, v) for u, v in zip(given, expected, strict=True))


def law_error(member, x, seed=0):
    """How far the answer for R x is from the turned answer for x, over the largest number on the way.

    Random masks are drawn alike. A sum that cancels keeps the rounding of its terms, which has nothing to do
    with the law: so it is the terms that the difference is compared with.
    """
    largest = []

    def keep(layer, given, answer):
        tensors = answer if isinstance(answer, tuple) else (answer,)
        largest.extend(z.detach().abs().max() for z in tensors if isinstance(z, torch.Tensor) and z.numel())

    torch.manual_seed(seed)
    with register_module_forward_hook(keep):
        y = turned(member(x))
    torch.manual_seed(seed)
    differences = [(u - v).abs().max() for u, v in zip(member(rc(DNA, x)), y, strict=True)]
    return (max(differences) / max(largest)).item()


@given(two_heads(), st.data(), st.integers(1, 3), st.booleans(), seeds())
@settings(max_examples=60)
def test_the_law_holds_at_every_mixing_whatever_the_network(network, data, batch, training, seed):
    names = interpolate(network, outputs=OUTPUTS).site_names
    mixing = data.draw(
        st.lists(st.sampled_from([0.0, 0.3, 0.5, 1.0]), min_size=len(names), max_size=len(names))
    )
    member = interpolate(network, outputs=OUTPUTS, mixing=mixing).train(training)
    fill(member, seed, only="received_")
    # Of 700 such networks the worst had 1.4e-15: a BatchNorm after another, over batch statistics, which
    # magnifies rounding where deviations are small. All others had less than 3e-16. Relative to the answer
    # alone the worst was 1.1e-14, of a label in which terms 300 times as large cancel.
    assert law_error(member, normal_tensor(seed, batch, 4, 61), seed) < 1e-13


@given(two_heads(), shares, shares, seeds())
def test_it_opens_as_the_conjoined_model_and_opens_further(network, m, n, seed):
    x = normal_tensor(seed, 2, 4, 61)
    both = conjoin(network, outputs=OUTPUTS).eval()
    member = interpolate(network, outputs=OUTPUTS, mixing=min(m, n)).eval()
    assert error(member(x), both(x)) < 1e-12
    fill(member, seed, only="received_")
    larger = interpolate(member, mixing=max(m, n))
    assert error(larger(x), member(x)) < 1e-12
    assert len([*larger.parameters()]) >= len([*member.parameters()])


def test_opened_further_it_keeps_its_sites_and_its_merge():
    x = normal_tensor(0, 2, 4, 9)
    member = fill(interpolate(residual(), outputs="1r", mixing=0.5, at="3", merge="sum"), 3, only="received_")
    larger = interpolate(member.eval(), mixing=1.0)
    assert (larger.site_names, larger.merge) == (("3",), "sum")
    assert relative_error(larger(x), member(x)) < 1e-12
    other = interpolate(member, mixing=1.0, merge="mean")
    assert relative_error(2 * other(x), member(x)) < 1e-12


@given(two_heads(), shares, seeds())
def test_the_other_strand_is_read(network, m, seed):
    """At a site, the answer for one strand depends on what the other strand's frame holds, if on anything."""
    both = conjoin(network, outputs=OUTPUTS).eval()
    member = fill(interpolate(network, outputs=OUTPUTS, mixing=m).eval(), seed, only="received_")
    x = normal_tensor(seed, 2, 4, 61)
    alive = error(both(x), both(x.flip(0))) > 1e-6
    if alive and any(site.received for site in member.sites().rows):
        assert error(member(x), both(x)) > 1e-6


@pytest.mark.parametrize("mixing", [0.0, 0.5, 1.0])
def test_plain_networks_of_the_paper_are_those_of_build(mixing):
    """tf-cnn written in plain PyTorch, its received weights the columns that ``build`` appends."""
    built = fill(
        build("tf-cnn", mixing=mixing, merge="mean", filters=6, length=80, pool=(8, 4)).double().eval(), 1
    )
    plain = nn.Sequential()
    for n, block in enumerate(built.trunk.blocks):
        conv = nn.Conv1d(6 if n else 4, 6, block.shape.kernel_size)
        plain.extend([conv, nn.BatchNorm1d(6, eps=1e-3), nn.ReLU()])
    plain.extend([nn.MaxPool1d(8, 4), nn.Flatten(), nn.Linear(built.head.dense.in_features, 1)])
    member = interpolate(plain.double().eval(), outputs="1t", mixing=mixing, at=["3", "6"]).eval()
    for n, block in enumerate(built.trunk.blocks):
        conv, norm = member.model[3 * n], member.model[3 * n + 1]
        with torch.no_grad():
            conv.weight.copy_(block.conv.weight[:, : conv.in_channels])
            conv.bias.copy_(block.conv.bias)
            if block.exchanged:
                conv.received_weight.copy_(block.conv.weight[:, conv.in_channels :])
        norm.load_state_dict(block.norm.state_dict())
    member.model[-1].load_state_dict(built.head.dense.state_dict())
    x = normal_tensor(3, 2, 4, 80)
    assert relative_error(member(x), built(x)) < 1e-12
    assert sum(p.numel() for p in member.parameters()) == sum(p.numel() for p in built.parameters())


@pytest.mark.parametrize("halved", [False, True])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    ("options", "tied"),
    [
        ({"kernel_size": 4}, True),
        ({"kernel_size": 3, "padding": 2, "dilation": 2, "bias": False, "padding_mode": "reflect"}, True),
        ({"kernel_size": 3, "stride": 2, "padding": 1}, True),
        ({"kernel_size": 3, "padding": "same", "dilation": 2}, True),
        ({"kernel_size": 4, "stride": 2}, False),  # leaves a position over
        ({"kernel_size": 4, "padding": "same", "padding_mode": "circular"}, False),  # pads one end more
    ],
)
def test_a_convolution_that_receives_all_runs_as_one_tied_kernel(
    options, tied, training, halved, monkeypatch
):
    """It is what the exchange gives, where the windows of both strands are the same; so do parts."""
    if halved:
        for limit in ("FEWEST", "LEAST", "SPENT"):
            monkeypatch.setattr(_even_odd, limit, 0)
    site = nn.Conv1d(6, 5, **options)
    network = nn.Sequential(nn.Conv1d(4, 6, 1), nn.BatchNorm1d(6), site, nn.ReLU(), nn.Conv1d(5, 2, 1))
    member = interpolate(fill(network.double(), 1), outputs="1r", mixing=1.0, at="2").train(training)
    x, calls = normal_tensor(0, 3, 4, 9), []
    form, kind = sites.ReceivingConvolution._tied, sites.ReceivingConvolution
    monkeypatch.setattr(kind, "_tied", lambda self, z: calls.append(1) or form(self, z))
    answer = fill(member, 3, only="received_")(x)
    assert bool(calls) == tied
    monkeypatch.setattr(kind, "_has_one_window", lambda *_: False)
    assert relative_error(answer, member(x)) < 1e-13


def residual():
    torch.manual_seed(0)
    layers = [
        nn.Conv1d(4, 6, 3, padding=1),
        nn.ReLU(),
        nn.Conv1d(6, 6, 3, padding=1),
        nn.BatchNorm1d(6),
        nn.ReLU(),
    ]
    return nn.Sequential(*layers, nn.Conv1d(6, 2, 1)).double()


def test_weights_load_both_ways_and_a_member_gives_the_plain_model_back():
    network, x = residual(), normal_tensor(0, 2, 4, 9)
    member = fill(interpolate(network, outputs="1r", mixing=0.5), 3, only="received_").eval()
    assert list(network.state_dict()) == [n for n in member.model.state_dict() if "received_" not in n]
    other = residual()
    fill(other, 9)
    missing, unexpected = member.model.load_state_dict(other.state_dict(), strict=False)
    assert not unexpected
    assert all("received_" in name for name in missing)
    plain = member.plain()
    assert torch.equal(plain(x), other.eval()(x))
    assert [type(part) for part in plain.modules()] == [type(part) for part in network.modules()]
    assert vars(interpolate(network, outputs="1r", mixing=1.0).plain()[2]).keys() == vars(network[2]).keys()
    assert isinstance(member.model[2], nn.Conv1d)
    copied = deepcopy(member)
    fill(member, 5, only="received_")
    assert not torch.equal(copied(x), member(x)), "a copy shares no parameters"


def test_outside_a_call_the_model_is_the_plain_one():
    network, x = residual(), normal_tensor(0, 2, 4, 9)
    member = fill(interpolate(network, outputs="1r", mixing=1.0), 3, only="received_").eval()
    member(x)
    assert torch.equal(member.model(x), network.eval()(x))


def test_a_fresh_site_is_drawn_as_one_layer_that_reads_as_many_channels():
    network = nn.Sequential(nn.Conv1d(4, 64, 1), nn.Conv1d(64, 64, 9), nn.LSTM(64, 64))
    torch.manual_seed(1)
    member = interpolate(network, outputs="1r", mixing=1.0, start="fresh")
    conv, lstm = member.model[1], member.model[2]
    bound = (64 * 2 * 9) ** -0.5
    for weight in (conv.weight, conv.received_weight):
        assert 0.95 * bound < weight.abs().max() <= bound
    assert 0.95 / 8 < lstm.received_weight_ih_l0.abs().max() <= 1 / 8
    assert torch.equal(member.model[0].weight, network[0].weight), "what is no site keeps its weights"


def test_sites_say_what_they_receive_and_cost():
    member = interpolate(residual(), outputs="1r", mixing={"2": 0.5})
    assert [(s.name, s.kind, s.channels, s.received, s.share) for s in member.sites().rows] == [
        ("2", "Conv1d", 6, 3, 0.5),
        ("5", "Conv1d", 6, 0, 0.0),
    ]
    first = member.sites().rows[0]
    assert (first.parameters, first.multiply_adds) == (6 * 9 * 3 + 6, 2 * 6 * 9 * 3)
    assert str(member.sites()).splitlines()[1].split() == ["2", "Conv1d", "3/6", "0.50", "168", "324"]


def test_of_each_group_a_share_is_received():
    """A depthwise convolution has one channel a group, of which half is none."""
    network = nn.Sequential(nn.Conv1d(4, 6, 1), nn.Conv1d(6, 6, 3, groups=6), nn.Conv1d(6, 4, 1, groups=2))
    received = {
        mixing: [site.received for site in interpolate(network, outputs="2r", mixing=mixing).sites().rows]
        for mixing in (0.5, 0.51, 1.0)
    }
    assert received == {0.5: [0, 4], 0.51: [6, 4], 1.0: [6, 6]}
    table = str(interpolate(network, outputs="2r", mixing=0.5).sites()).splitlines()
    assert table[1].startswith("1    Conv1d, 6 groups       0/6   0.00 ")


def test_any_other_layer_by_its_full_name():
    network = residual()
    member = fill(interpolate(network, outputs="1r", mixing=0.5, at="3").eval(), 4, only="received_")
    assert member.sites().rows[0].kind == "BatchNorm1d, adapter"
    x = normal_tensor(0, 2, 4, 9)
    assert relative_error(member(rc(DNA, x)), rc(Rep("1r"), member(x))) < 1e-12
    assert relative_error(member(x), conjoin(network, outputs="1r").eval()(x)) > 1e-6


class Tokens(nn.Module):
    """Token ids and their mask; a table of positions, which holds no examples, is read, too."""

    def __init__(self):
        super().__init__()
        self.embedding, self.positions = nn.Embedding(9, 6, padding_idx=0), nn.Linear(6, 6)
        self.attention, self.head = nn.MultiheadAttention(6, 2, 0.1, batch_first=True), nn.Linear(6, 1)

    def forward(self, ids, mask):
        table = torch.linspace(0, 1, ids.shape[1] * 6, dtype=torch.float64).view(1, -1, 6)
        z = self.embedding(ids) + self.positions(table)
        z = z + self.attention(z, z, z, key_padding_mask=mask == 0)[0]
        z = self.head(z) * mask[..., None]
        return {"label": z.sum(1) / mask.sum(1, keepdim=True), "positions": z.squeeze(2)}


@pytest.mark.parametrize("mixing", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("training", [False, True])
def test_padded_rows_are_reversed_within_their_length(mixing, training):
    network = fill(Tokens().double(), 2)
    turn = tokens({5: 8, 8: 5, 6: 7, 7: 6}, keep=(1, 1))
    member = interpolate(
        network,
        inputs={"ids": turn, "mask": "mask"},
        outputs={"label": "1t", "positions": "positions"},
        mixing=mixing,
    ).train(training)
    fill(member, 3, only="received_")
    ids = torch.tensor([[2, 5, 6, 5, 8, 7, 3, 0, 0], [2, 5, 5, 8, 8, 6, 6, 7, 3]])
    mask = (ids > 0).long()
    other = torch.cat([torch.cat([turn(ids[:1, :7]), ids[:1, 7:]], 1), turn(ids[1:])])

    def run(ids):
        torch.manual_seed(0)
        return member(ids, mask)

    y, z = run(ids), run(other)
    assert relative_error(z["label"], y["label"]) < 1e-12
    back = torch.cat(
        [torch.cat([y["positions"][:1, :7].flip(1), y["positions"][:1, 7:]], 1), y["positions"][1:].flip(1)]
    )
    assert relative_error(z["positions"], back) < 1e-12
    if not training:
        network.positions.weight.data.zero_()  # the table of positions depends on how many there are
        member = interpolate(member, mixing=mixing)
        member.model.positions.weight.data.zero_()
        alone = member.eval()(ids[:1, :7], mask[:1, :7])
        assert relative_error(member(ids, mask)["label"][:1], alone["label"]) < 1e-12, (
            "padding changes nothing"
        )


def test_padded_rows_that_were_pooled_are_refused():
    class Pooled(nn.Sequential):
        def forward(self, x, mask):
            return super().forward(x)

    layers = [nn.Conv1d(4, 6, 1), nn.MaxPool1d(2), nn.Conv1d(6, 2, 1)]
    member = interpolate(Pooled(*layers), inputs=("dna", "mask"), outputs="1r")
    with pytest.raises(
        ValueError, match=r"padded rows have 8 positions, but a site reads \(4, 3, 4\): choose"
    ):
        member(torch.zeros(2, 4, 8), torch.ones(2, 8))


class SecondAxis(nn.Module):
    """Features with the examples as second axis, as recurrent layers have them by default."""

    def __init__(self):
        super().__init__()
        self.conv, self.lstm = nn.Conv1d(4, 6, 3), nn.LSTM(6, 5, 2, dropout=0.3)
        self.dropout, self.dense = nn.Dropout(0.3), nn.Linear(5, 1)

    def forward(self, x):
        z = self.dropout(self.lstm(self.conv(x).permute(2, 0, 1))[0])
        return self.dense(z).mean(0)


@pytest.mark.parametrize("training", [False, True])
def test_examples_as_second_axis(training):
    member = interpolate(fill(SecondAxis().double(), 1), outputs="1t", mixing=0.5).train(training)
    fill(member, 2, only="received_")
    x = normal_tensor(0, 3, 4, 11)
    torch.manual_seed(0)
    y = member(x)
    torch.manual_seed(0)
    assert relative_error(member(rc(DNA, x)), y) < 1e-12
    if not training:
        assert relative_error(member(x[:2]), y[:2]) < 1e-12, "an example depends on no other"
    with pytest.raises(ValueError, match=r"may have the 4 examples of both on either axis.*batch_first=True"):
        member(normal_tensor(0, 2, 4, 10))


def no_exchange(z, rows, channels, examples):
    return z


def no_reversal(z, rows, channels, examples):
    return torch.unflatten(z, examples, (2, -1)).flip(examples).flatten(examples, examples + 1)


def reversal_alone(z, rows, channels, examples):
    return z.flip([axis for axis in range(z.ndim) if axis not in (examples, channels)])


def first_strand_alone(z, rows, channels, examples):
    first, _ = z.chunk(2, examples)
    return torch.cat([torch.zeros_like(first), first], examples)


def last_channels(z, channels, groups, k):
    return z.narrow(channels, z.shape[channels] - k, k)


@pytest.mark.parametrize(
    ("fault", "caught"),
    [
        (no_exchange, "meaning"),
        (no_reversal, "meaning"),
        (reversal_alone, "meaning"),
        (last_channels, "meaning"),
        (first_strand_alone, "law"),
    ],
)
def test_faults_of_the_exchange_are_caught(fault, caught, monkeypatch):
    """A wrong exchange that is alike in both frames obeys the law: its meaning is compared with ``build``."""
    monkeypatch.setattr(sites, "_first" if fault is last_channels else "other_strand", fault)
    if caught == "law":
        member = fill(interpolate(residual(), outputs="1r", mixing=0.5).eval(), 3, only="received_")
        x = normal_tensor(0, 2, 4, 9)
        assert relative_error(member(rc(DNA, x)), rc(Rep("1r"), member(x))) > 1e-6
    else:
        with pytest.raises(AssertionError):
            test_plain_networks_of_the_paper_are_those_of_build(0.5)


@pytest.mark.parametrize(
    "layer",
    [
        lambda: nn.Dropout(0.3),
        lambda: Positions(nn.MultiheadAttention(4, 2, 0.3, batch_first=True)),
        lambda: Positions(nn.LSTM(4, 4, 2, batch_first=True, dropout=0.3)),
    ],
)
def test_masks_that_are_not_paired_are_caught(layer, monkeypatch):
    member = interpolate(fill(TwoHeads(4, [layer()]).double(), 1), outputs=OUTPUTS, mixing=0.5).train()
    fill(member, 2, only="received_")
    x = normal_tensor(0, 2, 4, 9)
    assert law_error(member, x) < 1e-13
    monkeypatch.setattr(conjoined, "PairedDraws", lambda *_: nullcontext())
    assert law_error(member, x) > 1e-4


class Causal(nn.Sequential):
    is_causal = True


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mixing": 1.5}, r"mixing 1.5 of 2 lies outside \[0, 1\]"),
        ({"mixing": [0.5]}, r"mixing has 1 shares for 2 sites \(2, 5\): give one for each"),
        ({"mixing": {"trunk.*": 0.5}}, r"no linear layer is called 'trunk\.\*': there are 2, 5"),
        ({"at": "blocks.*"}, r"no linear layer is called 'blocks\.\*'"),
        (
            {"at": "4"},
            r"4 \(ReLU\) does not say how many channels it reads: choose the layer before",
        ),
        ({"start": "warm"}, r"start is 'warm', expected 'open' or 'fresh'"),
    ],
)
def test_refused(options, message):
    with pytest.raises(ValueError, match=message):
        interpolate(residual(), outputs="1r", **options)


def test_refused_models():
    with pytest.raises(ValueError, match="is causal: position i sees its left on one strand"):
        interpolate(Causal(*residual()), outputs="1r")
    with pytest.raises(ValueError, match="no linear layer but the first: name layers by at=, or conjoin it"):
        interpolate(nn.Sequential(nn.Conv1d(4, 2, 1)), outputs="1r")
    with pytest.raises(ValueError, match="interpolate: Sequential declares no rep_out"):
        interpolate(residual())
    member = interpolate(residual(), outputs="1r", mixing=1.0)
    with pytest.raises(
        ValueError, match="more than this mixing leaves: a function can be kept only at the same"
    ):
        interpolate(member, mixing=0.5)
    packed = nn.LSTM(4, 4, batch_first=True)

    class Packs(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.lstm = nn.Linear(4, 4), packed

        def forward(self, x):
            z = self.stem(x.transpose(1, 2))
            z = nn.utils.rnn.pack_padded_sequence(z, [5] * len(z), batch_first=True)
            return self.lstm(z)[1][0][0]

    with pytest.raises(ValueError, match="cannot tell the strands of a packed sequence"):
        interpolate(Packs(), outputs="4t")(torch.zeros(2, 4, 5))


@pytest.mark.parametrize(("training", "mixing"), [(False, 0.5), (False, 1.0), (True, 1.0)])
def test_compiled_and_exported(training, mixing):
    member = interpolate(residual().float(), outputs="1r", mixing=mixing).train(training)
    fill(member, 3, only="received_")
    x = normal_tensor(0, 2, 4, 9).float()
    compiled = torch.compile(member, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(x), member(x), rtol=1e-5, atol=1e-6)  # in another order of memory
    if not training:
        sizes = {0: torch.export.Dim("batch", min=2, max=9), 2: torch.export.Dim("length", min=4, max=99)}
        exported = torch.export.export(member, (x,), dynamic_shapes=((sizes,),)).module()
        other = normal_tensor(0, 3, 4, 12).float()
        torch.testing.assert_close(exported(other), member(other), rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore:.*jit.*:DeprecationWarning", "ignore::torch.jit.TracerWarning")
def test_a_recurrent_site_is_exported_and_traced():
    network = nn.Sequential(
        nn.Conv1d(4, 4, 1), Positions(nn.LSTM(4, 2, bidirectional=True, batch_first=True))
    )
    member = fill(interpolate(network.eval(), outputs="2r:halves", mixing=0.5), 3).eval()
    x, other = normal_tensor(0, 2, 4, 9).float(), normal_tensor(0, 3, 4, 9).float()
    exported = torch.export.export(member, (x,)).module()
    torch.testing.assert_close(exported(x), member(x), rtol=1e-5, atol=1e-6)
    traced = torch.jit.trace(member, x, check_trace=False)
    torch.testing.assert_close(traced(other), member(other), rtol=1e-5, atol=1e-6)
