"""The suite on random equivariant models (no false alarm) and on random mutants of them (no miss).

Run again with ``python -m tests.studies.conformance_study --models 200 --mutants 200 --seed 1535``; it prints
every false alarm and miss with its seed, and exits with 1 if there is one. Seeds are ``seed + n``.
"""

import argparse
import random
import sys
import warnings
from collections import Counter

import torch
import torch.nn.functional as F
from torch import nn

from rczoo.conformance.suite import check
from rczoo.nn.conjoined import conjoin
from rczoo.symmetry.actions import channels_last
from rczoo.symmetry.rep import Rep
from tests.support.faulty_models import Through, Tied

DNA = Rep.dna()


class Head(Tied):
    """A tied convolution whose output may have sign channels."""

    def kernel(self):
        p, s = list(self.rep_out.partners), torch.tensor(self.rep_out.signs).to(self.weight)
        weight = (self.weight + s[:, None, None] * self.rep_in.act(self.weight)[p]) / 2
        return weight, (self.bias + s * self.bias[p]) / 2


class Slightly(Tied):
    """A tied convolution whose kernel is off by a millionth."""

    def kernel(self):
        weight, bias = super().kernel()
        return weight + 1e-6 * self.weight, bias


class Skip(nn.Module):
    """h + tied dilated convolution of h, both cropped alike; ``shift`` moves the crop of the skip."""

    def __init__(self, rep, width, dilation, shift=0):
        super().__init__()
        self.inner, self.margin, self.shift = Tied(rep, rep, width, dilation=dilation), 0, shift
        self.margin = dilation * (width - 1) // 2

    def forward(self, h):
        end = h.shape[-1] - self.margin
        return h[..., self.margin - self.shift : end - self.shift] + torch.tanh(self.inner(h))


