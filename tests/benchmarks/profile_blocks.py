"""Where the time of a family block goes, by mixing: ``python -m tests.benchmarks.profile_blocks``.

Milliseconds of one core for a forward and backward pass, by PyTorch's profiler, as a Markdown table; and for
building a tied kernel and its gradient, the median of many.
"""

import statistics
import time

import torch
from torch.profiler import ProfilerActivity, profile

from rczoo.family.trunk import Block, BlockShape, is_dense
from rczoo.nn.convolution import RCConv1d
from rczoo.symmetry._even_odd import pays
from rczoo.symmetry.frames import exchange_stacked
from rczoo.symmetry.rep import Rep

BLOCKS = {
    "64 filters, width 3": (BlockShape(3, 16, residual=True), 64, 8, 1200),
    "64 filters, width 21": (BlockShape(21), 64, 4, 620),
    "16 filters, width 14": (BlockShape(14, norm=True), 16, 16, 986),
}
KINDS = {
    "products": ("convolution", "mkldnn", "aten::mm", "aten::addmm"),
    "copies": ("copy_", "cat", "flip", "fill_", "zero_", "index"),
}
REPEATS = 10
KERNELS = (("2r:flip", "64r:halves", 21), ("64r:halves", "64r:halves", 3), ("64r:halves", "64r:halves", 21))
BUILT = 200


def passes(shape, filters, batch, length, share):
    """A forward and backward pass of a block in the form that training uses at this mixing, and its part of
    the dense kernel's multiply-adds."""
    k = round(share * filters)
    block = Block(shape, filters, filters, k, 1.0)
    x = torch.randn(batch, length, 2 * filters).mT.requires_grad_()
    halved = pays(x, filters, filters, shape.kernel_size)
    if is_dense(filters, k, shape.kernel_size, halved):
        rep = Rep(f"{filters}r:halves")
        return lambda: block.tied(x, rep).sum().backward(), 0.5 if halved else 1
    frames = torch.randn(2 * batch, length, filters).mT.requires_grad_()
    return lambda: block(exchange_stacked(frames, k)).sum().backward(), (1 + share) / 2


def milliseconds(run):
    """By kind of operation."""
    for _ in range(3):
        run()
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        for _ in range(REPEATS):
            run()
    found = dict.fromkeys([*KINDS, "the rest"], 0.0)
    for event in seen.key_averages():
        kind = next((k for k, parts in KINDS.items() if any(p in event.key for p in parts)), "the rest")
        found[kind] += event.self_cpu_time_total / 1e3 / REPEATS
    return found


def building(rep_in, rep_out, width):
    """Milliseconds to build a tied kernel and send a gradient back through it."""
    convolution = RCConv1d(rep_in, rep_out, width)
    gradient, taken = torch.randn_like(convolution.kernel()), []
    for _ in range(BUILT):
        began = time.perf_counter()
        convolution.kernel().backward(gradient)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1e3


def main():
    torch.set_num_threads(1)
    print("| block | mixing | multiply-adds | products | copies | the rest | GFLOP/s of the products |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, (shape, filters, batch, length) in BLOCKS.items():
        for share in (0, 0.25, 0.5, 1):
            run, part = passes(shape, filters, batch, length, share)
            found = milliseconds(run)
            out = length - shape.dilation * (shape.kernel_size - 1)
            work = part * batch * out * shape.kernel_size * (2 * filters) ** 2
            rate = 3 * 2 * work / found["products"] / 1e6  # forward, to the input, to the weights
            cells = " | ".join(f"{found[kind]:.1f}" for kind in found)
            print(f"| {name} | {share:g} | {part:.0%} | {cells} | {rate:.0f} |", flush=True)
    print("\n| tied kernel | width | built and differentiated |")
    print("| --- | --- | --- |")
    for rep_in, rep_out, width in KERNELS:
        print(f"| {rep_in} to {rep_out} | {width} | {building(rep_in, rep_out, width):.2f} |")


if __name__ == "__main__":
    main()
