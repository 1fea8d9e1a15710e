"""How time and memory of commands grow with contigs, variants and peaks, at a commit and as the code is now.

``python tests/benchmarks/growth.py --before COMMIT --large`` runs the same commands on the same files with
both, one after the other, and prints a row for each; then large files with the code as it is now alone.
Untrained models of a few filters: what is timed is the reading. Seconds are the processor's, those of the
system for the command included, so that other work on the machine counts for little.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).parents[2]
LIMIT = 1800
"""Seconds of the clock after which a run counts as too long, which a busy machine reaches sooner."""
CONTIG = 400
COMMAND = """
import sys
try:
    from rczoo.cli.main import app
except ImportError:  # as it was
    from rczoo.cli import app
app(sys.argv[1:])
"""
MODEL = """
import sys, torch, rczoo
try:
    from rczoo.family.checkpoint import save_checkpoint
except ImportError:  # as it was
    from rczoo.checkpoints import save_checkpoint
torch.manual_seed(0)
save_checkpoint(rczoo.build("motif-cnn", mixing=1, filters=2, length=100, outputs=1).eval(), sys.argv[1])
"""
TASK = """
kind = "profile"
[model]
architecture = "bpnet"
length = 546
[training]
batch_size = 16
[data]
source = "intervals"
genome = "g.fa"
positives = "peaks.bed"
out_length = 200
splits = { validation = ["c1"], test = ["c2"] }
[[data.signal]]
plus = "plus.bw"
minus = "minus.bw"
"""


def genome(folder, contigs, length):
    """Contigs c0, c1, ... as letters, and their file."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (contigs, length))
    letters = np.frombuffer(b"ACGT", np.uint8)[codes]
    with (folder / "g.fa").open("wb") as file:
        for n, row in enumerate(letters):
            file.write(b">c%d\n" % n)
            for at in range(0, length, 60):
                file.write(row[at : at + 60].tobytes() + b"\n")
    return letters


def whole_genome(folder, size):
    """``predict --genome``."""
    genome(folder, size, CONTIG)
    return ["predict", "model", "--genome", "g.fa", "--out", "out.tsv", "--step", "100"]


def one_line_per_contig(folder, size):
    """``predict --bed``."""
    genome(folder, size, CONTIG)
    (folder / "r.bed").write_text("".join(f"c{n}\t100\t200\n" for n in range(size)))
    return ["predict", "model", "--genome", "g.fa", "--bed", "r.bed", "--out", "out.tsv"]


def variants(folder, size, shuffled):
    """``variants`` on twenty chromosomes of 100 MB together."""
    letters = genome(folder, 20, 5_000_000)
    rng = np.random.default_rng(1)
    chrom, place = np.sort(rng.integers(0, 20, size)), rng.integers(100, 4_999_000, size)
    order = rng.permutation(size) if shuffled else np.lexsort((place, chrom))
    with (folder / "v.vcf").open("w") as file:
        file.write("##fileformat=VCFv4.2\n")
        for c, p in zip(chrom[order].tolist(), place[order].tolist(), strict=True):
            ref = chr(letters[c, p])
            file.write(f"c{c}\t{p + 1}\t.\t{ref}\t{'ACGT'[('ACGT'.index(ref) + 1) % 4]}\n")
    return ["variants", "model", "--vcf", "v.vcf", "--genome", "g.fa", "--out", "out.tsv"]


