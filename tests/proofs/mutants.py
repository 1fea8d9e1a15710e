"""Deliberate faults of layers, models and parametrisations, each with the law that must catch it.

A fault is a function of pytest's ``monkeypatch``. Some are faults that public code of this field has had.
"""

from contextlib import nullcontext

import numpy as np
import torch
from torch.nn import functional as F

from rczoo.family import embedding, heads, network, trunk
from rczoo.family.heads import LabelHead, ProfileHead
from rczoo.family.trunk import Block, GainConv1d
from rczoo.nn import conjoined, convolution, pooling
from rczoo.nn.batch_norm import RCBatchNorm1d
from rczoo.nn.layers import RCActivation
from rczoo.nn.pooling import RCMaxPool1d
from rczoo.nn.tied import kernel
from rczoo.nn.tied.dropout import RCDropout
from rczoo.symmetry import _notation, dna, frames, geometry
from rczoo.symmetry.frames import alike, exchange, open_frames
from rczoo.symmetry.rep import Rep, flip
from tests.family import test_architectures, test_network, test_trunk
from tests.nn import test_conjoined, test_convolution, test_layers
from tests.proofs import test_laws
from tests.symmetry import test_dna, test_frames, test_rep

MUTANTS = []


def mutant(law, *arguments):
    """Register a fault; ``law(*arguments)`` must fail under it."""

    def register(fault):
        MUTANTS.append((fault, law, arguments))
        return fault

    return register


def replaces(owner, name, law, *arguments):
    """Register a function that takes the place of ``owner.name``."""

    def register(replacement):
        def fault(monkeypatch):
            monkeypatch.setattr(owner, name, replacement)

        fault.__name__ = replacement.__name__
        return mutant(law, *arguments)(fault)

    return register


# How reverse complement acts


@replaces(Rep, "act", test_laws.test_t01_rep_is_an_involution)
def length_reversed_but_channels_not_swapped(self, x):
    return flip(x) if x.ndim == 3 else x.clone()


@replaces(Rep, "act", test_laws.test_t01_rep_is_an_involution)
def channels_swapped_but_length_not_reversed(self, x):
    sign = torch.tensor(self.signs, dtype=x.dtype).view(-1, *[1] * (x.ndim - 2))
    return x[:, list(self.partners)] * sign


@replaces(Rep, "act", test_laws.test_t01_rep_is_an_involution)
def signs_forgotten(self, x):
    y = x[:, list(self.partners)]
    return flip(y) if x.ndim == 3 else y


@replaces(Rep, "act", test_laws.test_t01_rep_is_an_involution)
def whole_channel_axis_flipped(self, x):
    return x.flip(1, 2) if x.ndim == 3 else x.flip(1)


@mutant(test_rep.test_notation, "2r:halves", [2, 3, 0, 1], [1] * 4)
def halves_read_as_flip(monkeypatch):
    right = _notation._pairs
    monkeypatch.setattr(_notation, "_pairs", lambda n, layout: right(n, layout and "flip"))


@mutant(test_dna.test_strings_codes_and_one_hot_agree)
def complement_by_index_reversal_of_bases_in_another_order(monkeypatch):
    monkeypatch.setattr(dna, "_ROWS", dna._ROWS[[0, 1, 3, 2, 4]])


@mutant(test_dna.test_base_order)
def unknown_bases_as_quarters(monkeypatch):
    rows = dna._ROWS.copy()
    rows[4] = 0.25
    monkeypatch.setattr(dna, "_ROWS", rows)


@mutant(test_dna.test_strings_codes_and_one_hot_agree)
def unknown_bases_complemented_to_a(monkeypatch):
    complement = dna._COMPLEMENT.copy()
    complement[4] = 0
    monkeypatch.setattr(dna, "_COMPLEMENT", complement)


# The tied convolution

_orbits = kernel._orbits


@replaces(kernel, "_orbits", test_laws.test_t02_kernels_span_the_constraint)
def kernel_tied_without_reversing_it(rep_out, rep_in, width, groups):
    index, sign, number = _orbits(rep_out, rep_in, 1, groups)
    return index + np.arange(width) * (number + 1), sign.repeat(width, 2), (number + 1) * width


@replaces(kernel, "_orbits", test_laws.test_t02_kernels_span_the_constraint)
def kernel_tied_with_the_wrong_sign(rep_out, rep_in, width, groups):
    index, sign, number = _orbits(rep_out, rep_in, width, groups)
    return index, abs(sign), number


@replaces(kernel, "_orbits", test_laws.test_t02_kernels_span_the_constraint)
def kernel_tied_on_output_channels_only(rep_out, rep_in, width, groups):
    return _orbits(rep_out, Rep(f"{rep_in.channels}t"), width, groups)


