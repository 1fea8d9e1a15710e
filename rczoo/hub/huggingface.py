"""Models of the family as Hugging Face keeps them: saved to a folder, pushed to a repository, read back.

The files are those of any checkpoint here, so a repository is also a folder that ``load_checkpoint`` reads.
Needs the extra ``hub``.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from ..family.checkpoint import load_checkpoint, save_checkpoint
from ..family.ensembles import Model
from ..files.atomic import write_bytes
from ..files.storage import CONFIG, WEIGHTS

CARD = """---
library_name: rczoo
tags:
- genomics
- reverse-complement
---

# {title}

```python
from rczoo.hub import from_pretrained

model = from_pretrained("this repository")
```
"""


def save_pretrained(network: Model, folder: str | Path, **options: Any) -> str | None:
    """Write a network to a folder as a checkpoint with a card; ``options`` as the mixin has them."""
    url: str | None = _mixed()(network).save_pretrained(folder, **options)
    return url


def push_to_hub(network: Model, repo_id: str, **options: Any) -> str:
    """Push a network to a Hugging Face repository, ``org/name``; returns the URL of the commit."""
    return str(_mixed()(network).push_to_hub(repo_id, **options))


def from_pretrained(name: str | Path, **options: Any) -> Model:
    """The network in a folder or a Hugging Face repository, in eval mode; never unpickled.

    ``options`` as huggingface_hub's mixin has them: ``revision``, ``token``, ``cache_dir``, ...
    """
    network: Model = _mixed().from_pretrained(str(name), **options).network
    return network


@cache
def _mixed() -> Any:
    """The class that joins a network to huggingface_hub's mixin, made when first needed."""
    try:
        from huggingface_hub import ModelHubMixin
    except ImportError as error:
        raise ImportError("this needs huggingface_hub: pip install 'rczoo[hub]'") from error

    class Pretrained(ModelHubMixin, library_name="rczoo"):
        """A network with Hugging Face's three methods."""

        def __init__(self, network: Model) -> None:
            self.network = network

        def _save_pretrained(self, save_directory: Path) -> None:
            save_checkpoint(self.network, save_directory)
            if not (save_directory / "README.md").exists():
                write_bytes(save_directory / "README.md", CARD.format(title=self.network.title).encode())

        @classmethod
        def _from_pretrained(cls, *, model_id: str, **options: Any) -> Pretrained:
            return cls(load_checkpoint(_folder(model_id, options)))

    return Pretrained


def _folder(name: str, options: dict[str, Any]) -> Path:
    """A folder as it is, or the snapshot of a repository: weights and config alone."""
    if Path(name).is_dir():
        return Path(name)
    import huggingface_hub

    known = ("revision", "cache_dir", "force_download", "local_files_only", "token")
    chosen = {key: options[key] for key in known if key in options}
    return Path(huggingface_hub.snapshot_download(name, allow_patterns=[CONFIG, WEIGHTS], **chosen))
