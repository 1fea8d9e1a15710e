"""Theorems on the real code. The oracle for reverse complement is the loop in ``reference``."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from rczoo import Rep, conjoin, embed
from rczoo.evaluation.agreement import agreement_loss
from rczoo.evaluation.losses import binary_cross_entropy, loss_of, multinomial_nll
from rczoo.family import change_merge, fold_gain, same_function_class
from rczoo.family.architectures import build, rebuild
from rczoo.family.network import Network
from rczoo.family.trunk import BlockShape, GainConv1d, Trunk
from rczoo.nn import RCActivation, RCAvgPool1d, RCBatchNorm1d, RCConv1d, RCMaxPool1d
from rczoo.symmetry import admissible_lengths
from rczoo.symmetry.equivariance import relative_error
from rczoo.symmetry.frames import alike, exchange, merge, open_frames
from rczoo.testing import (
    geometries,
    inputs_of,
    integer_tensor,
    merges,
    networks,
    normal_tensor,
    randomise,
    reference,
    reps,
    seeds,
)
from tests.support.ordinary_models import Positional
from tests.support.strategies import fill_with_integers, outputs_of

DNA = Rep("[3,2,1,0]")


def rc(rep, x):
    """Reverse complement by the reference's loops."""
    return torch.from_numpy(reference.act(rep, x.detach().numpy()))


def obeys(model, x, rep_in, rep_out):
    """Exactly: f(R x) = R f(x)."""
    return torch.equal(model(rc(rep_in, x)), rc(rep_out, model(x)))


def network_error(network, inputs):
    """How far a network is from its law, by the reference's action; 0 is exact."""
    turned = [rc(rep, x) for rep, x in zip((DNA, network.control), inputs, strict=False)]
    pairs = zip(outputs_of(network(*turned)), outputs_of(network(*inputs)), network.rep_out, strict=True)
    return max(relative_error(swapped, rc(rep, direct)) for swapped, direct, rep in pairs)


@given(reps(max_orbits=6, min_orbits=0), seeds())
def test_t01_rep_is_an_involution(rep, seed):
    x = integer_tensor(seed, 2, rep.channels, 5)
    assert torch.equal(rep.act(x), rc(rep, x))
    assert torch.equal(rep.act(rep.act(x)), x)
    assert torch.equal(rep.act(x[:, :, 0]), rc(rep, x[:, :, 0]))
    assert Rep(str(rep)) == rep
    assert eval(repr(rep)) == rep
    # Isomorphic to a sum of regular, trivial and sign terms: put pairs first, then fixed channels by sign.
    pairs = [c for a, b in enumerate(rep.partners) if a < b for c in (a, b)]
    fixed = [c for s in (1, -1) for c, j in enumerate(rep.partners) if c == j and rep.signs[c] == s]
    canonical = Rep(f"{rep.regular}r+{rep.trivial}t+{rep.sign}s") if rep.channels else rep
    assert torch.equal(canonical.act(x[:, pairs + fixed]), rep.act(x)[:, pairs + fixed])


@given(reps(max_orbits=3), reps(max_orbits=3), st.integers(1, 4), st.integers(1, 2), seeds())
def test_t02_kernels_span_the_constraint(rep_in, rep_out, width, dilation, seed):
    layer = RCConv1d(rep_in, rep_out, width, dilation=dilation).double()
    free, shape = layer.weight.numel(), (rep_out.channels, rep_in.channels, width)
    unpaired = (rep_out.trivial - rep_out.sign) * (rep_in.trivial - rep_in.sign) * (width % 2)
    assert 2 * free == rep_out.channels * rep_in.channels * width + unpaired
    assert layer.bias.numel() == rep_out.regular + rep_out.trivial
    basis = torch.zeros(free, *shape, dtype=torch.float64)
    with torch.no_grad():
        for n in range(free):
            layer.weight.copy_(torch.arange(free) == n)
            basis[n] = layer.kernel()
    sides = (rep_in, rep_out)
    # Sound: every kernel obeys the law. Independent and complete: any tied kernel has its coordinates.
    assert all(reference.obeys_kernel_law(b.numpy(), *sides) for b in basis)
    assert (torch.linalg.matrix_rank(basis.flatten(1)) if free else 0) == free
    wanted = torch.from_numpy(reference.tie(integer_tensor(seed, *shape).numpy(), *sides))
    with torch.no_grad():
        layer.weight.copy_((basis * wanted).flatten(1).sum(1) / basis.square().flatten(1).sum(1))
        layer.bias.copy_(integer_tensor(seed, layer.bias.numel()))
    assert torch.equal(layer.kernel(), wanted)
    # Sufficient, and at the shortest length necessary: one entry changed breaks it unless it kept the law.
    length = dilation * (width - 1) + 1
    impulses = torch.eye(rep_in.channels * length, dtype=torch.float64).view(-1, rep_in.channels, length)
    assert obeys(layer, impulses, rep_in, rep_out)
    changed = wanted + (torch.arange(wanted.numel()) == seed % wanted.numel()).view(shape)
    convolved = obeys(lambda x: F.conv1d(x, changed, dilation=dilation), impulses, rep_in, rep_out)
    assert convolved == reference.obeys_kernel_law(changed.numpy(), *sides)


