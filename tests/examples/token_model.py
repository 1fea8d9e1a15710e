"""
# A language model of DNA: tokens, a mask, and logits for each token

A small BERT with one token a base, made from its config; nothing is downloaded. It needs `pip install
'rczoo[foreign]'`.

`rczoo.tokens` says which ids are complements, A-T and C-G; what it does not name (N, padding, mask)
stays. The logits have one channel per token of the vocabulary, so reverse complement reverses the
positions *and* swaps the channels of complementary tokens: a `Rep` by partners, with `channels_last`, as
channels are the last axis here. The model answers with a mapping: of it the outputs that are named are
compared and merged, and no others are kept. The spec `"mask"` says that rows of a batch are padded on the
right, and how far each goes: reverse complement acts within each row, and is checked on unequal ones.

A tokeniser of k-mers or of byte pairs has no exact action on tokens. Then `encode` (strings to inputs)
lets `rczoo.check` and `rczoo.measure` turn the strings instead, but such a model cannot be conjoined on
its tokens.
"""

import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_model, save_model
from transformers import BertConfig, BertForMaskedLM

import rczoo

PAD, CLS, SEP, MASK, A, C, G, T, N = range(9)
COMPLEMENT = {A: T, C: G, G: C, T: A}
LOGITS = rczoo.Rep.from_partners(COMPLEMENT.get(token, token) for token in range(9))
SPECS = {
    "inputs": {"input_ids": rczoo.tokens(COMPLEMENT, unknown=N), "attention_mask": "mask"},
    "outputs": {"logits": rczoo.channels_last(LOGITS)},
}


def build():
    """The model, as anybody writes it."""
    config = BertConfig(
        vocab_size=9,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
    )
    return BertForMaskedLM(config)


def main():
    torch.manual_seed(0)
    model = build()

    print("measured: how far the two strands' answers are apart")
    print(rczoo.measure(model, **SPECS, length=60, number=64))

    both = rczoo.conjoin(model, **SPECS)

    print("\nchecked, as it was and conjoined")
    before = rczoo.check(model, **SPECS, lengths=60, quick=True, inference_only=True)
    after = rczoo.check(both, lengths=(60, 61), quick=True, inference_only=True)
    print(before.verdict)
    print(after.verdict)
    assert not before.passed
    assert after.passed, after

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "conjoined.safetensors"
        save_model(both, str(file))  # knows of tensors that two layers share, as BERT's embeddings are
        again = rczoo.conjoin(build(), **SPECS)
        load_model(again, str(file))
    ids = torch.tensor([[A, C, G, T, T, G, MASK, A, A, T]])
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    with torch.no_grad():
        same = torch.equal(both.eval()(**inputs)["logits"], again.eval()(**inputs)["logits"])
    print("\nsaved, built anew and loaded: same answers:", same)
    assert same


if __name__ == "__main__":
    main()
