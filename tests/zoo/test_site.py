"""The documentation site: built strictly, read without a network, complete; tutorials as they print."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml

import rczoo
from rczoo.conformance.checks.catalogue import CHECKS
from rczoo.data.task_file import json_schema
from tests.cli.test_options import COMMANDS
from zoo import tutorials
from zoo.site import api, commands, models, notebooks, play, reference, results
from zoo.site.links import Links
from zoo.site.npm import AXE, contents

ROOT = Path(__file__).parents[2]
LOADED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*?\bsrc="([^"]+)"|<link\b[^>]*?\bhref="([^"]+)"|url\(([^)]+)\)"""
)


@pytest.mark.slow
def test_nothing_is_asked_from_outside(site):
    out, pages = site
    sheets = {path.name: path.read_text("utf-8") for path in out.rglob("*.css")}
    for name, text in {**pages, **sheets}.items():
        for address in ("".join(found).strip("\"'") for found in LOADED.findall(text)):
            assert not re.match(r"(https?:)?//", address), f"{name} loads {address}"


@pytest.mark.slow
def test_every_link_and_picture_is_there(site):
    out, pages = site
    ids = {name: set(re.findall(r'\bid="([^"]+)"', text)) for name, text in pages.items()}
    for name, text in pages.items():
        for address in re.findall(r'(?:href|src)="([^"]+)"', text):
            path, _, part = unquote(address).partition("#")
            if name == "404.html" or re.match(r"\w+:", path):
                continue
            target = (out / name).parent.joinpath(path).resolve() if path else out / name
            assert target.exists(), f"{name} links to {address}"
            page = target.relative_to(out.resolve()).as_posix() if path else name
            assert not part or page not in ids or part in ids[page] or part.startswith("__"), (
                f"{name}: {address}"
            )


@pytest.mark.slow
def test_search_and_pages(site):
    out, pages = site
    index = json.loads((out / "search" / "search_index.js").read_text("utf-8").removeprefix("var __index = "))
    found = {entry["location"].partition("#")[0] for entry in index["docs"] if "stride" in entry["text"]}
    assert {"layers.html", "guides/ci.html"} <= found
    wanted = {"index.html", "results.html", "tasks/gcn4.html", "guides/examples/interpolate.html"}
    assert wanted | {f"tutorials/{path.stem}.html" for path in tutorials.notebooks()} <= set(pages)
    assert 'id="rczoo.family.architectures.build"' in pages["reference/api/the-family.html"]
    assert pages["reference/models.html"].count("<tr data-task=") == len(models.entries())


def test_without_a_runtime_the_page_says_so(monkeypatch):
    monkeypatch.setattr(play, "contents", lambda *_: None)
    play.files.cache_clear()
    assert "does not play" in play.page()
    play.files.cache_clear()


def test_a_package_with_another_hash_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path))
    (tmp_path / "npm").mkdir()
    (tmp_path / "npm" / f"{AXE.name}-{AXE.version}.tgz").write_bytes(b"another")
    with pytest.raises(ValueError, match=r"axe-core-4.*expected FHfa.*: delete it"):
        contents(AXE, "axe.min.js")


def test_every_public_name_command_check_and_entry_is_listed():
    named = {name for title, names in api.groups().items() if title != api.LAST for name in names}
    assert named == {name for name in rczoo.__all__ if name != "__version__"}
    said = commands.reference()
    assert {f"## rczoo {name}\n" for name in COMMANDS} == set(re.findall(r"## .*\n", said))
    assert "`--merge` | How the strands" in said
    assert "One of `labels`" not in said
    assert all(f"| `{name}` |" in reference.checks() for name in CHECKS)
    assert all(f"{{ #{table.lower()} }}\n" in reference.task_file() for table in json_schema()["$defs"])
    assert "## `[[data.signal]]` {" in reference.task_file()
    assert "| `out_length` | the number of profile positions" in reference.task_file()
    assert "`RCLinear`" in api.packages()


def test_each_task_has_its_results_and_models(monkeypatch):
    drawn = {"tasks/gcn4.svg": b"", "tasks/reb1-patterns.svg": b""}  # the whole site draws them all
    monkeypatch.setattr(results, "task_pictures", lambda: drawn)
    pages = results.task_pages()
    for task, expected in {"gcn4": [True, False], "reb1": [False, True]}.items():
        page, names = pages[f"tasks/{task}.md"], (f"]({task}.svg)", f"]({task}-patterns.svg)")
        assert [name in page for name in names] == expected
    assert "| posthoc | " in pages["tasks/gcn4.md"]
    assert "| `gcn4/mixing-0-agreement-8` | yes |" in pages["tasks/gcn4.md"]
    assert "gcn4" not in results.overview().split("## Tasks")[0]
    assert "[gcn4](RESULTS.md#gcn4)" in results.overview()