class TiedNorm(nn.Module):
    """Batch normalisation with statistics and parameters shared within pairs."""

    def __init__(self, rep):
        super().__init__()
        self.rep, self.norm = rep, nn.BatchNorm1d(rep.channels // 2)

    def forward(self, h):
        first = [c for c, j in enumerate(self.rep.partners) if c < j]
        second = [self.rep.partners[c] for c in first]
        both = self.norm(torch.cat([h[:, first], h[:, second]], dim=-1)).chunk(2, dim=-1)
        out = torch.empty_like(h)
        out[:, first], out[:, second] = both
        return out


class GlobalGate(nn.Module):
    """Every position scaled by what the whole sequence says: non-local, and rightly so."""

    def __init__(self, rep):
        super().__init__()
        self.rep, self.inner = rep, Tied(rep, rep, 1)

    def forward(self, h):
        return h * torch.sigmoid(self.inner(h.mean(-1, keepdim=True)))


class LastAxis(nn.Module):
    """A model of (batch, length, channels)."""

    def __init__(self, model, pooled):
        super().__init__()
        self.model, self.pooled = model, pooled

    def forward(self, x):
        y = self.model(x.transpose(1, 2))
        return y if self.pooled else y.transpose(1, 2)


class Pool(nn.Module):
    def forward(self, h):
        return h.mean(-1)


class ForOutput(nn.Module):
    """Changes an output: the mutants of action, and dead, constant and mirrored outputs."""

    def __init__(self, model, change):
        super().__init__()
        self.model, self.change = model, change

    def forward(self, x):
        return self.change(self.model(x))


def features(pairs, rng):
    """A regular Rep in one of three layouts."""
    return Rep(f"{pairs}r{rng.choice(['', ':flip', ':halves'])}")


def tied_network(rng, mutation=None):
    """A random tied network that is equivariant at its length: (model, Rep of the output, length)."""
    rep = features(rng.choice([3, 4, 6]), rng)
    out = rng.choice([Rep("1r"), Rep("2r:halves"), Rep("1r+1t"), Rep("2t+1s")])
    width, stride, pool = rng.choice([3, 5, 6, 9]), rng.choice([1, 1, 2, 3]), rng.choice([0, 2, 3])
    length = rng.randrange(70, 110)
    while (length - width) % stride or (pool and ((length - width) // stride + 1 - pool) % pool):
        length += 1
    if mutation == "stride":
        stride = stride if stride > 1 else 2
        while not (length - width) % stride:
            length += 1
    first = Tied(DNA, rep, width, stride=stride)
    layers = [first, rng.choice([nn.Tanh(), nn.GELU(), nn.ReLU()])]
    if pool and mutation != "stride":
        layers.append(rng.choice([nn.MaxPool1d, nn.AvgPool1d])(pool, pool))
    if rng.random() < 0.4:
        layers.append(TiedNorm(rep))
    if rng.random() < 0.3:
        layers.append(GlobalGate(rep))
    extra = {
        "same padding": lambda: Tied(rep, rep, 4, padding="same"),
        "crop": lambda: Skip(rep, 3, 1, shift=1),
        "normalisation": lambda: nn.BatchNorm1d(rep.channels),
        "dropout": lambda: rng.choice([nn.Dropout(0.2), Through(lambda h: F.dropout(h, 0.2, training=True))]),
        "untied by a millionth": lambda: Slightly(rep, rep, 3),
        "untied": lambda: nn.Conv1d(rep.channels, rep.channels, 3, padding=1),
        "constant": lambda: Through(lambda h: torch.relu(h - 1e4)),
        "upsampling": lambda: nn.Sequential(nn.Upsample(scale_factor=1.5), nn.Tanh()),
    }
    if mutation in extra:
        layers.append(extra[mutation]())
    elif rng.random() < 0.5:
        layers.append(Skip(rep, 3, rng.choice([1, 2])))
    if mutation is None and rng.random() < 0.2:
        layers.append(Through(lambda h, rep=rep: h * _alive(rep).to(h)))  # a dead pair is no fault
    return nn.Sequential(*layers, Head(rep, out, 3)), out, length


def _alive(rep):
    mask = torch.ones(rep.channels)
    mask[[0, rep.partners[0]]] = 0.0
    return mask[None, :, None]


def conjoined_network(rng):
    """A random ordinary network, conjoined: any length, stride and padding."""
    out = rng.choice([Rep("1r"), Rep("3t"), Rep("2r:flip")])
    kind = rng.choice(["convolution", "recurrent", "attention"])
    if kind == "recurrent":
        core = nn.LSTM(8, 8, batch_first=True, bidirectional=True)
    elif kind == "attention":
        core = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    else:
        core = nn.Conv1d(8, 8, 4, stride=rng.choice([1, 2, 3]))
    stem = nn.Conv1d(4, 8, rng.choice([3, 4, 7]), stride=rng.choice([1, 2]), padding=rng.choice([0, 1]))

    class Ordinary(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.core, self.norm = stem, core, nn.BatchNorm1d(8)
            self.head = nn.Conv1d(16 if kind == "recurrent" else 8, out.channels, 1)

        def forward(self, x):
            h = torch.relu(self.norm(self.stem(x)))
            if kind == "convolution":
                return self.head(self.core(h))
            h = self.core(h.transpose(1, 2))
            return self.head((h[0] if kind == "recurrent" else h).transpose(1, 2))

    model = conjoin(Ordinary(), outputs=out, merge=rng.choice(["mean", "sum", "max"]))
    return model, out, rng.randrange(40, 90)


MUTATIONS = {
    "stride": "stride",
    "same padding": "same padding",
    "crop": "crop",
    "normalisation": "normalisation",
    "dropout": "dropout",
    "untied": "untied",
    "upsampling": "upsampling",
    "constant": "constant",
    "constant head": "constant",
    "mirrored": "non-local",
    "strands not swapped": "strands not swapped",
    "length not reversed": "length not reversed",
    "layout": "layout",
    "base order": "base order",
    "untied by a millionth": "untied",
}


def mutant(rng, name):
    """A random tied network with one fault: (model, Rep of the output, length)."""
    model, out, length = tied_network(rng, name)
    while out.regular == 0 or (name == "layout" and out.channels < 3):
        model, out, length = tied_network(rng, name)
    if name == "constant head":
        return (
            ForOutput(
                model, lambda y: y * 0 + 0.5 * (1 - torch.tensor(out.signs).lt(0).to(y))[None, :, None]
            ),
            out,
            length,
        )
    if name == "mirrored":
        return ForOutput(model, lambda y: y + 0.7 * y.flip(-1)), out, length
    if name == "strands not swapped":
        return nn.Sequential(model, Tied(out, f"{out.channels}t", 1)), out, length
    if name == "length not reversed":
        return ForOutput(model, lambda y: _unreversed(y)), out, length
    if name == "layout":
        wrong = Rep("2r:flip") if out == Rep("2r:halves") else Rep("[2,1,0]")
        return nn.Sequential(model, Tied(out, wrong, 1)), out, length
    if name == "base order":
        return nn.Sequential(Through(lambda x: x[:, [0, 1, 3, 2]]), model), out, length
    return model, out, length


def _unreversed(y):
    """An output whose strands swap and whose positions stay."""
    return (y + y.flip(-1)) * torch.linspace(1, 2, y.shape[-1]).to(y)


def run(model, out, length, rng, dtype=torch.float32):
    """The report of a model, in a layout chosen at random."""
    lengths, inputs, outputs = (length,), "dna", out
    if rng.random() < 0.25:
        model, inputs, outputs = LastAxis(model, pooled=False), channels_last("dna"), channels_last(out)
    elif rng.random() < 0.2:
        return check(model.to(dtype), inputs, outputs, lengths)
    return check(model.to(dtype), inputs, outputs, lengths, quick=rng.random() < 0.3 and _quick_sees(model))


def _quick_sees(model):
    return not any(isinstance(m, nn.Dropout) for m in model.modules())


def equivariant(seed):
    """The report of random equivariant model number ``seed``."""
    rng = random.Random(seed)
    torch.manual_seed(seed)
    make = tied_network if rng.random() < 0.6 else conjoined_network
    model, out, length = make(rng)
    return run(model, out, length, rng, rng.choice([torch.float32, torch.float32, torch.float64]))


def mutated(seed):
    """The name of the fault and the report of random mutant number ``seed``."""
    rng = random.Random(seed)
    torch.manual_seed(seed)
    name = list(MUTATIONS)[seed % len(MUTATIONS)]
    model, out, length = mutant(rng, name)
    return name, run(model, out, length, rng)


def main(arguments=None):
    """Print the counts; return 1 when there is a false alarm or a miss."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=200)
    parser.add_argument("--mutants", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1535)
    given = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    alarms, misses, causes, right = [], [], Counter(), Counter()
    for seed in range(given.seed, given.seed + given.models):
        report = equivariant(seed)
        if not report.passed:
            alarms.append(seed)
            print(f"false alarm, seed {seed}:\n{report}")
    for seed in range(given.seed, given.seed + given.mutants):
        name, report = mutated(seed)
        causes[name] += 1
        if report.passed:
            misses.append(seed)
            print(f"miss, seed {seed}: {name}\n{report}")
        elif report.diagnoses and report.diagnoses[0].cause == MUTATIONS[name]:
            right[name] += 1
        else:
            print(f"other cause, seed {seed}: {name}, said {[str(d) for d in report.diagnoses]}")
    print(f"seeds {given.seed}...{given.seed + max(given.models, given.mutants) - 1}")
    print(f"equivariant models: {given.models}, false alarms: {len(alarms)} {alarms}")
    print(f"mutants: {given.mutants}, misses: {len(misses)} {misses}")
    print(f"first cause right: {right.total()} of {given.mutants}; by mutation:")
    for name, count in causes.items():
        print(f"  {name}: {right[name]} of {count}")
    return int(bool(alarms or misses))


if __name__ == "__main__":
    sys.exit(main())