@mutant(test_laws.test_t02_kernels_span_the_constraint)
def kernel_equivariant_but_incomplete(monkeypatch):
    right = convolution.RCConv1d.kernel
    monkeypatch.setattr(convolution.RCConv1d, "kernel", lambda self: right(self) + right(self).flip(2))


@replaces(convolution.RCConv1d, "dense_bias", test_laws.test_t02_kernels_span_the_constraint)
def bias_of_every_channel_its_own(self):
    return torch.arange(1, self.rep_out.channels + 1, dtype=self.weight.dtype)


@replaces(convolution.RCConv1d, "forward", test_convolution.test_exactly_the_loops_and_exactly_equivariant)
def padding_on_one_side(self, x):
    x = F.pad(x, (2 * self.padding, 0))
    return F.conv1d(x, self.kernel(), self.dense_bias(), self.stride, 0, self.dilation)


# Geometry


@replaces(convolution, "check_geometry", test_laws.test_t07_geometry_decides)
def remainder_over_the_stride_accepted(name, length, width, stride, dilation, padding):
    frames_fit = length + 2 * padding - dilation * (width - 1) - 1 >= 0
    if not frames_fit:
        raise ValueError("is shorter than the receptive field")


@replaces(convolution, "check_geometry", test_laws.test_t07_geometry_decides)
def remainder_computed_without_dilation(name, length, width, stride, dilation, padding):
    geometry.check_geometry(name, length + (dilation - 1) * (width - 1), width, stride, dilation, padding)


@replaces(RCMaxPool1d, "forward", test_laws.test_t07_geometry_decides)
def remainder_mended_by_ceil_mode(self, x):
    return F.max_pool1d(x, self.kernel_size, self.stride, ceil_mode=True)


@replaces(pooling, "check_pool", test_laws.test_t07_geometry_decides)
def a_padded_pool_takes_any_remainder(name, length, kernel_size, stride, padding=0):
    return None if padding else geometry.check_pool(name, length, kernel_size, stride)


@mutant(test_laws.test_t17_rounding)
def second_strand_in_half_precision(monkeypatch):
    right = convolution.RCConv1d.kernel

    def rounded(self):
        second = torch.tensor([partner < c for c, partner in enumerate(self.rep_out.partners)])
        return torch.where(second[:, None, None], right(self).half().float(), right(self))

    monkeypatch.setattr(convolution.RCConv1d, "kernel", rounded)


@mutant(test_laws.test_t16_least_squares)
def mean_that_keeps_one_strand(monkeypatch):
    monkeypatch.setitem(frames._MERGES, "mean", lambda u, v: u)


@replaces(RCMaxPool1d, "__init__", test_laws.test_t07_geometry_decides)
def maximum_on_sign_channels(self, rep, kernel_size, stride=None, padding=0):
    super(RCMaxPool1d, self).__init__(rep, kernel_size, stride, padding)


# Norm, activation, dropout


@mutant(test_laws.test_t08_tied_norm)
def norm_untied(monkeypatch):
    class Untied(RCBatchNorm1d):
        def __init__(self, rep, **options):
            super().__init__(f"{Rep(rep).channels}t", **options)

    monkeypatch.setattr(test_laws, "RCBatchNorm1d", Untied)


@mutant(test_laws.test_t08_tied_norm)
def norm_with_untied_scales(monkeypatch):
    def forward(self, x):
        scale = torch.arange(1, self.rep_in.channels + 1, dtype=x.dtype)[:, None]
        return right(self, x) * scale

    right = RCBatchNorm1d.forward
    monkeypatch.setattr(RCBatchNorm1d, "forward", forward)


@replaces(RCBatchNorm1d, "_tie", test_laws.test_t08_tied_norm)
def batch_statistics_of_each_channel_its_own(self, statistic):
    return statistic


@mutant(test_laws.test_t08_tied_norm)
def sign_channels_with_a_mean(monkeypatch):
    def forward(self, x):
        self.shifted = torch.ones_like(self.shifted)
        return right(self, x)

    right = RCBatchNorm1d.forward
    monkeypatch.setattr(RCBatchNorm1d, "forward", forward)


@replaces(RCActivation, "__init__", test_laws.test_t06_pointwise_commutes)
def even_function_on_sign_channels(self, rep, function=F.relu):
    super(RCActivation, self).__init__(rep, rep)
    self.function, self.sign = function, None


@replaces(RCActivation, "forward", test_laws.test_t06_pointwise_commutes)
def function_of_the_position(self, x):
    return self.function(x * torch.arange(1, x.shape[2] + 1))


@replaces(RCDropout, "forward", test_layers.test_dropout_masks_are_symmetric_and_scaled)
def dropout_masks_that_differ_between_strands(self, x):
    return F.dropout(x, self.p, self.training)


