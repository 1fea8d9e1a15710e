"""What a training step of an interpolated plain network costs beside ``build``'s: processor time, one thread.

``python -m tests.benchmarks.interpolation`` prints seconds (the least of eight) and ratios, all of one run.
``build`` runs as a training runs it, with tied kernels where they are the cheaper form.
"""

import time

import torch
from torch import nn

import rczoo


class PlainBPNet(nn.Module):
    """bpnet without counts, as anybody writes it."""

    def __init__(self, filters):
        super().__init__()
        self.stem, self.head = nn.Conv1d(4, filters, 21), nn.Conv1d(filters, 2, 75)
        self.blocks = nn.ModuleList(nn.Conv1d(filters, filters, 3, dilation=2**n) for n in range(1, 7))

    def forward(self, x):
        z = self.stem(x).relu()
        for n, block in enumerate(self.blocks, start=1):
            z = z[..., 2**n : -(2**n)] + block(z).relu()
        return self.head(z)


def plain_tf_cnn(filters, length):
    """tf-cnn as anybody writes it."""
    layers = []
    for channels, width in ((4, 15), (filters, 14), (filters, 14)):
        layers += [nn.Conv1d(channels, filters, width), nn.BatchNorm1d(filters), nn.ReLU()]
    left = (length - 40 - 40) // 20 + 1
    return nn.Sequential(*layers, nn.MaxPool1d(40, 20), nn.Flatten(), nn.Linear(filters * left, 1))


def step(network, x, optimiser):
    """One training step; what the loss is does not matter here."""
    optimiser.zero_grad()
    network(x).square().mean().backward()
    optimiser.step()


def seconds(networks, x, rounds=8):
    """The least processor time of a step of each network, taken in turn."""
    optimisers = [torch.optim.Adam(network.train().parameters()) for network in networks]
    least = [float("inf")] * len(networks)
    for _ in range(rounds):
        for n, (network, optimiser) in enumerate(zip(networks, optimisers, strict=True)):
            began = time.process_time()
            step(network, x, optimiser)
            least[n] = min(least[n], time.process_time() - began)
    return least


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    bpnet = {"filters": 32, "length": 445, "count_head": False}
    cases = [
        ("tf-cnn", {"filters": 16}, plain_tf_cnn(16, 1000), 100, 1000, ["3", "6"], "1t"),
        ("bpnet", bpnet, PlainBPNet(32), 64, 445, "blocks.*", "1r"),
    ]
    for name, sizes, plain, batch, length, at, outputs in cases:
        x = torch.zeros(batch, 4, length).scatter_(1, torch.randint(4, (batch, 1, length)), 1)
        for mixing in (0.5, 1.0):
            built = rczoo.build(name, mixing=mixing, merge="mean", **sizes)
            built.execution = "tied"
            member = rczoo.interpolate(plain, outputs=outputs, mixing=mixing, at=at, start="fresh")
            one, ours, theirs = seconds([plain, built, member], x)
            print(
                f"{name:<7} mixing {mixing}: one strand {one:.3f}, build {ours:.3f}, "
                f"interpolate {theirs:.3f}, ratio {theirs / ours:.2f}"
            )


if __name__ == "__main__":
    main()
