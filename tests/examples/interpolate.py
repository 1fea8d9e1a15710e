"""
# The family of other people's networks: bpnet-lite's BPNet, a DanQ and a BERT, by one parameter

`rczoo.interpolate` takes a network as it is and returns a member of its family: at mixing 0 the conjoined
model, at 1 a network whose layers all read both strands. Each row is one member: its parameters; how far
its answer is at first from the conjoined model's, which is rounding, as what is received has weight 0; how
much it is changed by the other strand once those weights are drawn at random; and how far it is from the
law then, in float64. It needs `pip install 'rczoo[foreign]'`.
"""

import torch
from bpnetlite import BPNet
from torch import nn
from transformers import BertConfig, BertForSequenceClassification

import rczoo
from rczoo.symmetry import act, relative_error

A, C, G, T = 5, 6, 7, 8
TOKENS = rczoo.tokens({A: T, C: G, G: C, T: A}, keep=(1, 1))


class DanQ(nn.Module):
    """A convolution, a bidirectional LSTM and two dense layers, after Quang & Xie 2016, smaller."""

    def __init__(self, length=200, labels=3):
        super().__init__()
        self.conv, self.pool = nn.Conv1d(4, 32, 26), nn.MaxPool1d(13, 13)
        self.lstm = nn.LSTM(32, 32, batch_first=True, bidirectional=True)
        self.dense, self.out = nn.Linear(64 * ((length - 25) // 13), 92), nn.Linear(92, labels)

    def forward(self, X):
        z = self.pool(torch.relu(self.conv(X))).transpose(1, 2)
        return self.out(torch.relu(self.dense(self.lstm(z)[0].flatten(1))))


class Logits(nn.Module):
    """The logits of a Hugging Face classifier, padded rows and all."""

    def __init__(self, bert):
        super().__init__()
        self.bert = bert

    def forward(self, input_ids, attention_mask):
        return self.bert(input_ids=input_ids, attention_mask=attention_mask).logits


def bert():
    config = BertConfig(
        vocab_size=9,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    return Logits(BertForSequenceClassification(config))


def networks():
    """Each network, its specs, and inputs for two sequences."""
    X = rczoo.one_hot(["ACGTTGCAAT" * 30, "GGATTCCGAA" * 30], torch.float64)
    yield BPNet(n_filters=16, n_layers=4), {"inputs": ("dna", "1r"), "outputs": ("1r", "1t")}, (X, X[:, :2])
    yield DanQ(), {"outputs": "3t"}, (X[..., :200],)
    ids = torch.tensor([[2, A, C, G, T, T, G, A, A, T, 3], [2, G, G, A, C, C, 3, 0, 0, 0, 0]])
    specs = {"inputs": {"input_ids": TOKENS, "attention_mask": "mask"}, "outputs": "2t"}
    yield bert(), specs, (ids, (ids > 0).long())


def turned(specs, inputs):
    """The reverse complement of the inputs; padded rows within their own length."""
    if inputs[0].is_floating_point():
        given = specs.get("inputs", "dna")
        return act(given, inputs) if len(inputs) > 1 else (act(given, inputs[0]),)
    rows = [
        torch.cat([TOKENS(r[None, :n])[0], r[n:]]) for r, n in zip(*inputs_and_lengths(inputs), strict=True)
    ]
    return torch.stack(rows), inputs[1]


def inputs_and_lengths(inputs):
    ids, mask = inputs
    return ids, mask.sum(1).tolist()


def error(given, expected):
    pairs = zip(given, expected, strict=True) if isinstance(given, tuple) else [(given, expected)]
    return max(relative_error(u, v) for u, v in pairs)


def main():
    torch.manual_seed(0)
    print(f"{'network':<8} {'mixing':>6} {'parameters':>11} {'opening':>9} {'moved':>7} {'law':>9}")
    for network, specs, inputs in networks():
        network = network.double().eval()
        conjoined = rczoo.conjoin(network, **specs).eval()
        for mixing in (0, 0.25, 0.5, 1):
            member = rczoo.interpolate(network, **specs, mixing=mixing).eval()
            with torch.no_grad():
                opening = error(member(*inputs), conjoined(*inputs))
                for name, parameter in member.named_parameters():
                    if "received_" in name:
                        parameter.normal_(0, 0.1)
                y = member(*inputs)
                moved = error(y, conjoined(*inputs))
                law = error(member(*turned(specs, inputs)), act(specs["outputs"], y))
            size = sum(p.numel() for p in member.parameters())
            name = type(getattr(network, "bert", network)).__name__.removesuffix("ForSequenceClassification")
            print(f"{name:<8} {mixing:>6} {size:>11,} {opening:>9.0e} {moved:>7.2f} {law:>9.0e}")
            assert opening < 1e-12
            assert law < 1e-12
            assert (moved > 1e-6) == (mixing > 0)


if __name__ == "__main__":
    main()
