"""``rczoo demo``: what the package does, in the order in which a user wants it; or a task's trainings."""

from __future__ import annotations

from pathlib import Path

SIMULATED = "sim-200"


def run(task: str = SIMULATED, out: str | Path = "demo", seed: int = 1535) -> Path:
    """Show the main job, and return the path of the figure; of another task than sim-200 its trainings."""
    from . import story, trainings

    if task == SIMULATED:
        return story.run(Path(out), seed)
    return trainings.run(task, Path(out), seed)
