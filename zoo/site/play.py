"""The page that plays: published models as ONNX, a runtime for browsers, and examples to ask them about."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import rczoo
from rczoo.data.sources.simulation import simulate
from rczoo.data.task import load_task
from rczoo.symmetry.dna import decode, reverse_complement

from .npm import RUNTIME, contents

RUNTIME_FILES = {
    "library": "dist/ort.wasm.min.mjs",
    "glue": "dist/ort-wasm-simd-threaded.mjs",
    "wasm": "dist/ort-wasm-simd-threaded.wasm",
}
MIXING = {share: f"mixing-{share:g}-agreement-8" for share in (0.0, 0.5, 1.0)}
"""The continuum at one merge, the mean, and at the agreement that validation chose."""
PANELS: dict[str, dict[str, Mapping[float, str]]] = {
    "gcn4": {
        "Trained on one strand": {0.0: "standard"},
        "Conjoined after training": {0.0: "posthoc"},
        "Between conjoined and RCPS": MIXING,
    },
    "sim-200": {"Trained on one strand": {0.0: "standard"}, "Conjoined after training": {0.0: "posthoc"}},
}
"""By task, the panels of the page: of each, the models by their mixing."""
LABELS = {"sim-200": ["ELF1", "GATA", "RXRA"], "gcn4": []}
"""What a task's outputs are called; none for a profile."""
SITE = "GGTGACTCATT"
"""A site of Gcn4, TGACTCA, with flanks that tell its strands apart."""
MISSING = (
    '!!! note "This copy of the page does not play"\n\n'
    "    It was built without npm, a network or `rczoo[export]`; with all three, it plays."
)
FORM = """
<form id="play" hidden>
<p><label for="play-task">Models of</label><select id="play-task"></select></p>
<p><label for="play-example">Example</label><select id="play-example"></select></p>
<p class="whole"><label for="play-dna">DNA, from 5' to 3'</label>
<textarea id="play-dna" rows="6" spellcheck="false" autocapitalize="off"
 aria-describedby="play-message"></textarea></p>
<p class="whole"><button type="button" id="play-turn">Reverse complement</button>
<button type="button" id="play-fit">Fit to the length</button></p>
<p class="whole" id="play-message" role="status"></p>
</form>
<div id="play-answers"></div>
"""


def page() -> str:
    """The form, and beside it what the script needs to know; a note where the page cannot play."""
    if not files():
        return MISSING
    tasks = json.dumps({task: _about(task) for task in PANELS}).replace("</", "<\\/")
    return f'{FORM}<script type="application/json" id="play-tasks">{tasks}</script>\n'


@cache
def files() -> dict[str, bytes]:
    """The scripts that bring runtime and models, by their places; empty where they cannot be made."""
    if find_spec("onnxscript") is None or (runtime := contents(RUNTIME, *RUNTIME_FILES.values())) is None:
        return {}
    brought = dict(zip(RUNTIME_FILES, runtime, strict=True)) | exported(_names())
    return {
        f"assets/play/{name.replace('/', '-')}.js": _script(name, content)
        for name, content in brought.items()
    }


def exported(names: Sequence[str]) -> dict[str, bytes]:
    """Published models as ONNX, of one strand, or merged by sum or mean.

    A graph is exported once for all models whose fused networks have the same weights by name and shape: an
    export takes ten seconds, and the merges differ in weights alone.
    """
    import onnx

    from rczoo.export import export, fuse

    graphs: dict[Any, bytes] = {}
    found = {}
    for name in names:
        model = rczoo.load(name)
        weights = fuse(model).state_dict()
        shapes = tuple((key, tuple(value.shape)) for key, value in weights.items())
        with TemporaryDirectory() as folder:
            if shapes not in graphs:
                graphs[shapes] = export(model, Path(folder) / "model.onnx").read_bytes()
        proto = onnx.load_from_string(graphs[shapes])
        del proto.metadata_props[:]  # they tell of the first of these models
        for tensor in proto.graph.initializer:
            if tensor.name in weights:
                tensor.CopyFrom(onnx.numpy_helper.from_array(weights[tensor.name].numpy(), tensor.name))
        found[name] = proto.SerializeToString()
    return found


def _names() -> list[str]:
    return [
        f"{task}/{name}" for task, of in PANELS.items() for models in of.values() for name in models.values()
    ]


def _script(name: str, content: bytes) -> bytes:
    """A file as a script that hands it over, which a page may load without a server, too."""
    packed = base64.b64encode(gzip.compress(content, mtime=0)).decode()
    return f"rczooArrived({json.dumps(name)}, {json.dumps(packed)});\n".encode()


def _about(task: str) -> dict[str, Any]:
    """What the script knows of a task."""
    of = load_task(task)
    return {
        "title": of.title,
        "length": of.length,
        "labels": LABELS[task],
        "examples": [{"name": name, "letters": letters} for name, letters in examples(task).items()],
        "panels": [
            {
                "title": title,
                "models": [{"name": f"{task}/{name}", "mixing": mixing} for mixing, name in models.items()],
            }
            for title, models in PANELS[task].items()
        ],
    }


def examples(task: str) -> dict[str, str]:
    """Sequences to begin with, the same ones every time."""
    if task == "sim-200":
        codes, labels = simulate(200, per_motif=1, seed=0)
        names = [LABELS[task][row.argmax()] for row in labels]
        return {f"with sites of {name}": decode(row) for name, row in zip(names, codes, strict=True)}
    length = load_task(task).length
    random = decode(np.random.default_rng(0).integers(0, 4, length).astype(np.uint8))
    at = (length - len(SITE)) // 2

    def planted(site: str) -> str:
        return random[:at] + site + random[at + len(site) :]

    return {
        "a Gcn4 site in random bases": planted(SITE),
        "the site on the other strand": planted(reverse_complement(SITE)),
        "the same bases without it": random,
    }
