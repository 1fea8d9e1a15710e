"""Where a model's data come from, in a card: what was measured, whom to cite, which version of the files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from rczoo.data.schema import Splits
from rczoo.data.sources.splits import listed_chromosomes
from rczoo.data.task import Task
from rczoo.files.downloads import Source

GITHUB = re.compile(r"https://raw\.githubusercontent\.com/([^/]+/[^/]+)/([0-9a-f]{40})/.*")


def origin_section(task: Task, about: Mapping[str, Any]) -> str:
    """Organism, assay, outputs, the window, the chromosomes of the splits, and what to cite."""
    origin = task.origin
    said = {
        "organism": origin.organism,
        "assembly": origin.assembly,
        "assay": origin.assay,
        "cell or strain": origin.cell,
        "outputs": ", ".join(about["outputs"]),
        "window": _window(task),
        "splits by chromosome": _splits(task),
        "to cite for the data": _cited(task),
    }
    return "## Origin\n\n" + "\n".join(f"* {name}: {text}" for name, text in said.items() if text)


def data_section(task: Task, about: Mapping[str, Any]) -> str:
    """Sizes and licence of the data, and one line on where its files are."""
    sizes = ", ".join(f"{split} {found['examples']:,}" for split, found in about["data"].items())
    sources = [source for source in map(task.source, task.file_names()) if source]
    terms = "; ".join(dict.fromkeys(source.licence for source in sources)) or "none needed"
    return (
        f"## Data\n\nExamples: {sizes}; sha256 of the test split {about['data']['test']['sha256'][:16]}. "
        f"{_files(task, sources)} Licence: {terms}."
    )


def _files(task: Task, sources: list[Source]) -> str:
    """How many files there are, and from which versions of which places."""
    if not sources:
        return f"Made by rczoo from the seed in `{task.name}.toml`."
    places = Counter(map(_place, sources))
    listed = ", ".join(f"{number} of {place}" for place, number in places.items())
    return (
        f"Files: {listed}; `rczoo tasks info {task.name}` lists each, and all are verified by their sha256."
    )


def _place(source: Source) -> str:
    """The version of a repository that has a file, or the file itself."""
    if match := GITHUB.fullmatch(source.url):
        return f"[{match[1]}](https://github.com/{match[1]}/tree/{match[2]})"
    return f"[{source.path}]({source.url})"


def _window(task: Task) -> str:
    """Which bases of the input an output is about."""
    if task.kind == "labels":
        return f"{task.length} bases, of which the answer is as a whole"
    first = (task.length - task.out_length) // 2
    last = first + task.out_length - 1
    return f"{task.length} bases; the profile is at bases {first} to {last} of them, counted from 0"


def _splits(task: Task) -> str:
    given = getattr(task.data, "splits", None)
    listed = listed_chromosomes(given) if isinstance(given, Splits) else {}
    return ", ".join(f"{split} {' '.join(names)}" for split, names in listed.items())


def _cited(task: Task) -> str | None:
    text, url = task.origin.citation, task.origin.url
    return f"[{text}]({url})" if text and url else text
