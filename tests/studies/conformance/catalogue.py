"""The architectures of the table: how each is built, what its outputs are said to be, where it comes from."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import nn

import rczoo
from rczoo.conformance import Input
from rczoo.family.architectures.catalogue import DESIGNS

from . import long_range as lm
from . import modules as m

LAST = rczoo.channels_last
IDS = rczoo.tokens(lm.COMPLEMENT, unknown=lm.N)
LOGITS = {"logits": LAST("[3,2,1,0,4,5,6,7]")}
TOKENS = {"inputs": {"input_ids": IDS}, "outputs": LOGITS}
MASKED = {"inputs": {"input_ids": IDS, "attention_mask": "mask"}, "outputs": LOGITS}


def both_axes(y):
    """R of a map of contacts."""
    return y.flip(-2, -1)


def flat_strands(y):
    """R of two strands, one after the other (batch, 2 * positions)."""
    return y.flip(-1)


class Entry(NamedTuple):
    """One architecture. ``options`` are those of :func:`rczoo.check`; ``invariant``: it is meant to obey."""

    name: str
    source: str
    build: Callable[[], nn.Module]
    options: dict[str, Any]
    invariant: bool = False


def _entry(name, source, build, outputs, length=200, invariant=False, **options):
    return Entry(name, source, build, {"outputs": outputs, "lengths": length, **options}, invariant)


def _family(name, length, strategy="standard", **options):
    """A network of the package's own, as anybody writes it (one strand) or tied."""
    invariant = strategy != "standard"
    return Entry(
        f"{name}, {strategy}",
        "rczoo.family",
        lambda: rczoo.build(name, strategy=strategy, length=length, **{"filters": 4, **options}),
        {"outputs": None, "lengths": length},
        invariant,
    )


def _plain(name, length, **options):
    """The ordinary network of one strand that a design of the package makes a family of."""

    def build():
        both = rczoo.build(name, mixing=0.0, length=length, **{"filters": 4, **options})
        model = DESIGNS[name].plain(both.config)
        model.rep_in, model.rep_out = both.rep_in[0], both.rep_out
        return model

    return Entry(f"{name}, standard", "rczoo.family", build, {"outputs": None, "lengths": length})


def _imported(name: str):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return __import__(name, fromlist=["x"])


def _transformer(kind: str, **sizes: Any):
    def build():
        t = _imported("transformers")
        config = getattr(t, kind.split(" ")[0])(
            vocab_size=8, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
            max_position_embeddings=128, pad_token_id=lm.PAD, **sizes,
        )  # fmt: skip
        return getattr(t, kind.split(" ")[1])(config)

    return build


def _irrep():
    e = _imported("equirc.pytorch_rclayers")
    return nn.Sequential(
        e.RegToIrrepConv(2, 4, 4, 11), e.IrrepBatchNorm(4, 4), e.IrrepActivationLayer(4, 4),
        e.IrrepToIrrepConv(4, 4, 4, 4, 8), e.IrrepActivationLayer(4, 4), e.IrrepConcatLayer(4, 4),
        m.mean(), nn.Linear(8, 1),
    )  # fmt: skip


def _rcps():
    r = _imported("rcps")
    return nn.Sequential(
        r.RCPSInput(out_kernels=6, kernel_size=11), r.RCPSBatchNorm(6), nn.ReLU(),
        r.RCPS(6, 6, 5), nn.ReLU(), r.RCPSOutput(), m.mean(), nn.Linear(6, 1),
    )  # fmt: skip


def _openspliceai():
    import numpy as np

    model = _imported("openspliceai.train_base.openspliceai").SpliceAI
    return model(8, np.array([11, 11, 11, 11]), np.array([1, 1, 2, 2]))


def _promoterai():
    return _imported("promoterai_torch.architecture").PromoterAI(4, 8, [4])


def enformer(module):
    """A small Enformer of the package enformer-pytorch, which is ``module``."""
    return module.Enformer.from_hparams(
        dim=48,
        depth=1,
        heads=2,
        output_heads={"human": 6},
        target_length=4,
        num_downsamples=4,
        dim_divisible_by=4,
    )


def _bpnet_lite():
    return _imported("bpnetlite").BPNet(n_filters=8, n_layers=3)


FEATURES = ("dna", Input("8t", make=lambda codes, generator: torch.rand(len(codes), 8, generator=generator)))

