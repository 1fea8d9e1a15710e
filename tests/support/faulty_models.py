"""Models with one known fault each, written before the diagnoser, and frozen since.

Each is plain torch, small, and exactly equivariant but for its fault. ``cause`` is the diagnosis that a
person who knows the fault would give. ``ORDINARY`` are honest one-strand networks, not equivariant at all.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from rczoo.symmetry.rep import Rep

DNA = Rep.dna()
FEATURES = Rep("6r")


@dataclass(frozen=True)
class Faulty:
    build: Callable[[], nn.Module]
    cause: str
    outputs: Any
    inputs: Any = "dna"
    lengths: tuple[int, ...] = (60,)
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.build.__name__


class Tied(nn.Module):
    """A convolution whose kernel is averaged with its image under RC, so equivariant when geometry allows."""

    def __init__(self, rep_in, rep_out, width, **geometry):
        super().__init__()
        self.rep_in, self.rep_out, self.geometry = Rep(str(rep_in)), Rep(str(rep_out)), geometry
        self.weight = nn.Parameter(torch.randn(self.rep_out.channels, self.rep_in.channels, width) / width)
        self.bias = nn.Parameter(torch.randn(self.rep_out.channels))

    def kernel(self):
        image = self.rep_in.act(self.weight)
        image = image[list(self.rep_out.partners)]
        return (self.weight + image) / 2, (self.bias + self.bias[list(self.rep_out.partners)]) / 2

    def forward(self, x):
        weight, bias = self.kernel()
        return F.conv1d(x, weight, bias, **self.geometry)


class TiedTransposed(Tied):
    def forward(self, x):
        weight, bias = self.kernel()
        return F.conv_transpose1d(x, weight.transpose(0, 1), bias, **self.geometry)


class Through(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Conjoined(nn.Module):
    """g(x) + back(g(turn(x))), whatever ``turn`` and ``back`` are."""

    def __init__(self, g, turn, back):
        super().__init__()
        self.g, self.turn, self.back = g, turn, back

    def forward(self, x):
        return self.g(x) + self.back(self.g(self.turn(x)))


def plain(outputs, width=7):
    return nn.Sequential(nn.Conv1d(4, 8, width, padding=width // 2), nn.GELU(), nn.Conv1d(8, outputs, 1))


def tied(*between, out="1r", first=None):
    return nn.Sequential(
        first or Tied(DNA, FEATURES, 5), *between, nn.Tanh(), Tied(FEATURES, out, 3), nn.Softplus()
    )


# Geometry


def strided_convolution():
    return tied(first=Tied(DNA, FEATURES, 5, stride=2))


def ceil_mode_pooling():
    return tied(nn.MaxPool1d(4, stride=4, ceil_mode=True), first=Tied(DNA, FEATURES, 6))


def pooling_on_even_lengths():
    return tied(nn.AvgPool1d(3, stride=2), first=Tied(DNA, FEATURES, 5))


def even_width_with_same_padding():
    return tied(first=Tied(DNA, FEATURES, 4, padding="same"))


def output_padding():
    return tied(TiedTransposed(FEATURES, FEATURES, 4, stride=2, output_padding=1))


def nearest_upsampling():
    return tied(nn.Upsample(scale_factor=1.5, mode="nearest"), first=Tied(DNA, FEATURES, 4))


class OddCrop(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = Tied(DNA, FEATURES, 5), Tied(FEATURES, FEATURES, 4)
        self.head = Tied(FEATURES, "1r", 3)

    def forward(self, x):
        h = torch.tanh(self.first(x))
        return self.head(h[..., 1:-2] + self.second(h))


def odd_crop():
    return OddCrop()


# State


def untied_batch_norm():
    return tied(nn.BatchNorm1d(12))


def dropout_masks_differ():
    return tied(nn.Dropout(0.3))


class DropoutAlways(nn.Module):
    def forward(self, x):
        return F.dropout(x, 0.2, training=True)


def dropout_at_inference():
    return tied(DropoutAlways())


# Action


def strands_not_swapped():
    return Conjoined(plain(2), DNA.act, Rep("2t").act)


def length_not_reversed():
    return Conjoined(plain(2), DNA.act, lambda y: Rep("1r").act(Rep("2t").act(y)))


def tasks_permuted():
    return Conjoined(plain(4), DNA.act, Rep("2r:flip").act)


def bases_in_another_order():
    return Conjoined(plain(2), lambda x: x[:, [0, 1, 3, 2]].flip(1, 2)[:, [0, 1, 3, 2]], Rep("1r").act)


def reversed_but_not_complemented():
    return Conjoined(plain(2), Rep("4t").act, Rep("1r").act)


def complemented_but_not_reversed():
    return Conjoined(plain(2), lambda x: Rep("4t").act(DNA.act(x)), Rep("1r").act)


class ArgmaxEmbedding(nn.Module):
    """Reads a base as the largest of its four channels, so that N becomes A on both strands."""

    def __init__(self):
        super().__init__()
        self.network = tied()

    def forward(self, x):
        return self.network(F.one_hot(x.argmax(1), 4).transpose(1, 2).to(x.dtype))


def unknown_base_read_as_a():
    return ArgmaxEmbedding()


class Controlled(nn.Module):
    """A profile from DNA and two control tracks, conjoined with a chosen action on the control."""

    def __init__(self, control):
        super().__init__()
        self.dna, self.control, self.action = plain(2), nn.Conv1d(2, 2, 3, padding=1), Rep(control)

    def forward(self, x, control):
        def g(a, b):
            return self.dna(a) * torch.sigmoid(self.control(b))

        return g(x, control) + Rep("1r").act(g(DNA.act(x), self.action.act(control)))


def control_swapped_although_unstranded():
    return Controlled("1r")


def control_not_swapped_although_stranded():
    return Controlled("2t")


def batch_axis_for_channel_axis():
    return Conjoined(plain(2), lambda x: DNA.act(x.flip(0)), Rep("1r").act)


class IndependentCoins(nn.Module):
    """Test-time augmentation with one coin for the reversal and another for the complement."""

    def __init__(self):
        super().__init__()
        self.network = tied()

    def forward(self, x):
        if torch.rand(()) < 0.5:
            x = Rep("4t").act(x)
        if torch.rand(()) < 0.5:
            x = DNA.act(Rep("4t").act(x))
        return self.network(x)


def independent_coins():
    return IndependentCoins()


class Uncopied(nn.Module):
    """Keeps a tensor that torch refuses to copy, as ``torch.nn.utils.weight_norm`` does."""

    def __init__(self):
        super().__init__()
        self.network = tied()
        self.kept = self.network[0].weight * 2

    def forward(self, x):
        return self.network(x)


def uncopied():
    return Uncopied()


# Equivariant and still wrong


def dead_network():
    return tied(Through(lambda h: torch.relu(h - 1e4)))


class ConstantHead(nn.Module):
    def __init__(self):
        super().__init__()
        self.network = tied()

    def forward(self, x):
        return torch.ones_like(self.network(x)) * 0.25


def constant_output():
    return ConstantHead()


class MirrorBranch(nn.Module):
    """Adds the features of position L-1-i to those of i, in the same frame."""

    def __init__(self):
        super().__init__()
        self.first, self.branch = Tied(DNA, FEATURES, 5), Tied(FEATURES, FEATURES, 3, padding=1)
        self.head = Tied(FEATURES, "1r", 3)

    def forward(self, x):
        h = torch.tanh(self.first(x))
        return self.head(h + self.branch(h).flip(-1))


def mirrored_positions():
    return MirrorBranch()


class Halves(nn.Module):
    """Strand halves; the fused path takes them in the other order: the same laws, other outputs."""

    def __init__(self, fused):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.first = Tied(DNA, Rep("6r:halves"), 5)
        self.head = Tied(Rep("6r:halves"), "1r", 3)
        self.fused = fused
        for p in self.parameters():
            p.data = torch.randn(p.shape, generator=generator)

    def forward(self, x):
        h = torch.tanh(self.first(x))
        return self.head(torch.cat([h[:, 6:], h[:, :6]], dim=1) if self.fused else h)


def fused_path_swaps_halves():
    return Halves(fused=True)


# Numerics, and faults that a careless checker misses


def kernel_untied_by_a_millionth():
    class Slightly(Tied):
        def kernel(self):
            weight, bias = super().kernel()
            return weight + 1e-6 * self.weight, bias

    return tied(first=Slightly(DNA, FEATURES, 5))


class OnePassVariance(nn.Module):
    """Divides by a standard deviation of features far from 0: mean of squares less squared mean."""

    def __init__(self):
        super().__init__()
        self.first, self.head = Tied(DNA, FEATURES, 5), Tied(FEATURES, "1r", 3)

    def forward(self, x):
        h = self.first(x) + 3000
        variance = h.square().mean(-1, keepdim=True) - h.mean(-1, keepdim=True).square()
        return self.head(self.first(x) / (variance.abs() + 1e-3).sqrt())


def variance_that_cancels():
    return OnePassVariance()


class OnlyT(nn.Module):
    def __init__(self):
        super().__init__()
        self.network, self.extra = tied(), nn.Conv1d(1, 2, 5)

    def forward(self, x):
        return self.network(x) + self.extra(x[:, 3:])[..., 1:-1]


def only_t_is_wrong():
    return OnlyT()


FAULTY = [
    Faulty(strided_convolution, "stride", "1r"),
    Faulty(ceil_mode_pooling, "stride", "1r"),
    Faulty(pooling_on_even_lengths, "stride", "1r", lengths=(61, 60)),
    Faulty(even_width_with_same_padding, "same padding", "1r"),
    Faulty(output_padding, "output padding", "1r"),
    Faulty(nearest_upsampling, "upsampling", "1r"),
    Faulty(odd_crop, "crop", "1r"),
    Faulty(untied_batch_norm, "normalisation", "1r"),
    Faulty(dropout_masks_differ, "dropout", "1r"),
    Faulty(dropout_at_inference, "dropout", "1r"),
    Faulty(strands_not_swapped, "strands not swapped", "1r"),
    Faulty(length_not_reversed, "length not reversed", "1r"),
    Faulty(tasks_permuted, "layout", "2r"),
    Faulty(bases_in_another_order, "base order", "1r"),
    Faulty(reversed_but_not_complemented, "not complemented", "1r"),
    Faulty(complemented_but_not_reversed, "input not reversed", "1r"),
    Faulty(unknown_base_read_as_a, "unknown base", "1r"),
    Faulty(control_swapped_although_unstranded, "control", "1r", inputs=("dna", "2t")),
    Faulty(control_not_swapped_although_stranded, "control", "1r", inputs=("dna", "1r")),
    Faulty(batch_axis_for_channel_axis, "batch", "1r"),
    Faulty(independent_coins, "random", "1r"),
    Faulty(dead_network, "constant", "1r"),
    Faulty(constant_output, "constant", "1r"),
    Faulty(mirrored_positions, "non-local", "1r"),
    Faulty(fused_path_swaps_halves, "fused path", "1r", options={"reference": lambda: Halves(fused=False)}),
    Faulty(kernel_untied_by_a_millionth, "untied", "1r"),
    Faulty(variance_that_cancels, "precision", "1r"),
    Faulty(only_t_is_wrong, "untied", "1r"),
]


# Ordinary networks, correct but not equivariant: (factory, outputs)


def convolutional_classifier():
    return nn.Sequential(
        nn.Conv1d(4, 8, 11),
        nn.BatchNorm1d(8),
        nn.ReLU(),
        nn.AdaptiveMaxPool1d(1),
        nn.Flatten(),
        nn.Linear(8, 3),
    )


def profile_network():
    return plain(2, width=11)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.recurrent, self.head = nn.LSTM(4, 8, batch_first=True, bidirectional=True), nn.Linear(16, 2)

    def forward(self, x):
        return self.head(self.recurrent(x.transpose(1, 2))[0].mean(1))


def recurrent_network():
    return Recurrent()


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Conv1d(4, 16, 5, padding=2)
        self.layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True)
        self.head = nn.Linear(16, 1)

    def forward(self, x):
        return self.head(self.layer(self.embed(x).transpose(1, 2)).mean(1))


def attention_network():
    return Attention()


class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk, self.profile, self.counts = plain(8), nn.Conv1d(8, 2, 5), nn.Linear(8, 1)

    def forward(self, x):
        h = F.relu(self.trunk(x))
        return self.profile(h), self.counts(h.mean(-1))


def profile_and_counts():
    return TwoHeads()


ORDINARY = [
    (convolutional_classifier, "3t"),
    (profile_network, "1r"),
    (recurrent_network, "2t"),
    (attention_network, "1t"),
    (profile_and_counts, ("1r", "1t")),
]