some_reps = st.lists(reps(max_orbits=2), min_size=1, max_size=2)


@given(some_reps, some_reps, st.sampled_from([None, 1, 2, 5]), st.integers(1, 6), merges(), seeds())
def test_t03_conjoining_is_equivariant(reps_in, reps_out, positions, length, how, seed):
    positions = [positions, None][: len(reps_out)]
    sizes = [rep.channels for rep in reps_in], [rep.channels for rep in reps_out], positions, length
    f, other = Positional(*sizes, seed), Positional(*sizes, seed + 1)
    inputs = [integer_tensor(seed + i, 3, rep.channels, length) for i, rep in enumerate(reps_in)]
    turned = [rc(rep, x) for rep, x in zip(reps_in, inputs, strict=True)]

    def conjoined(model):
        return conjoin(model, reps_in, reps_out if len(reps_out) > 1 else reps_out[0], how).eval()

    if how == "max" and any(rep.sign for rep in reps_out):  # max(u, -v) is not -max(-u, v)
        with pytest.raises(ValueError, match=r"merge 'max' is not equivariant on the \d sign channel"):
            conjoined(f)
        return
    g, h = conjoined(f), conjoined(other)
    pieces = [outputs_of(model(*xs)) for model in (f, g, h, conjoined(g)) for xs in (inputs, turned)]
    for n, rep in enumerate(reps_out):
        direct, direct_turned, once, once_turned, another, another_turned, twice, _ = [p[n] for p in pieces]
        if how == "probability":  # a logarithm may round differently at another place in memory
            assert relative_error(once_turned, rc(rep, once)) < 1e-12
        else:
            assert torch.equal(once_turned, rc(rep, once))
        expected = reference.merge(direct.numpy(), rc(rep, direct_turned).numpy(), how)
        torch.testing.assert_close(once, torch.from_numpy(expected), rtol=1e-12, atol=1e-12)
        if how == "sum":
            assert torch.equal(twice, 2 * once)
        else:
            torch.testing.assert_close(twice, once, rtol=0, atol=0 if how != "probability" else 1e-12)
        if how == "mean":  # the nearest equivariant function: Pythagoras over a set closed under RC

            def distance(u, v, ru, rv):
                return ((u - v).square().sum() + (ru - rv).square().sum()).item()

            whole = distance(direct, another, direct_turned, another_turned)
            parts = distance(direct, once, direct_turned, once_turned)
            parts += distance(once, another, once_turned, another_turned)
            assert whole == parts


@given(networks(merge=merges(linear=True) | st.just("max")), st.data(), seeds())
def test_t04_embed_preserves_the_function(network, data, seed):
    old = network.config.mixing
    larger = [m + (1 - m) * data.draw(st.sampled_from([0.0, 0.5, 1.0])) for m in old] if old else []
    inputs = inputs_of(network, 2, seed)
    for mixing in (larger, "rcps"):
        embedded = embed(network, mixing)
        pairs = zip(outputs_of(network(*inputs)), outputs_of(embedded(*inputs)), strict=True)
        assert max(relative_error(u, v) for u, v in pairs) < 1e-12
        assert network_error(embedded, inputs) == 0
    shrunk = any(block.exchanged for block in network.trunk.blocks)
    if shrunk:
        with pytest.raises(ValueError, match=r"embed: block \d+ receives \d+ filters .* or a larger"):
            embed(network, "conjoined")