PUBLISHED = [
    _family("motif-cnn", 100), _family("motif-cnn", 101, "rcps"), _family("tf-cnn", 200),
    _family("tf-cnn", 200, "rcps", pool=(40, 20)), _family("bpnet", 400), _family("bpnet", 400, "rcps"),
    _plain("deepsea", 200), _plain("basset", 200), _plain("danq", 200),
    _plain("deepstarr", 249), _plain("legnet", 230), _plain("basenji", 256, filters=8),
    _plain("enformer", 256), _plain("unet", 256), _plain("caduceus", 100),
    _entry("DeepBind", "Alipanahi 2015", m.deepbind, "1t"),
    _entry("Beluga", "Zhou 2018", m.beluga, "5t", 500),
    _entry("DeeperDeepSEA", "selene, Chen 2019", m.deeper_deepsea, "5t"),
    _entry("Sei", "Chen 2022", m.sei, "5t"),
    _entry("Basset, both strands", "Kelley 2016", m.basset_rc, "3t", invariant=True),
    _entry("DanQ", "Quang 2016", m.Recurrent, "3t"),
    _entry("DeepCpG", "Angermueller 2017", m.deepcpg, "1t"),
    _entry("FactorNet", "Quang 2019", m.factornet, "1t", invariant=True),
    _entry("SATORI", "Ullah 2021", m.Attending, "3t"),
    _entry("TBiNet", "Park 2020", lambda: m.Attending(positions=True), "3t"),
    _entry("BPNet", "Avsec 2021", m.BPNet, ("1r", "1t"), inputs=("dna", "1r")),
    _entry("ChromBPNet", "Pampari 2024", m.ChromBPNet, ("1t", "1t")),
    _entry("MPRA-DragoNN", "Movva 2019", m.dragonn, "2t", 145),
    _entry("Malinois", "Gosai 2024", m.malinois, "3t"),
    _entry("ResidualBind", "Koo 2021", m.residualbind, "1t"),
    _entry("scBasset", "Yuan 2022", m.scbasset, "7t"),
    _entry("Xpresso", "Agarwal 2020", m.Xpresso, "1t", inputs=FEATURES),
    _entry("ExPecto", "Zhou 2018", m.ExPecto, "1t"),
    _entry("Puffin", "Dudnyk 2024", m.Puffin, "1r", 301),
    _entry("SpliceAI", "Jaganathan 2019", m.spliceai, "3t"),
    _entry("Pangolin", "Zeng 2022", m.Pangolin, "6t"),
    _entry("CLIPNET", "He 2024", m.CLIPNET, (flat_strands, "1t")),
    _entry("Akita", "Fudenberg 2020", lm.Akita, both_axes),
    _entry("Borzoi", "Linder 2025", lm.Borzoi, "1r+2t"),
    _entry("GPN", "Benegas 2023", lm.Convolutions, LOGITS, 60, inputs=TOKENS["inputs"]),
    _entry("HyenaDNA", "Nguyen 2023", lm.Hyena, LOGITS, 60, inputs=TOKENS["inputs"]),
    _entry("Caduceus-PS", "Schiff 2024", lm.Caduceus, LOGITS, 60, True, inputs=TOKENS["inputs"]),
    _entry("Evo", "Nguyen 2024", lm.Striped, LOGITS, 60, inputs=TOKENS["inputs"]),
    _entry("Nucleotide Transformer", "Dalla-Torre 2025", lm.Words, "2t", 60, encode=lm.words),
    _entry("DNABERT", "transformers, Ji 2021", _transformer("BertConfig BertForMaskedLM"), LOGITS, 60,
           inputs=MASKED["inputs"], inference_only=True),
    _entry("ESM", "transformers, Dalla-Torre 2025",
           _transformer("EsmConfig EsmForMaskedLM", mask_token_id=lm.MASK), LOGITS, 60,
           inputs=MASKED["inputs"], inference_only=True),
    _entry("GPT-NeoX", "transformers, GENA-LM", _transformer("GPTNeoXConfig GPTNeoXForCausalLM"), LOGITS, 60,
           inputs=TOKENS["inputs"], inference_only=True),
    _entry("Llama", "transformers, megaDNA", _transformer("LlamaConfig LlamaForCausalLM"), LOGITS, 60,
           inputs=TOKENS["inputs"], inference_only=True),
    _entry("BPNet", "bpnet-lite", _bpnet_lite, ("1r", "1t"), 500, inputs=("dna", "1r"), inference_only=True),
    _entry("Enformer", "enformer-pytorch", lambda: enformer(_imported("enformer_pytorch")),
           {"human": LAST("2r+2t")}, 256, inputs=LAST("dna"), inference_only=True),
    _entry("EquiNet, irreps", "equirc", _irrep, "1t", invariant=True),
    _entry("RCPS", "rcps-pytorch", _rcps, "1t", invariant=True),
    _entry("SpliceAI", "openspliceai", _openspliceai, "3t"),
    _entry("PromoterAI", "promoterai-torch", _promoterai, (LAST("4t"),), inputs=LAST("dna")),
]  # fmt: skip
"""Sizes are small, weights random, and the sequences of 60 to 500 bases."""
