"""Miniature files of the field's formats, and a web server on loopback that can misbehave."""

import gc
import gzip
import re
import struct
import threading
import warnings
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pyBigWig

BASES = np.array(list("ACGT"))


def random_genome(seed=0, lengths=None):
    rng = np.random.default_rng(seed)
    lengths = lengths or {"chr1": 6000, "chr2": 5000, "chr3": 7000}
    return {name: "".join(rng.choice(BASES, length)) for name, length in lengths.items()}


def write_fasta(path, genome):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        f">{name}\n" + "\n".join(s[i : i + 60] for i in range(0, len(s), 60)) for name, s in genome.items()
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


def write_2bit(path, genome):
    """The format's own layout (T C A G, four bases to a byte, runs of N apart), from its specification."""
    path.parent.mkdir(parents=True, exist_ok=True)
    offset = 16 + sum(1 + len(name) + 4 for name in genome)
    index, records = b"", b""
    for name, sequence in genome.items():
        index += bytes([len(name)]) + name.encode() + struct.pack("<I", offset + len(records))
        unknown = [run.span() for run in re.finditer("N+", sequence)]
        codes = ["TCAG".find(base) % 4 if base != "N" else 0 for base in sequence]
        codes += [0] * (-len(codes) % 4)
        packed = bytes(
            codes[i] << 6 | codes[i + 1] << 4 | codes[i + 2] << 2 | codes[i + 3]
            for i in range(0, len(codes), 4)
        )
        starts = struct.pack(f"<{len(unknown)}I", *(start for start, _ in unknown))
        sizes = struct.pack(f"<{len(unknown)}I", *(end - start for start, end in unknown))
        records += struct.pack("<II", len(sequence), len(unknown)) + starts + sizes
        records += struct.pack("<II", 0, 0) + packed
    path.write_bytes(struct.pack("<IIII", 0x1A412743, 0, len(genome), 0) + index + records)
    return path


def write_bed(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
    if path.suffix == ".gz":
        with gzip.open(path, "wt") as stream:
            stream.write(text)
    else:
        path.write_text(text)
    return path


def write_bigwig(path, tracks):
    """Whole chromosomes of values, zeros left out, as most tools write them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    out = pyBigWig.open(str(path), "w")
    out.addHeader([(name, len(values)) for name, values in tracks.items()])
    for name, values in tracks.items():
        at = np.flatnonzero(values)
        if at.size:
            out.addEntries(name, at.tolist(), values=[float(v) for v in values[at]], span=1)
    out.close()
    return path


def chip_signal(genome, sites, seed=0, spread=12, reads=60):
    """Reads of a bound factor: plus-strand ends left of each site, minus-strand ends right; background."""
    rng = np.random.default_rng(seed)
    plus = {name: rng.poisson(0.02, len(s)).astype(float) for name, s in genome.items()}
    minus = {name: rng.poisson(0.02, len(s)).astype(float) for name, s in genome.items()}
    for chrom, site in sites:
        for strand, side in ((plus, -1), (minus, 1)):
            ends = site + side * (8 + np.abs(rng.normal(0, spread, reads))).astype(int)
            np.add.at(strand[chrom], np.clip(ends, 0, len(genome[chrom]) - 1), 1)
    return plus, minus


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder; ``faults`` names files to damage, cut short or delay, ``seen`` lists the requests."""

    def __init__(self, *args, faults, seen, **kwargs):
        self.faults, self.seen = faults, seen
        super().__init__(*args, **kwargs)

    def do_GET(self):
        self.seen.append(self.path)
        fault = self.faults.get(self.path.lstrip("/"))
        if fault is None:
            return super().do_GET()
        content = Path(self.translate_path(self.path)).read_bytes()
        if fault == "missing":
            return self.send_error(404)
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if fault == "corrupt":
            content = bytes([content[0] ^ 1]) + content[1:]
        self.wfile.write(content if fault == "corrupt" else content[: len(content) // 2])
        self.wfile.flush()
        if isinstance(fault, threading.Event):
            fault.wait(20)
        return None

    def log_message(self, *args):
        pass


@contextmanager
def serve(folder, faults=None):
    """The folder's URL, and the list of paths asked for, while the context lasts."""
    seen = []
    handler = partial(Handler, directory=str(folder), faults=faults or {}, seen=seen)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = False  # so that closing waits for the last answer
    thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)  # seconds to its end
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        with warnings.catch_warnings():  # an aborted download leaves its socket to the collector
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