@given(reps(max_orbits=3), st.booleans(), seeds())
def test_t05_mean_never_raises_the_loss(rep, labels, seed):
    rep = Rep(f"{rep.channels}t") if labels else rep
    f = Positional([4], [rep.channels], [None if labels else 6], 8, seed)
    x = integer_tensor(seed, 4, 4, 8)
    shape = (4, rep.channels) if labels else (4, rep.channels, 6)
    target = (
        (integer_tensor(seed, *shape) > 0).double() if labels else integer_tensor(seed, *shape, low=0, high=9)
    )

    def averaged(model, loss, y=target):
        return (loss(model(x), y) + loss(model(rc(DNA, x)), rc(rep, y))) / 2

    mean = conjoin(f, outputs=rep, merge="mean").eval()
    losses = [F.mse_loss] + ([binary_cross_entropy] if labels else [multinomial_nll] if not rep.sign else [])
    for loss in losses:
        y = target if loss is not F.mse_loss else integer_tensor(seed, *shape)
        assert averaged(mean, loss, y) <= averaged(f, loss, y) + 1e-12
    if labels:  # and merging probabilities never raises the loss of probabilities
        probability = conjoin(f, outputs=rep, merge="probability").eval()
        assert averaged(probability, binary_cross_entropy) <= averaged(f, binary_cross_entropy) + 1e-12


@given(reps(), st.sampled_from([torch.tanh, F.relu, F.gelu, torch.sin, torch.abs]), seeds())
def test_t06_pointwise_commutes(rep, function, seed):
    odd = function in (torch.tanh, torch.sin)
    if rep.sign and not odd:
        with pytest.raises(ValueError, match=r"is not odd, but Rep .* has \d+ sign channels: use an odd"):
            RCActivation(rep, function)
        return
    layer, x = RCActivation(rep, function), normal_tensor(seed, 2, rep.channels, 5)
    rounding = 1e-14 if function is F.gelu else 0  # PyTorch rounds it otherwise where no whole vector is left
    torch.testing.assert_close(layer(rc(rep, x)), rc(rep, layer(x)), rtol=0, atol=rounding)
    assert torch.equal(layer(x), function(x))


