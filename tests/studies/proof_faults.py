"""Faults put into the package and into the proofs by hand, and whether ``python -m proofs`` notices each.

    python -m tests.studies.proof_faults [--only WORD] [--jobs 2] [--record FILE]

Every fault is an edit of one text in one file, at the first place where it stands. The checkout is copied,
the edit made, and the proofs are run on the copy: first the theorem that ought to notice, then all. With
``--record`` what was found is kept, and not tried again while package and proofs stay as they are, so that a
run that was cut off goes on. Exit status 1 if any fault goes unnoticed.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.studies.faults import ROOT, alone, edit, edited

SOURCES = ("rczoo", "proofs")


class Fault(NamedTuple):
    """What is wrong, the file, the text and what replaces it, and the theorem that ought to notice."""

    words: str
    file: str
    right: str
    wrong: str
    theorem: str


WEAKER = '            type(LESS)("<=", frozenset({"less", "equal"}), LESS.compare),\n'
STRICTER = '            type(AT_MOST)("<", frozenset({"less"}), AT_MOST.compare),\n'
"""Relations in a file that does not import the one that is wrong there."""

CODE = [
    Fault(
        "tied kernels of pairs without reversed taps",
        "rczoo/nn/tied/kernel.py",
        "torch.cat([rows, self._columns.act(rows)])",
        "torch.cat([rows, self._columns.act(rows).flip(2)])",
        "t02",
    ),
    Fault(
        "tied kernels of other Reps without reversed taps",
        "rczoo/nn/tied/kernel.py",
        "* kernel_size + mirrored",
        "* kernel_size + mirrored[::-1]",
        "t02",
    ),
    Fault(
        "a bias of each channel its own",
        "rczoo/nn/tied/kernel.py",
        "_spread(bias, self.bias_index, None",
        "_spread(bias, self.bias_index.flip(0), None",
        "t02",
    ),
    Fault(
        "padding on one side",
        "rczoo/nn/convolution.py",
        "rest = self.stride, padding, self.dilation, self.groups",
        "x, rest = F.pad(x, (2 * padding, 0)), (self.stride, 0, self.dilation, self.groups)",
        "t07",
    ),
    Fault(
        "exchange without flip",
        "rczoo/symmetry/frames.py",
        "received = flip(first_channels(z1, k)), flip(first_channels(z0, k))",
        "received = first_channels(z1, k), first_channels(z0, k)",
        "t03",
    ),
    Fault(
        "exchange in one direction",
        "rczoo/symmetry/frames.py",
        "received = flip(first_channels(z1, k)), flip(first_channels(z0, k))",
        "received = flip(first_channels(z1, k)), flip(first_channels(z1, k))",
        "t03",
    ),
    Fault(
        "exchange of the last filters in the stacked execution",
        "rczoo/symmetry/frames.py",
        "other_strand(first_channels(z, k), z.shape[0] // 2)",
        "other_strand(first_channels(z.flip(1), k), z.shape[0] // 2)",
        "t14",
    ),
    Fault(
        "mean as sum",
        "rczoo/symmetry/frames.py",
        '"mean": lambda u, v: (u + v) / 2',
        '"mean": torch.add',
        "t03",
    ),
    Fault("maximum as sum", "rczoo/symmetry/frames.py", '"max": torch.maximum', '"max": torch.add', "t03"),
    Fault(
        "the second strand's answer not turned in a merge",
        "rczoo/symmetry/frames.py",
        "combine(frames[0], rep.act(frames[1]), how)",
        "combine(frames[0], frames[1], how)",
        "t11",
    ),
    Fault(
        "a remainder without the dilation",
        "rczoo/symmetry/geometry.py",
        "room = length + 2 * padding - dilation * (kernel_size - 1) - 1",
        "room = length + 2 * padding - (kernel_size - 1) - 1",
        "t07",
    ),
    Fault("a remainder of 0 always", "rczoo/symmetry/geometry.py", "return room % stride", "return 0", "t07"),
    Fault("another base order", "rczoo/symmetry/dna.py", 'BASES = "ACGT"', 'BASES = "AGCT"', "t01"),
    Fault(
        "a wrong complement of codes",
        "rczoo/symmetry/dna.py",
        "np.array([*Rep.dna().partners, UNKNOWN]",
        "np.array([2, 3, 0, 1, UNKNOWN]",
        "t01",
    ),
    Fault(
        "signs forgotten",
        "rczoo/symmetry/rep.py",
        "if s == -1:\n                y",
        "if s == 2:\n                y",
        "t01",
    ),
    Fault(
        "length not reversed",
        "rczoo/symmetry/rep.py",
        "y = flip(y) if length else y",
        "y = y if length else y",
        "t01",
    ),
    Fault(
        "halves read as flip",
        "rczoo/symmetry/_notation.py",
        "return [*range(n, 2 * n), *range(n)]",
        "return list(range(2 * n - 1, -1, -1))",
        "t01",
    ),
    Fault(
        "a Rep of partners that do not point at each other",
        "rczoo/symmetry/_notation.py",
        "if partners[j] != c:",
        "if False:",
        "t01",
    ),
    Fault(
        "statistics of each channel its own",
        "rczoo/nn/batch_norm.py",
        "return (statistic + statistic[self.partners]) / 2",
        "return statistic",
        "t08",
    ),
    Fault(
        "sign channels with a mean",
        "rczoo/nn/batch_norm.py",
        "mean = of_whole_batch(self._tie(x.mean((0, 2)))) * self.shifted",
        "mean = of_whole_batch(self._tie(x.mean((0, 2))))",
        "t08",
    ),
    Fault(
        "any function on sign channels",
        "rczoo/nn/layers.py",
        "if self.rep_in.sign and not _is_odd(on_sign):",
        "if self.rep_in.sign > 99 and not _is_odd(on_sign):",
        "t06",
    ),
    Fault(
        "a padded pool that takes any remainder",
        "rczoo/symmetry/geometry.py",
        "if not padding or read != [",
        "if not padding and read != [",
        "t07",
    ),
    Fault(
        "a tolerance of half the rounding",
        "rczoo/conformance/run.py",
        "plain = 2 * rounding / (1 - rounding)",
        "plain = rounding / (1 - rounding)",
        "t17",
    ),
    Fault("a maximum on sign channels", "rczoo/nn/pooling.py", "if self.rep_in.sign:", "if False:", "t07"),
    Fault(
        "a skip cropped from one side",
        "rczoo/symmetry/_memory_format.py",
        "return x[..., margin : x.shape[2] - margin]",
        "return x[..., 2 * margin :]",
        "t09",
    ),
    Fault(
        "the second answer of a conjoined model not turned",
        "rczoo/nn/conjoined.py",
        "return outputs, first, act(inputs.within(self.rep_out), second)",
        "return outputs, first, second",
        "t03",
    ),
    Fault(
        "embedding with the old kernel last",
        "rczoo/family/embedding.py",
        "state[name][tuple(slice(n) for n in value.shape)] = value",
        "state[name][tuple(slice(-n, None) for n in value.shape)] = value",
        "t04",
    ),
    Fault(
        "embedding with weights for new channels",
        "rczoo/family/embedding.py",
        "{name: torch.zeros_like(value)",
        "{name: torch.ones_like(value)",
        "t04",
    ),
    Fault(
        "sum exchanged for mean without doubling",
        "rczoo/family/embedding.py",
        "parameter.mul_(LINEAR[old] / LINEAR[merge])",
        "parameter.mul_(1)",
        "t11",
    ),
    Fault(
        "a label's bias doubled with the weights",
        "rczoo/family/embedding.py",
        'return [head.dense.get_parameter("weight")]',
        "return [*head.dense.parameters()]",
        "t11",
    ),
    Fault(
        "a gain folded into the trunk only",
        "rczoo/family/embedding.py",
        '(".conv.weight", ".join.weight")',
        '(".conv.weight",)',
        "t12",
    ),
    Fault(
        "members of unequal shares called equal",
        "rczoo/family/embedding.py",
        "if my_shares != their_shares:",
        "if False:",
        "t11",
    ),
    Fault(
        "members called different where the kernel does not span the input",
        "rczoo/family/embedding.py",
        "shapes[0].kernel_size == config.length",
        "shapes[0].kernel_size <= config.length",
        "t15",
    ),
    Fault(
        "a gain on the bias, too",
        "rczoo/family/trunk.py",
        "return conv1d(x, self.effective_weight(), self.bias, self.dilation[0])",
        "return conv1d(x, self.effective_weight(), self.gain * self.bias, self.dilation[0])",
        "t12",
    ),
    Fault(
        "a likelihood over channels",
        "rczoo/evaluation/losses.py",
        "functional.log_softmax(logits, dim=-1)",
        "functional.log_softmax(logits, dim=1)",
        "t13",
    ),
    Fault(
        "an agreement added to the whole loss",
        "rczoo/evaluation/agreement.py",
        "(1 - agreement) * loss(_mean(u0, u1), target)",
        "loss(_mean(u0, u1), target)",
        "t13",
    ),
]

PROOFS = [
    Fault(
        "a claim deleted",
        "proofs/theorems/t09_crops.py",
        '        cropped("equal crops", left_crop, left_crop),\n',
        "",
        "t09",
    ),
    Fault("'only if' deleted", "proofs/theorems/t02_kernels.py", "        necessary(),\n", "", "t02"),
    Fault("the converse deleted", "proofs/theorems/t01_representations.py", "        needed,\n", "", "t01"),
    Fault("linearity deleted", "proofs/theorems/t03_conjoining.py", "        linear,\n", "", "t03"),
    Fault(
        "the target's mixed difference deleted",
        "proofs/theorems/t04_family.py",
        "    witnesses.across,\n",
        "",
        "t04",
    ),
    Fault("the mirror deleted", "proofs/theorems/t07_geometry.py", "        mirror,\n", "", "t07"),
    Fault(
        "a statement reversed to 'at least'",
        "proofs/theorems/t05_merging.py",
        'Quantity("the loss of both strands\' mean", package.merged_loss),\n            AT_MOST,\n'
        '            Quantity("the mean of their losses", package.averaged_loss),',
        'Quantity("the mean of their losses", package.averaged_loss),\n            AT_MOST,\n'
        '            Quantity("the loss of both strands\' mean", package.merged_loss),',
        "t05",
    ),
    Fault(
        "words of a statement reversed alone",
        "proofs/theorems/t18_merging_well.py",
        '"the loss of the merge by 1/2, over both strands"',
        '"the loss of the merge by w, over both strands"',
        "t18",
    ),
    Fault(
        "strictness of T4 dropped",
        "proofs/theorems/t04_family.py",
        "            LESS,\n",
        WEAKER,
        "t04",
    ),
    Fault(
        "strictness of T15 dropped",
        "proofs/theorems/t15_shares.py",
        "            LESS,\n",
        WEAKER,
        "t15",
    ),
    Fault(
        "strictness of T5 dropped",
        "proofs/theorems/t05_merging.py",
        "            LESS,\n",
        WEAKER,
        "t05",
    ),
    Fault(
        "an inequality made strict",
        "proofs/theorems/t03_conjoining.py",
        "            AT_MOST,\n",
        STRICTER,
        "t03",
    ),
    Fault(
        "an inequality made an equation",
        "proofs/theorems/t13_agreement.py",
        "            AT_MOST,\n",
        "            EQUALS,\n",
        "t13",
    ),
    Fault(
        "a carrier taken from its part",
        "proofs/theorems/t03_conjoining.py",
        '                "exchange stays local",\n',
        "",
        "t03",
    ),
    Fault(
        "a gap that is too small",
        "proofs/theorems/t05_merging.py",
        "(u - v) ** 2 / 2,",
        "(u - v) ** 2 / 4,",
        "t05",
    ),
    Fault(
        "a mean that is a sum",
        "proofs/theorems/t03_conjoining.py",
        "return (u + v) / 2",
        "return u + v",
        "t03",
    ),
    Fault(
        "a dimension with a wrong sign",
        "proofs/theorems/t02_kernels.py",
        "* width + (to - so) * (ti - si) * odd) / 2",
        "* width + (to + so) * (ti - si) * odd) / 2",
        "t02",
    ),
    Fault(
        "a padding of the wrong sign",
        "proofs/theorems/t07_geometry.py",
        "stride * t + dilation * k - padding",
        "stride * t + dilation * k + padding",
        "t07",
    ),
    Fault(
        "a shift on sign channels",
        "proofs/theorems/t08_normalisation.py",
        "table(name)(c) + s(c) * table(name)(p(c))",
        "table(name)(c) + table(name)(p(c))",
        "t08",
    ),
    Fault(
        "a bias in each frame that stays",
        "proofs/theorems/t11_function_classes.py",
        'in_each_frame("profiles: sum is mean with doubled weights and bias", 2)',
        'in_each_frame("profiles: sum is mean with doubled weights and bias", 1)',
        "t11",
    ),
    Fault(
        "a twin that is true",
        "proofs/theorems/t12_gain.py",
        'layer("twin: the gain changes nothing", W)',
        'layer("twin: the gain changes nothing", scaled)',
        "t12",
    ),
    Fault(
        "what is only words, left out",
        "proofs/theorems/t10_gradients.py",
        '            prose="the chain rule",\n',
        "",
        "t10",
    ),
    Fault(
        "a quarter that is a half",
        "proofs/theorems/t16_worth.py",
        "sp.Rational(1, 4)",
        "sp.Rational(1, 2)",
        "t16",
    ),
    Fault(
        "a mean of 1 / chi^2 that is too small",
        "proofs/theorems/t16_worth.py",
        'inverse_mean("the mean of 1 / chi^2", 2)',
        'inverse_mean("the mean of 1 / chi^2", 1)',
        "t16",
    ),
    Fault(
        "an error of a sum left out",
        "proofs/theorems/t17_rounding.py",
        "* (1 + d) + (first + second) * d),",
        "* (1 + d)),",
        "t17",
    ),
    Fault(
        "the windows of padded pools not told apart",
        "proofs/theorems/t07_geometry.py",
        "        told_apart_by_windows(),\n",
        "",
        "t07",
    ),
    Fault(
        "an odd function that is any",
        "proofs/theorems/t06_pointwise.py",
        "return sp.Mul(*signs) * cls(",
        "return cls(",
        "t06",
    ),
    Fault(
        "maxima that add up",
        "proofs/engine/sums.py",
        "if folded := [t for t in self.terms if t.fold is not sum]:",
        "if folded := []:",
        "t09",
    ),
    Fault(
        "a collapse that goes anywhere",
        "proofs/engine/indicators.py",
        "if value not in same_rep and i.rep.p(value) not in same_rep:",
        "if False:",
        "t09",
    ),
    Fault(
        "an identity without a world",
        "proofs/engine/claims.py",
        "if not any(True for world in self.worlds for _ in self._points(world)):",
        "if False:",
        "t09",
    ),
    Fault(
        "a re-indexing that nobody checks",
        "proofs/engine/sums.py",
        "            i.check_bijection(image)\n",
        "",
        "t09",
    ),
    Fault(
        "a part that shows nothing",
        "proofs/engine/statements.py",
        '"<=", frozenset({"less", "equal"})',
        '"<=", frozenset({"less", "equal", "greater"})',
        "t05",
    ),
]


def notices(copy: Path, theorem: str) -> str:
    """The first that the proofs of a copy say against it, or nothing; only in a process of its own."""
    alone(copy)
    try:
        from proofs.__main__ import complaints

        return next(itertools.chain(complaints([theorem]), complaints([])), "")
    except BaseException as error:  # a fault that stops the import is noticed, too
        return f"{type(error).__name__}: {error}"


def trial(fault: Fault) -> tuple[str, float]:
    """What the proofs say against one fault, or nothing, and the seconds that it took."""
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        found = notices(edited(fault, Path(folder), SOURCES), fault.theorem)
    return found, time.perf_counter() - begun


def trials(faults: list[Fault], jobs: int = 1) -> Iterator[tuple[str, float]]:
    """What is said against each, in order, and the seconds; every fault in a process of its own."""
    import sympy  # noqa: F401 - the children inherit what takes long to import, and nothing of the checkout
    import torch  # noqa: F401

    with multiprocessing.get_context("fork").Pool(jobs, maxtasksperchild=1) as pool:
        yield from pool.imap(trial, faults)


def state() -> str:
    """A digest of all that is run, and of Python's version; not of texts, nor of what only Coq reads."""
    digest = hashlib.sha256(sys.version.encode())
    for file in sorted(f for part in SOURCES for f in (ROOT / part).rglob("*") if f.is_file()):
        if "__pycache__" not in file.parts and file.suffix not in (".md", ".v"):
            digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def recorded(record: Path | None) -> dict[str, str]:
    """What was found before, by fault, in the same state of package and proofs."""
    lines = record.read_text("utf-8").splitlines() if record and record.exists() else []
    rows = [json.loads(line) for line in lines]
    now = state() if rows else ""
    return {row["fault"]: row["found"] for row in rows if row["state"] == now}