def peaks(folder, size):
    """``tasks check`` on ten chromosomes of 100 MB together."""
    import pyBigWig

    chromosomes, length = 10, 10_000_000
    genome(folder, chromosomes, length)
    rng = np.random.default_rng(2)
    places = [
        np.sort(rng.choice(length - 2000, size // chromosomes, False)) + 1000 for _ in range(chromosomes)
    ]
    (folder / "peaks.bed").write_text(
        "".join(f"c{c}\t{p}\t{p + 1}\n" for c, row in enumerate(places) for p in row.tolist())
    )
    for name, side in (("plus", -1), ("minus", 1)):
        file = pyBigWig.open(str(folder / f"{name}.bw"), "w")
        file.addHeader([(f"c{c}", length) for c in range(chromosomes)])
        for c, row in enumerate(places):
            near = row[:, None] + side * rng.integers(5, 40, (len(row), 6))
            at = np.unique(np.concatenate([near.ravel(), rng.integers(0, length, length // 50)]))
            file.addEntries(f"c{c}", at.tolist(), values=[1.0] * len(at), span=1)
        file.close()
    (folder / "t.toml").write_text(TASK)
    return ["tasks", "check", "t.toml"]


def saved(code, folder):
    """The folder of an untrained model, saved by the code of a folder."""
    environment = {**os.environ, "PYTHONPATH": str(code)}
    subprocess.run([sys.executable, "-c", MODEL, folder], cwd=folder.parent, env=environment, check=True)
    return folder


def timed(code, model, folder, command):
    """Processor seconds, and megabytes at most, of a command with the code of a folder, from a cold cache."""
    command = [str(model) if word == "model" else word for word in command]
    shutil.rmtree(folder / "cache", ignore_errors=True)
    (folder / "out.tsv").unlink(missing_ok=True)
    paths = {"PYTHONPATH": str(code), "RCZOO_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"}
    began = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-c", COMMAND, *command],
        cwd=folder,
        env={**os.environ, **paths},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        seconds = time.monotonic() - began
        if pid:
            break
        if seconds > LIMIT:
            child.kill()
            os.wait4(child.pid, 0)
            return f"over {LIMIT}", ""
        time.sleep(0.05)
    said = child.stderr.read().decode().strip()
    if os.waitstatus_to_exitcode(status) == 2 or "Traceback" in said:
        return f"failed: {said[-60:]}", ""
    return f"{usage.ru_utime + usage.ru_stime:.1f}", f"{usage.ru_maxrss / 1024:.0f}"


class Sizes(NamedTuple):
    """How many contigs, variants and peaks."""

    contigs: list[int]
    variants: list[int]
    peaks: list[int]


LARGE = Sizes([50_000], [100_000], [200_000])


def cases(sizes):
    """Name, what makes the files, and its arguments, for each row."""
    yield from ((f"`predict --genome`, {n:,} contigs", whole_genome, (n,)) for n in sizes.contigs)
    yield from ((f"`predict --bed`, {n:,} contigs", one_line_per_contig, (n,)) for n in sizes.contigs)
    for n in sizes.variants:
        yield f"`variants`, {n:,} sorted", variants, (n, False)
        yield f"`variants`, {n:,} in any order", variants, (n, True)
    yield from ((f"`tasks check`, {n:,} peaks", peaks, (n,)) for n in sizes.peaks)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", help="a commit; without it the code as it is now alone")
    parser.add_argument("--contigs", type=int, nargs="*", default=[500, 1000, 2000])
    parser.add_argument("--variants", type=int, nargs="*", default=[200])
    parser.add_argument("--peaks", type=int, nargs="*", default=[20_000])
    parser.add_argument("--large", action="store_true", help=f"and {LARGE} with the code as it is now")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        codes = {"now": ROOT}
        if options.before:
            codes = {options.before: Path(folder) / "before", **codes}
            codes[options.before].mkdir()
            archive = subprocess.run(
                ["git", "archive", options.before, "rczoo"], cwd=ROOT, capture_output=True, check=True
            )
            subprocess.run(["tar", "-x", "-C", codes[options.before]], input=archive.stdout, check=True)
        models = {name: saved(code, Path(folder) / f"model-{name}") for name, code in codes.items()}
        print("| what |", " | ".join(f"{name}, s | MB" for name in codes), "|")
        print("|---" * (1 + 2 * len(codes)) + "|")
        given = [(*case, codes) for case in cases(Sizes(options.contigs, options.variants, options.peaks))]
        large = [(*case, {"now": ROOT}) for case in cases(LARGE)] if options.large else []
        for title, make, arguments, tried in [*given, *large]:
            place = Path(tempfile.mkdtemp(dir=folder))
            with ProcessPoolExecutor(1) as apart:  # as what this process holds would count as the command's
                command = apart.submit(make, place, *arguments).result()
            cells = ["", ""] * (len(codes) - len(tried))
            for name, code in tried.items():
                cells += timed(code, models[name], place, command)
            print("| " + " | ".join([title, *cells]) + " |", flush=True)
            shutil.rmtree(place)


if __name__ == "__main__":
    main()
