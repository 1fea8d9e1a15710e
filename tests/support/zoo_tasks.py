"""Tiny tasks, and a plan of the sweep over one, for the tests of the zoo."""

from pathlib import Path

from zoo.packs import CONFIGS, EXAMPLES, to_lines, to_npz

TINY = """
name = "tiny"
kind = "labels"
[model]
architecture = "motif-cnn"
filters = 4
length = 140
outputs = 3
[training]
batch_size = 50
epochs = {epochs}
learning_rate = 1e-2
criterion = "auroc"
augment = "set"
[data]
source = "simulation"
per_motif = {size}
counts = {{ train = {size}, validation = {size}, test = {size} }}
label_noise = 0.2
seed = 1
"""

PLAN = """
[[group]]
tier = 1
tasks = ["{task}"]
seeds = 1
strategies = {strategies}
"""


def write_pack(folder: Path, targets, outputs) -> None:
    """Write what a report reads of a task's pack: test targets, and outputs by ``MODEL/SEED``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / EXAMPLES).write_bytes(to_npz({**targets, **outputs}))
    (folder / CONFIGS).write_bytes(to_lines({}, {}, {}))


def write_tiny(folder: Path, strategies=("rcps",), epochs=2, size=100) -> Path:
    """Write ``tiny.toml`` and ``plan.toml`` into a folder; returns the task file."""
    task = folder / "tiny.toml"
    task.write_text(TINY.format(epochs=epochs, size=size))
    listed = "[" + ", ".join(f'"{name}"' for name in strategies) + "]"
    (folder / "plan.toml").write_text(PLAN.format(task=task, strategies=listed))
    return task