def run(faults: list[Fault], jobs: int, record: Path | None) -> list[str]:
    """Try the faults that are not recorded, print what is found, and return those that go unnoticed."""
    known = recorded(record)
    new, now = [f for f in faults if str(f) not in known], state()
    for fault in faults:
        if str(fault) in known:
            print(f"{fault.words}: {known[str(fault)][:140] or 'UNNOTICED'} (recorded)", flush=True)
    for fault, (found, seconds) in zip(new, trials(new, jobs), strict=True):
        known[str(fault)] = found
        print(f"{fault.words}: {found[:140] or 'UNNOTICED'} ({seconds:.0f} s)", flush=True)
        if record:
            with record.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"fault": str(fault), "found": found, "state": now}) + "\n")
    return [fault.words for fault in faults if not known[str(fault)]]


def main(arguments: list[str] | None = None) -> int:
    """Try the faults, and print which were noticed and by what."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="faults whose words or file contain this")
    parser.add_argument("--jobs", type=int, default=1, help="faults tried at a time")
    parser.add_argument("--record", type=Path, help="a file that keeps what was found")
    asked = parser.parse_args(arguments)
    chosen = [f for f in (*CODE, *PROOFS) if asked.only in f.words or asked.only in f.file]
    for fault in chosen:
        edit(fault)  # before any time is spent
    begun = time.perf_counter()
    unnoticed = run(chosen, asked.jobs, asked.record)
    code = sum(fault in CODE for fault in chosen)
    tried = f"{code} faults in the code, {len(chosen) - code} in the proofs"
    print(f"{tried}; unnoticed: {len(unnoticed)}; {time.perf_counter() - begun:.0f} seconds")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