@given(
    reps(max_orbits=3), reps(max_orbits=2), geometries() | geometries(fitting=False, paddings=(0,)), seeds()
)
def test_t07_geometry_decides(rep_in, rep_out, geometry, seed):
    length, width, stride, dilation, padding = geometry
    x = integer_tensor(seed, 2, rep_in.channels, length)
    conv = RCConv1d(rep_in, rep_out, width, True, stride, dilation, padding).double()
    average = RCAvgPool1d(rep_in, 2 ** (width // 2), stride, padding=0).double()  # powers of 2 divide exactly
    layers = [(conv, rep_out, (width, dilation, padding)), (average, rep_in, (2 ** (width // 2), 1, 0))]
    if not rep_in.sign:
        layers.append((RCMaxPool1d(rep_in, width, stride), rep_in, (width, 1, 0)))
    for layer, rep, (k, d, p) in layers:
        room = length + 2 * p - d * (k - 1) - 1
        if room < 0:
            with pytest.raises(ValueError, match="is shorter than the receptive field"):
                layer(x)
            continue
        (verdict,) = admissible_lengths(layer, [length], rep_in.channels)
        assert verdict.admissible == (room % stride == 0)
        if room % stride:
            with pytest.raises(ValueError, match=rf"leaves {room % stride} over stride {stride}, so"):
                layer(x)
        else:
            fill_with_integers(layer, seed)
            assert obeys(layer, x, rep_in, rep)
    # Only if: past the check, every kernel but zero shows the shift, and so do both pools, ceil_mode or not.
    impulses = torch.eye(rep_in.channels * length, dtype=torch.float64).view(-1, rep_in.channels, length)
    if geometry.remainder and conv.weight.numel():
        with torch.no_grad():
            conv.weight.copy_(integer_tensor(seed, conv.weight.numel(), low=1, high=5))
        plain = partial(F.conv1d, weight=conv.kernel(), stride=stride, dilation=dilation, padding=padding)
        assert not obeys(plain, impulses, rep_in, rep_out)
    if length > width and (length - width) % stride:
        for pool in (F.max_pool1d, F.avg_pool1d):
            for ceil in (False, True):
                shifting = partial(pool, kernel_size=width, stride=stride, ceil_mode=ceil)
                assert not obeys(shifting, impulses, rep_in, rep_in)
    # Of a padded pool the windows decide, by what they read: there a remainder may do no harm.
    p = width // 2
    if length + 2 * p >= width:
        plain = partial(F.avg_pool1d, kernel_size=width, stride=stride, padding=p)
        trivial = torch.eye(length, dtype=torch.float64)[:, None]
        lawful = obeys(plain, trivial, Rep("1t"), Rep("1t"))
        for pool in (RCMaxPool1d, RCAvgPool1d):
            if lawful:
                assert obeys(pool("1t", width, stride, p), trivial, Rep("1t"), Rep("1t"))
            else:
                with pytest.raises(ValueError, match="reversed windows shift"):
                    pool("1t", width, stride, p)(trivial)
    if rep_in.sign and 1 < width <= length:
        with pytest.raises(ValueError, match=r"on which a maximum is never equivariant: use RCAvgPool1d"):
            RCMaxPool1d(rep_in, width, stride)
        assert not obeys(partial(F.max_pool1d, kernel_size=width, stride=1), impulses, rep_in, rep_in)


@given(reps(), st.booleans(), st.integers(1, 4), st.integers(1, 5), seeds())
def test_t08_tied_norm(rep, training, batch, length, seed):
    norm = randomise(RCBatchNorm1d(rep, eps=0.1, momentum=0.3).double(), seed).train(training)
    x = normal_tensor(seed, batch, rep.channels, length) + 1
    turned = rc(rep, x)
    state = {name: value.clone() for name, value in norm.state_dict().items()}

    def run(value):
        norm.load_state_dict(state)
        return norm(value), {name: buffer.clone() for name, buffer in norm.named_buffers()}

    (direct, after), (swapped, after_turned) = run(x), run(turned)
    assert relative_error(swapped, rc(rep, direct)) < 1e-12
    assert all(torch.allclose(after[n], after_turned[n], rtol=1e-12, atol=1e-14) for n in after)
    # Any part of a batch may be RC-ed: the examples turned change, and the others do not.
    mixed, after_mixed = run(torch.cat([turned[:1], x[1:]]))
    assert relative_error(mixed, torch.cat([rc(rep, direct[:1]), direct[1:]])) < 1e-12
    assert all(torch.allclose(after[n], after_mixed[n], rtol=1e-12, atol=1e-14) for n in after)


@given(reps(), st.integers(0, 4), st.integers(0, 4), st.integers(1, 5), merges(linear=True), seeds())
def test_t09_crops(rep, left, right, kept, how, seed):
    length = left + kept + right
    x = 1 + torch.arange(rep.channels * length, dtype=torch.float64).view(1, rep.channels, length)

    def crop(z):
        return z[..., left : length - right]

    assert obeys(crop, x, rep, rep) == (left == right)
    assert obeys(lambda x: merge(alike(crop, open_frames(x, rep), False), rep, how), x, rep, rep)
    # A residual block crops its skip; the tied execution must crop both strands as the frames do.
    trunk = Trunk([BlockShape(1), BlockShape(3, kept, residual=True)], 2, [left % 2]).double()
    fill_with_integers(trunk, seed)
    z = integer_tensor(seed, 2, 4, 2 * kept + right + 1)
    for u, v in zip(trunk(z, 2, False, "frames"), trunk(z, 2, False, "tied"), strict=True):
        assert torch.equal(u, v)


@given(networks(merge=merges(linear=True) | st.just("max")), st.sampled_from(["frames", "tied"]), seeds())
def test_t10_gradients(network, execution, seed):
    network.execution = execution
    inputs = inputs_of(network, 2, seed)
    x = normal_tensor(seed, *inputs[0].shape)  # real numbers have no ties in their maxima
    weights = [normal_tensor(seed, *y.shape) for y in outputs_of(network(*inputs))]
    weights = [w + rc(rep, w) for w, rep in zip(weights, network.rep_out, strict=True)]

    def gradient(x, *control):
        x = x.clone().requires_grad_()
        sum((y * w).sum() for y, w in zip(outputs_of(network(x, *control)), weights, strict=True)).backward()
        return x.grad

    turned = rc(DNA, x), *(rc(network.control, c) for c in inputs[1:])
    g = gradient(x, *inputs[1:])
    assert relative_error(gradient(*turned), rc(DNA, g)) < 1e-10
    assert relative_error(turned[0] * gradient(*turned), rc(DNA, x * g)) < 1e-10


@given(networks(merge=merges(linear=True)), seeds())
def test_t11_same_function_class(network, seed):
    inputs = inputs_of(network, 2, seed)
    other = change_merge(network, "mean" if network.config.merge == "sum" else "sum")
    assert other.config.merge != network.config.merge
    pairs = list(zip(outputs_of(network(*inputs)), outputs_of(other(*inputs)), strict=True))
    assert max(relative_error(v, u) for u, v in pairs) < 1e-14
    verdict = same_function_class(network, other)
    assert verdict == ("equal", ("T11",))
    assert same_function_class(network, network.remerge("max")).verdict == "unknown"
    if network.config.merge == "sum" and network.config.architecture == "bpnet":
        half = outputs_of(network.remerge("mean")(*inputs))
        doubled = [2 * v for v in half]
        if network.config.position:  # what position tells is added after the merge, so it is not doubled
            doubled[0] = doubled[0] - network.head.log_profile()
            assert relative_error(pairs[0][0], doubled[0]) < 1e-14
            pairs, doubled = pairs[1:], doubled[1:]
        assert all(torch.equal(u, v) for (u, _), v in zip(pairs, doubled, strict=True))


@given(networks(), st.sampled_from([0.5, 2.0, 3.0]), seeds())
def test_t12_gain_is_a_reparametrisation(network, gain, seed):
    gained = rebuild(network, gain=gain).double().eval()
    gained.load_state_dict(network.state_dict())
    inputs, folded = inputs_of(network, 2, seed), fold_gain(gained)
    assert folded.config.gain == 1
    outputs = [outputs_of(model(*inputs)) for model in (gained, folded)]
    assert max(relative_error(v, u) for u, v in zip(*outputs, strict=True)) < 1e-12
    assert same_function_class(gained, folded) == ("equal", ("T12",))
    conv = fill_with_integers(GainConv1d(2, 3, 4, 2, gain).double(), seed)
    x = integer_tensor(seed, 2, 2, 9)
    plain = reference.convolve(x.numpy(), conv.weight.detach().numpy(), dilation=2)
    bias = conv.bias.detach().numpy()[:, None]
    assert torch.equal(conv(x), torch.from_numpy(gain * plain + bias))


def _bhattacharyya(u, v):
    """J of cross-entropy for logits, by its closed form."""
    p, q = u.sigmoid(), v.sigmoid()
    return -((p * q).sqrt() + ((1 - p) * (1 - q)).sqrt()).log().mean()


def _overlap(u, v, counts):
    """J of the multinomial for logits and counts."""
    p, q = u.softmax(-1), v.softmax(-1)
    return -(counts.sum(-1) * (p * q).sqrt().sum(-1).log()).sum() / len(counts)


@given(networks(merge=merges(linear=True)), st.sampled_from([0.0, 0.5, 1.0, 3.0]), seeds())
def test_t13_agreement(network, agreement, seed):
    inputs = inputs_of(network, 2, seed)
    u, v = (outputs_of(side)[0] for side in network.strands(*inputs))
    labels = u.ndim == 2
    y = integer_tensor(seed, *u.shape, low=0, high=1 if labels else 4)
    loss = loss_of("labels" if labels else "profile")
    penalty = _bhattacharyya(u, v) if labels else _overlap(u, v, y)
    wanted = loss(outputs_of(network(*inputs))[0], y) + agreement * penalty
    torch.testing.assert_close(agreement_loss(loss, u, v, y, agreement), wanted, rtol=1e-9, atol=1e-9)
    assert penalty >= -1e-12
    assert abs(agreement_loss(loss, u, u, y, agreement) - loss(u, y)) <= 1e-12 * (1 + abs(loss(u, y)))


class Attend(torch.nn.Module):
    """Any block: attention with positions, then a recurrence, then a pool that leaves a remainder."""

    def __init__(self, channels, received):
        super().__init__()
        self.enter = torch.nn.Linear(channels + received, channels)
        self.attention = torch.nn.MultiheadAttention(channels, 2, batch_first=True)
        self.recurrence = torch.nn.LSTM(channels, channels, batch_first=True)

    def forward(self, z):
        h = self.enter(z.mT) + torch.arange(z.shape[2])[:, None] / 5
        h = self.recurrence(self.attention(h, h, h, need_weights=False)[0])[0]
        return F.max_pool1d(h.mT, 2, 3, ceil_mode=True)


@given(st.integers(0, 4), st.integers(2, 12), seeds())
def test_t14_any_block(received, length, seed):
    block = randomise(Attend(4, received).double(), seed)
    x = integer_tensor(seed, 2, 4, length)

    def tower(x, received=received, block=block):
        return alike(block, exchange(open_frames(x, DNA), received), stack=False)

    direct, turned = tower(x), tower(rc(DNA, x))
    assert torch.equal(turned[0], direct[1])
    assert torch.equal(turned[1], direct[0])
    wide = Attend(4, 4).double()  # nested: more is received, with weights 0
    state = block.state_dict()
    state["enter.weight"] = F.pad(state["enter.weight"], (0, 4 - received))
    wide.load_state_dict(state)
    for u, v in zip(direct, tower(x, 4, wide), strict=True):
        torch.testing.assert_close(u, v, rtol=1e-12, atol=1e-12)


def _spanning(filters, taps, exchanged, seed=None, how="sum"):
    """A network of two blocks whose first kernel reads its whole input."""
    config = replace(build("tf-cnn", mixing=0.0).config, length=taps, pool=(1, 1), filters=filters, merge=how)
    config = replace(config, mixing=(exchanged / filters,))
    network = Network([BlockShape(taps), BlockShape(1)], config).double().eval()
    return network if seed is None else randomise(network, seed)


@given(st.integers(1, 2), st.data(), seeds())
def test_t15_no_share_is_redundant(taps, data, seed):
    filters = data.draw(st.integers(1, 2 * taps))
    mixed = data.draw(st.integers(1, filters))
    fewer = data.draw(st.integers(0, mixed - 1))
    places = [(c, t) for c in (0, 1) for t in range(taps)][:filters]
    witness = _spanning(filters, taps, mixed)
    with torch.no_grad():
        for parameter in witness.parameters():
            parameter.zero_()
        witness.head.dense.weight.fill_(1)
        for j, (c, t) in enumerate(places):
            witness.trunk.blocks[0].conv.weight[j, c, t] = 1
            witness.trunk.blocks[1].conv.weight[j, j] = 1
            if j < mixed:
                witness.trunk.blocks[1].conv.weight[j, filters + j] = -1
    x = integer_tensor(seed, 20, 4, taps)
    u = torch.stack([x[:, c, t] for c, t in places], 1).clamp(min=0)
    v = torch.stack([x[:, 3 - c, taps - 1 - t] for c, t in places], 1).clamp(min=0)
    target = (u - v)[:, :mixed].abs().sum(1) + (u + v)[:, mixed:].sum(1)
    assert torch.equal(witness(x)[:, 0], target)
    # A member that exchanges fewer: along what either strand does not see, its mixed differences vanish.
    member = _spanning(filters, taps, fewer, seed)
    weight = member.trunk.blocks[0].conv.weight.detach()
    seen = torch.cat([weight.flatten(1), rc(DNA, weight)[:fewer].flatten(1)])
    unseen = torch.linalg.svd(seen)[2][len(seen) :].view(-1, 4, taps)
    start = normal_tensor(seed, 100, 4, taps)

    def mixed_difference(f):
        a, b = unseen[0], rc(DNA, unseen)[-1]
        corners = [f(start + m * a + n * b) for m, n in ((1, 1), (1, 0), (0, 1), (0, 0))]
        return (corners[0] - corners[1] - corners[2] + corners[3]).abs().max().item()

    assert mixed_difference(member) < 1e-9
    assert mixed_difference(witness) > 1e-9
    other = _spanning(filters, taps, mixed, seed, "mean")
    assert same_function_class(member, other) == ("different", ("T15",))


@given(reps(max_orbits=3), seeds())
def test_t16_worth_in_data(rep, seed):
    f, other = (Positional([4], [rep.channels], [5], 6, seed + n) for n in (0, 1))
    both = integer_tensor(seed, 3, 4, 6)
    both = torch.cat([both, rc(DNA, both)])  # inputs as likely as their reverse complements
    g, target = (conjoin(model, outputs=rep, merge="mean").eval()(both) for model in (f, other))
    answers = f(both)
    apart = answers - rc(rep, answers[[3, 4, 5, 0, 1, 2]])
    lost = (answers - target).square().sum() - (g - target).square().sum()
    assert lost == apart.square().sum() / 4  # whole numbers and quarters: exact


@given(st.integers(1, 3), st.integers(0, 9), seeds())
def test_t16_least_squares(length, spare, seed):
    """Conjoined, tied and augmented least squares are one estimate."""
    examples = 4 * length + 2 + spare
    x, y = normal_tensor(seed, examples, 4, length), normal_tensor(seed + 1, examples)
    flat, turned = x.flatten(1), rc(DNA, x).flatten(1)
    conjoined = conjoin(torch.nn.Flatten(), outputs=f"{4 * length}t", merge="mean").eval()
    augmented = torch.linalg.lstsq(torch.cat([flat, turned]), torch.cat([y, y])).solution
    layer = RCConv1d(DNA, "1t", length, bias=False).double()
    with torch.no_grad():
        read = []
        for n in range(2 * length):
            layer.weight.copy_(torch.arange(2 * length) == n)
            read.append(layer(x).flatten())
        layer.weight.copy_(torch.linalg.lstsq(torch.stack(read, 1), y).solution)
    torch.testing.assert_close(layer.kernel().flatten(), augmented, rtol=1e-9, atol=1e-9)
    of_conjoined = torch.linalg.pinv(conjoined(x)) @ y
    torch.testing.assert_close(of_conjoined, augmented, rtol=1e-9, atol=1e-9)


@given(reps(max_orbits=3), reps(max_orbits=2), st.integers(1, 12), st.booleans(), seeds())
def test_t17_rounding(rep_in, rep_out, width, cancels, seed):
    layer = randomise(RCConv1d(rep_in, rep_out, width), seed)
    x = normal_tensor(seed, 2, rep_in.channels, width + 3).float()
    x = x + 1e4 * cancels  # kernels of either sign then cancel, and lose digits
    apart = (layer(rc(rep_in, x)).double() - rc(rep_out, layer(x)).double()).abs()
    n, u = rep_in.channels * width + 1, torch.finfo(torch.float32).eps / 2
    magnitudes = [
        part.detach().double().abs() for part in (rc(rep_in, x), layer.kernel(), layer.dense_bias())
    ]
    sizes = F.conv1d(*magnitudes)
    assert (apart <= 2 * n * u / (1 - n * u) * sizes).all()
    fill_with_integers(layer, seed)
    assert obeys(layer, x.round(), rep_in, rep_out)  # sums of whole numbers below 2^24 are exact


@given(reps(max_orbits=3), st.sampled_from([1, 2, float("inf")]), st.floats(-1, 2), seeds())
def test_t18_merging_well(rep, order, weight, seed):
    f, other = (Positional([4], [rep.channels], [5], 6, seed + n) for n in (0, 1))
    both = integer_tensor(seed, 3, 4, 6)
    both = torch.cat([both, rc(DNA, both)])

    def distance(u, v):
        return torch.linalg.vector_norm(u - v, order)

    g, target = (conjoin(model, outputs=rep, merge="mean").eval()(both) for model in (f, other))
    assert distance(g, target) <= distance(f(both), other(both)) + 1e-12
    assert distance(g, target) <= distance(f(both), target) + 1e-12  # the target is equivariant
    u, v, y = f(both), rc(rep, f(both)[[3, 4, 5, 0, 1, 2]]), target

    def loss(w):
        return (F.mse_loss(w * u + (1 - w) * v, y) + F.mse_loss(w * v + (1 - w) * u, y)) / 2

    assert loss(0.5) <= loss(weight) + 1e-12
