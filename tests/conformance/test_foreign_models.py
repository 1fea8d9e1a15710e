"""Models that nobody here wrote, unmodified: what the suite says of each, and again after conjoining.

``pip install 'rczoo[foreign]'`` brings them. They have random weights and small sizes.
"""

import warnings

import pytest
import torch

from rczoo.conformance.suite import check
from rczoo.nn.conjoined import conjoin
from rczoo.symmetry.actions import channels_last, tokens
from tests.studies.conformance import catalogue


def imported(name):
    """A module, or a skip with the reason."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name, reason=f"{name} is not installed: pip install 'rczoo[foreign]'")


def bpnet_lite():
    """bpnet-lite's BPNet: a stranded profile, a total count, and stranded control tracks."""
    model = imported("bpnetlite").BPNet(n_filters=16, n_layers=4)
    return model, {"inputs": ("dna", "1r"), "outputs": ("1r", "1t")}, (500, 501), {}


def bert():
    """A masked language model of one token a base, with an attention mask."""
    transformers = imported("transformers")
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=10,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
    )
    ids = tokens({4: 7, 5: 6, 6: 5, 7: 4}, unknown=8)
    partners = [0, 1, 2, 3, 7, 6, 5, 4, 8, 9]
    specs = {
        "inputs": {"input_ids": ids, "attention_mask": "positions"},
        "outputs": {"logits": channels_last("[" + ",".join(map(str, partners)) + "]")},
    }
    return transformers.BertForMaskedLM(config), specs, (60, 61), {"inference_only": True}


def enformer():
    """enformer-pytorch's Enformer: (batch, length, 4) to (batch, bins, tasks), two tasks of them stranded."""
    module = imported("enformer_pytorch")
    torch.manual_seed(0)
    model = catalogue.enformer(module)
    specs = {"inputs": channels_last("dna"), "outputs": {"human": channels_last("2r+2t")}}
    return model, specs, (256,), {"inference_only": True}


@pytest.mark.slow
@pytest.mark.parametrize("make", [bpnet_lite, bert, enformer])
def test_a_foreign_model_fails_and_its_conjoined_passes(make):
    model, specs, lengths, options = make()
    before = check(model, **specs, lengths=lengths, **options)
    print(before)
    assert not before.passed
    assert before["runs"].status == "passed"
    assert before.diagnoses[0].cause == "untied"
    assert before.diagnoses[0].verified
    assert before.repair.startswith("rczoo.conjoin(model, ")
    after = check(conjoin(model, **specs), lengths=lengths, **options)
    print(after)
    assert after.passed, str(after)
    assert after.ran >= 10
