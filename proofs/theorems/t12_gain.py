"""T12, machine-checked for every size: one layer of any shape; a plain stack of any depth by induction.

In words. A layer that computes ``2*conv(x) + b`` is the layer ``conv(x) + b`` with every kernel entry
doubled: the same functions, started from kernels of twice the spread. In a stack of D such layers with
zero biases and ReLU, without normalisation, the outputs at initialisation are 2^D times those of gain 1.

Derivation. The factor passes under the sum over channels and taps and joins the kernel; the bias stays
outside. The standard deviation of 2 W is twice that of W. Induction on depth: ReLU lets the positive
factor 2^l through, and the next layer contributes one more 2.

Prose: training differs. By the chain rule the gradient with respect to W is g times that with respect to
the folded kernel g W, and a step of W moves g W by g times the step: g^2 in all for plain gradient
descent, g for Adam, whose step does not scale with the gradient. The first of these two factors is
machine-checked here.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from ..engine.claims import EVERY_SIZE, Fact, Identity, Theorem
from ..engine.ranges import Index
from ..engine.statements import EQUALS, Part, Quantity
from ..engine.sums import Sum
from ..engine.symbols import natural, table
from ..engine.worlds import World
from ..models.convolution import b, batch, channels_out, convolve, o, positions, t, x
from ..package import family as package

W, bias = table("W"), table("bias")
gain = sp.Symbol("gain", positive=True)
depth = natural("depth")
sizes = {"K": 2, "M": 2, "N": 1, "stride": 1, "dilation": 1, "gain": 2}
worlds = [World(sizes, {"in": "1r", "out": "1r"})]
where: tuple[Index, ...] = (batch, channels_out, positions)


def scaled(o: sp.Expr, c: sp.Expr, k: sp.Expr) -> sp.Expr:
    """The kernel with the gain folded in."""
    return gain * W(o, c, k)


def layer(name: str, kernel: Any, factor_of_bias: Any = 1) -> Identity:
    """gain * conv(x) + bias, against one convolution with another kernel."""
    left = gain * convolve(W, x)(b, o, t) + Sum(factor_of_bias * bias(o))
    return Identity(name, left, convolve(kernel, x)(b, o, t) + Sum(bias(o)), where, worlds)


relu = lambda v: sp.Max(0, v)  # noqa: E731
feature = sp.Symbol("feature", real=True)


def passes(name: str, function: Any) -> Fact:
    """function(gain * v) = gain * function(v) for a positive gain, at v > 0, v = 0 and v < 0."""

    def fails() -> str | None:
        v = sp.Symbol("v", positive=True)
        for value in (v, sp.S.Zero, -v):
            left, right = function(gain * value), gain * function(value)
            if sp.simplify(left - right) != 0:
                at = {gain: 2, v: 1}
                return f"{left.subs(at)} != {right.subs(at)} at gain 2, value {value.subs(at)}"
        return None

    return Fact(name, fails)


step = Identity(
    "induction: a layer takes gain^l to gain^(l+1)",
    gain * convolve(W, lambda b, c, t: gain**depth * x(b, c, t))(b, o, t),
    gain ** (depth + 1) * convolve(W, x)(b, o, t),
    where,
    [World({**sizes, "depth": 3}, worlds[0].reps)],
)


def _spread() -> str | None:
    from sympy.stats import Uniform, std

    bound = sp.Symbol("bound", positive=True)
    entry = Uniform("entry", -bound, bound)
    return None if sp.simplify(std(gain * entry) - gain * std(entry)) == 0 else "the spread is not gain times"


w = sp.Symbol("w", real=True)


def _chain() -> str | None:
    """By sympy's chain rule, for an unknown loss and for one that is known."""
    for loss in (sp.Function("loss"), lambda v: v**3 - sp.exp(v)):
        folded = sp.Subs(loss(feature).diff(feature), feature, gain * w)
        if sp.simplify((loss(gain * w).diff(w) - gain * folded).doit()) != 0:
            return f"the gradient is not gain times {folded}"
    return None


THEOREM = Theorem(
    number=12,
    title="A doubled layer is a reparametrisation with twice the gain",
    parts=[
        Part(
            Quantity("gain * conv(x)", package.gained_layer),
            EQUALS,
            Quantity("the convolution by the kernel times the gain", package.kernel_multiplied),
            by=(
                "the gain joins the kernel",
                "a uniform kernel times the gain has gain times the spread",
            ),
            cases=package.gain_layers,
        ),
        Part(
            Quantity("fold_gain(network)", package.folded),
            EQUALS,
            Quantity("network, of gain 2", package.answers),
            by=(
                "the gain joins the kernel",
                "relu lets a positive factor through",
                "induction: depth 0",
                "induction: a layer takes gain^l to gain^(l+1)",
                "the gradient of the unfolded kernel is gain times the other",
            ),
            cases=package.gained,
            prose="the size of a training step",
        ),
    ],
    coverage="every layer shape and gain; every depth, by induction",
    method=f"{EVERY_SIZE}",
    decides="that the doubled layer of the paper's code is another start and other steps, not another model",
    code=("rczoo.family.trunk.GainConv1d", "rczoo.family.embedding.fold_gain"),
    tests="tests/proofs/test_laws.py::test_t12_gain_is_a_reparametrisation",
    claims=[
        layer("the gain joins the kernel", scaled),
        Fact("a uniform kernel times the gain has gain times the spread", _spread),
        passes("relu lets a positive factor through", relu),
        Identity(
            "induction: depth 0",
            gain ** depth.subs(depth, 0) * feature,
            feature,
            worlds=[World({"gain": 2, "feature": 3})],
        ),
        step,
        Fact("the gradient of the unfolded kernel is gain times the other", _chain),
    ],
    twins=[
        layer("twin: the gain changes nothing", W),
        layer("twin: the bias is doubled with it", scaled, factor_of_bias=gain),
        passes("twin: tanh lets a factor through", sp.tanh),
    ],
)