def test_links_between_files_become_links_between_pages():
    links = Links(ROOT)

    def made(text):
        return links.rewritten(text, "docs/guides/ci.md", "guides/ci.md")

    assert made("[a](../../zoo/RESULTS.md#gcn4)") == "[a](../tasks/gcn4.md)"
    assert made("[a](../../zoo/RESULTS.md#not-run)") == "[a](../results.md#not-run)"
    assert made("[`a`](../../proofs/README.md)") == "[`a`](../explanation/theory.md)"
    assert made("[a](../../tests/examples/interpolate.py)") == "[a](examples/interpolate.md)"
    assert made("[a](../tutorials/in-ci.ipynb)") == "[a](../tutorials/in-ci.md)"
    assert (
        made("[a](../../LICENSE), [b](../gone.txt), [c](https://a.b/c)")
        == "a, [b](../gone.txt), [c](https://a.b/c)"
    )
    assert made("```\n[a](../../LICENSE)\n```") == "```\n[a](../../LICENSE)\n```"
    assert made("![p](../../proofs/family.svg)") == "![p](../pictures/family.svg)"
    assert links.pictures == {"pictures/family.svg": ROOT / "proofs" / "family.svg"}


def test_docstrings_become_markdown():
    pytest.importorskip("griffe")
    from zoo.site.docstrings import markdown

    text = "See :func:`~rczoo.load`, ``Rep``.\n\n>>> 1\n1\n\nLast."
    assert markdown(text) == "See `load`, `Rep`.\n\n```pycon\n>>> 1\n1\n```\n\nLast."


def test_a_notebook_is_run_and_shown(tmp_path):
    cells = ["a = 2\nprint('two')\na + 1", "!rczoo --version\nb = a"]
    code = [{"cell_type": "code", "source": cell, "outputs": [], "metadata": {}} for cell in cells]
    path = tmp_path / "small.ipynb"
    path.write_text(
        json.dumps({"cells": [{"cell_type": "markdown", "source": ["# T"], "metadata": {}}, *code]})
    )
    assert tutorials.written(path)
    assert not tutorials.written(path)
    text = notebooks.page(path).text
    assert text.startswith("# T\n\n```python\na = 2\n")
    assert "```text\ntwo\n```\n\n```text\n3\n```" in text
    assert f"```text\nrczoo {rczoo.__version__}\n```" in text


@pytest.mark.slow
@pytest.mark.parametrize("path", tutorials.notebooks(), ids=lambda path: path.stem)
def test_a_tutorial_prints_what_it_shows(path):
    fresh, shown = tutorials.run(path), json.loads(path.read_text("utf-8"))
    assert tutorials.texts(fresh) == tutorials.texts(shown), "run python -m zoo tutorials"
    assert any(cell.get("outputs") for cell in shown["cells"])


@pytest.mark.parametrize("name", ["site.js", "play.js"])
def test_a_script_is_valid(name):
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    subprocess.run(["node", "--check", ROOT / "docs" / "assets" / name], check=True)


def git(*arguments, folder):
    """What git prints in a folder."""
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def clone(tmp_path):
    """A clone of a repository without a branch for the site, which is one page here."""
    git("init", "-q", "--bare", "origin.git", folder=tmp_path)
    git("clone", "-q", "origin.git", "clone", folder=tmp_path)
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    kept = {name: settings[name] for name in ("site_name", "theme", "extra", "use_directory_urls")}
    (tmp_path / "clone" / "docs").mkdir()
    (tmp_path / "clone" / "docs" / "index.md").write_text("# Words\n")
    (tmp_path / "clone" / "mkdocs.yml").write_text(yaml.safe_dump(kept))
    git("add", ".", folder=tmp_path / "clone")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "A page", folder=tmp_path / "clone")
    return tmp_path / "clone"


@pytest.mark.slow
def test_a_release_adds_its_version_of_the_site_and_is_the_latest(clone, monkeypatch):
    pytest.importorskip("mike", reason="versions of the site need mike: pip install 'rczoo[docs]'")
    release = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
    commands = " && ".join(re.findall(r"- run: (git config .*|mike .*)", release))
    monkeypatch.setenv("HOME", str(clone.parent))  # whose settings of git the commands write
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    for tag in ("v0.1.0", "v0.2.0"):
        environment = {**os.environ, "GITHUB_REF_NAME": tag}
        done = subprocess.run(["bash", "-c", commands], cwd=clone, env=environment, capture_output=True)
        assert done.returncode == 0, done.stderr
    site = clone.parent / "site"
    git("clone", "-q", "-b", "gh-pages", "origin.git", "site", folder=clone.parent)
    versions = json.loads((site / "versions.json").read_text("utf-8"))
    assert {each["version"]: each["aliases"] for each in versions} == {"0.1.0": [], "0.2.0": ["latest"]}
    for folder in ("0.1.0", "0.2.0", "latest"):
        assert '"version": {"provider": "mike"}' in (site / folder / "index.html").read_text("utf-8")
    assert "latest/" in (site / "index.html").read_text("utf-8")