@mutant(test_layers.test_dropout_masks_are_symmetric_and_scaled)
def dropout_left_on_at_inference(monkeypatch):
    right = RCDropout.forward
    monkeypatch.setattr(RCDropout, "forward", lambda self, x: right(self.train(), x))


# Frames


@replaces(trunk, "exchange", test_trunk.test_both_executions_are_exactly_the_loops)
def exchange_without_turning_though_equivariant(pair, k):
    return (torch.cat([pair[0], pair[1][:, :k]], 1), torch.cat([pair[1], pair[0][:, :k]], 1)) if k else pair


@replaces(trunk, "exchange", test_trunk.test_members_are_equivariant)
def exchange_to_one_strand_only(pair, k):
    if k == 0 or len(pair) == 1:
        return pair
    return exchange(pair, k)[0], torch.cat([pair[1], pair[1][:, :k]], 1)


@replaces(trunk, "exchange", test_laws.test_t04_embed_preserves_the_function)
def exchange_of_the_last_filters(pair, k):
    if k == 0:
        return pair
    u, v = pair
    return torch.cat([u, flip(v[:, -k:])], 1), torch.cat([v, flip(u[:, -k:])], 1)


@replaces(frames, "flip", test_frames.test_exchange_brings_the_other_strand_at_the_same_place)
def halves_and_exchange_unturned(x):
    return x


@replaces(trunk, "from_halves", test_trunk.test_both_executions_are_exactly_the_loops)
def strand_halves_taken_in_the_other_order(x):
    return frames.from_halves(torch.cat(x.chunk(2, 1)[::-1], 1))


@replaces(trunk, "open_frames", test_trunk.test_members_are_equivariant)
def second_frame_not_complemented(x, rep, strands=2):
    return (x, flip(x)) if strands == 2 else (x,)


@replaces(trunk.Trunk, "_stacked", test_trunk.test_executions_agree_with_norms)
def strands_normalised_separately(self, z):
    pair = z.chunk(2)
    for block in self.blocks:
        pair = alike(block, exchange(pair, block.exchanged), stack=False)
    return pair


@replaces(trunk, "exchange_stacked", test_trunk.test_both_executions_are_exactly_the_loops)
def stacked_exchange_within_one_strand(z, k):
    return torch.cat([z, flip(z[:, :k])], 1)


@replaces(trunk, "open_frames", test_laws.test_t10_gradients)
def gradient_through_one_strand_only(x, rep, strands=2):
    return tuple(z if n == 0 else z.detach() for n, z in enumerate(open_frames(x, rep, strands)))


@mutant(test_laws.test_t03_conjoining_is_equivariant)
def mean_of_the_first_strand_only(monkeypatch):
    monkeypatch.setitem(frames._MERGES, "mean", lambda u, v: u)


@mutant(test_laws.test_t05_mean_never_raises_the_loss)
def mean_that_sums(monkeypatch):
    monkeypatch.setitem(frames._MERGES, "mean", torch.add)


@mutant(test_laws.test_t03_conjoining_is_equivariant)
def maximum_that_sums(monkeypatch):
    monkeypatch.setitem(frames._MERGES, "max", torch.add)


@mutant(test_laws.test_t03_conjoining_is_equivariant)
def probability_of_the_mean_logit(monkeypatch):
    monkeypatch.setitem(frames._MERGES, "probability", lambda u, v: (u + v) / 2)


# The family and its networks


@replaces(trunk, "crop", test_laws.test_t09_crops)
def skip_cropped_from_one_side(x, margin):
    return x[..., 2 * margin :]


@mutant(test_trunk.test_features_stay_where_the_sequence_is)
def block_that_mixes_mirrored_positions_though_equivariant(monkeypatch):
    right = Block.forward
    monkeypatch.setattr(Block, "forward", lambda self, z: right(self, z) + flip(right(self, z)))


@mutant(test_architectures.test_frames_are_exact_at_every_batch_size, "tf-cnn", 3, torch.float64)
def network_that_is_dead_though_equivariant(monkeypatch):
    monkeypatch.setattr(Block, "forward", lambda self, z: self.conv(z) * 0)


@mutant(test_trunk.test_members_are_equivariant)
def noise_at_inference(monkeypatch):
    right = Block.forward
    monkeypatch.setattr(Block, "forward", lambda self, z: F.dropout(right(self, z), 0.5))


@replaces(heads, "merge", test_trunk.test_members_are_equivariant)
def second_strands_profile_not_turned(pair, rep, how):
    return pair[0] if len(pair) == 1 else frames.combine(*pair, how)


