"""The paper's own tasks, whose files are large: proven on miniature files of the same formats and paths.

The files are served over HTTP on loopback, fetched, prepared, trained on for an epoch and evaluated; nothing
of the task files is changed but the size of the training.
"""

import dataclasses

import numpy as np
import pytest

from rczoo.data.preparation import load_examples
from rczoo.data.quality import check_task
from rczoo.data.task import load_task
from rczoo.evaluation.scoring import evaluate
from rczoo.files.downloads import cache_folder
from rczoo.training.trainer import train
from tests.support.miniature import (
    chip_signal,
    random_genome,
    serve,
    write_2bit,
    write_bed,
    write_bigwig,
    write_fasta,
)
from tests.support.real import PAPER

GENOME = random_genome(4, {f"chr{i}": 40_000 for i in (1, 2, 3, 4, 5, 8, 9)})
SITES = [(chrom, place) for chrom in GENOME for place in range(2000, 38_000, 4000)]
GAPS = [(chrom, place + 2000) for chrom, place in SITES]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """All files of the seven tasks, at the paths that the task files name."""
    root = tmp_path_factory.mktemp("server")
    genome = write_2bit(root / "genome.2bit", GENOME)
    fasta = write_fasta(root / "genome.fa", GENOME)
    tracks = chip_signal(GENOME, SITES)
    control = chip_signal(GENOME, GAPS, seed=9)
    for name in PAPER:
        for path, source in load_task(name).sources.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            assert source.sha256 is None
            if path.endswith(".2bit"):
                target.write_bytes(genome.read_bytes())
            elif path.endswith(".fasta"):
                target.write_bytes(fasta.read_bytes())
            elif path.endswith((".pos.bw", ".neg.bw")):
                pair = control if "patchcap" in path else tracks
                write_bigwig(target, pair[path.endswith(".neg.bw")])
            elif "summit" in path:
                write_bed(target, [(c, p, p + 1) for c, p in SITES])
            else:
                places = GAPS if "background" in path else SITES
                write_bed(target, [(c, p - 500, p + 500) for c, p in places])
    with serve(root) as (url, seen):
        yield url, seen


@pytest.mark.parametrize("name", PAPER)
def test_fetched_prepared_trained_and_evaluated(name, server, tmp_path, monkeypatch):
    url, seen = server
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RCZOO_DATA", url)
    seen.clear()
    task = load_task(name)
    assert [task.path(file).is_file() for file in task.file_names()] == [True] * len(task.sources)
    assert sorted(seen) == sorted(f"/{path}" for path in task.sources)
    recorded = list(cache_folder().rglob("*.sha256"))
    assert len(recorded) == len(task.sources)
    small = {"batch_size": 10, "epochs": 1} | ({"steps_per_epoch": 2} if task.kind == "labels" else {})
    task = dataclasses.replace(task, training=task.training.model_copy(update=small))
    assert not [f for f in check_task(task) if f.level == "problem"]
    model = train(task, strategy="rcps", out=tmp_path / "model", epochs=1, filters=3)
    found = evaluate(model, task)
    assert found["equivariance_error"] == 0
    assert found["examples"] == len(load_examples(task, "test")) > 0
    assert np.isfinite(found["jsd" if task.kind == "profile" else "auroc"])
    if task.kind == "profile":
        examples = load_examples(task, "train")
        assert set(load_examples(task, "validation").chrom) == {"chr1", "chr8", "chr9"}
        assert set(load_examples(task, "test").chrom) == {"chr2", "chr3", "chr4"}
        assert examples.jitter == 200
        assert examples.control.shape[1:] == (2, 1400)
    else:
        assert set(load_examples(task, "validation").chrom) == {"chr1"}
        assert set(load_examples(task, "test").chrom) == {"chr2"}


def test_the_seven_name_the_paper_s_addresses():
    for name in PAPER:
        task = load_task(name)
        urls = {source.url for source in task.sources.values()}
        assert any("mitra.stanford.edu/kundaje/avanti/" in url for url in urls)
        factor = name.upper() if task.kind == "labels" else name.capitalize()
        assert f"/{factor}/" in task.data.positives[0]
        assert set(task.file_names()) == set(task.sources)