@replaces(network, "open_frames", test_network.test_controls_turn_by_their_own_rep, "2t", "mean", True)
def unstranded_control_swapped(x, rep, strands=2):
    return (x, x.flip(1, 2)) if strands == 2 else (x,)


@replaces(network, "open_frames", test_network.test_controls_turn_by_their_own_rep, "2t", "mean", True)
def control_not_turned(x, rep, strands=2):
    return (x,) * strands


@replaces(LabelHead, "forward", test_trunk.test_members_are_equivariant)
def pool_windows_of_the_first_strand(self, pair, controls, how):
    pooled = [F.max_pool1d(z, *self.pool).flatten(1) for z in (pair[0], flip(pair[1]))]
    return frames.combine(*map(self.dense, pooled), how)


@replaces(LabelHead, "forward", test_laws.test_t11_same_function_class)
def bias_counted_once_per_strand(self, pair, controls, how):
    pooled = [F.max_pool1d(z, *self.pool).flatten(1) for z in pair]
    return frames.combine(*map(self.dense, pooled), how)


@mutant(test_trunk.test_members_are_equivariant)
def counts_of_the_first_strand_only(monkeypatch):
    def forward(self, pair, controls, how):
        result = right(self, pair, controls, how)
        return result if self.counts is None else (result[0], self._counts(pair[0], controls[0]))

    right = ProfileHead.forward
    monkeypatch.setattr(ProfileHead, "forward", forward)


@replaces(GainConv1d, "forward", test_laws.test_t12_gain_is_a_reparametrisation)
def gain_on_the_bias_too(self, x):
    return self.gain * F.conv1d(x, self.weight, self.bias, dilation=self.dilation)


# Conjoining


@replaces(conjoined, "act", test_laws.test_t03_conjoining_is_equivariant)
def second_answer_not_turned(specs, values, what="output"):
    return values


@replaces(conjoined.Conjoined, "_spec", test_laws.test_t03_conjoining_is_equivariant)
def inputs_reversed_but_not_complemented(self, key):
    return flip


@replaces(conjoined.Conjoined, "_spec", test_conjoined.test_whole_networks_in_eval_mode)
def input_of_the_second_strand_not_turned(self, key):
    return None


_PAIRED = test_conjoined.test_train_mode_pools_statistics_and_pairs_dropout


@replaces(conjoined, "PairedDraws", _PAIRED)
def conjoined_dropout_masks_that_differ(*_):
    return nullcontext()


@replaces(conjoined, "one_batch", _PAIRED)
def conjoined_strands_normalised_separately(run, specs, values, turned):
    state = torch.get_rng_state()
    first = run(values)
    torch.set_rng_state(state)  # equal masks, so that only the statistics differ
    return len(first), torch.cat([first, run(turned)])


# The same function elsewhere

_embed, _change_merge, _fold_gain = embedding.embed, embedding.change_merge, embedding.fold_gain


@replaces(test_laws, "embed", test_laws.test_t04_embed_preserves_the_function)
def embedded_with_new_filters_drawn(old, mixing):
    larger = _embed(old, mixing)
    with torch.no_grad():
        for small, block in zip(old.trunk.blocks, larger.trunk.blocks, strict=True):
            block.conv.weight[:, small.conv.weight.shape[1] :] += 0.1
    return larger


@replaces(test_laws, "embed", test_laws.test_t04_embed_preserves_the_function)
def embedded_with_old_filters_last(old, mixing):
    larger = _embed(old, mixing)
    with torch.no_grad():
        for small, block in zip(old.trunk.blocks, larger.trunk.blocks, strict=True):
            weight = block.conv.weight
            weight.copy_(weight.roll(weight.shape[1] - small.conv.weight.shape[1], 1))
    return larger


@replaces(test_laws, "change_merge", test_laws.test_t11_same_function_class)
def merge_changed_without_doubling_the_head(old, merge):
    return old.remerge(merge)


@replaces(test_laws, "change_merge", test_laws.test_t11_same_function_class)
def merge_changed_with_the_wrong_factor(old, merge):
    return _change_merge(_change_merge(old, merge), old.config.merge).remerge(merge)


@mutant(test_laws.test_t11_same_function_class)
def maximum_called_linear(monkeypatch):
    monkeypatch.setattr(embedding, "LINEAR", {"sum": 2, "mean": 1, "max": 1})


@replaces(test_laws, "fold_gain", test_laws.test_t12_gain_is_a_reparametrisation)
def gain_folded_into_the_trunk_only(old):
    folded = _fold_gain(old)
    with torch.no_grad():
        for theirs, ours in zip(old.head.parameters(), folded.head.parameters(), strict=True):
            ours.copy_(theirs)
        folded.trunk.blocks[0].conv.bias.mul_(old.config.gain)
    return folded
