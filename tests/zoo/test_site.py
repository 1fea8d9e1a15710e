"""The documentation site: built without a network, every link leads somewhere, nothing is asked outside."""

import inspect
import re
import shutil
import socket
import subprocess
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote

import pytest
from typer.testing import CliRunner

import rczoo
from rczoo.files.storage import read_json
from zoo.__main__ import app
from zoo.site import DOCUMENTS, build, markdown, models, shell
from zoo.site.links import Links

ROOT = Path(__file__).parents[2]
VOID = {"meta", "link", "img", "input", "br", "hr", "path", "source", "wbr"}


class Reader(HTMLParser):
    """What the tests need to know of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.links, self.loaded, self.open = [], set(), [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append((tag, given))
        self.ids.add(given.get("id"))
        if tag in ("a", "link") and "href" in given:
            (self.links if tag == "a" else self.loaded).append(given["href"])
        if "src" in given:
            self.loaded.append(given["src"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def of(self, *names):
        return [given for tag, given in self.tags if tag in names]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The whole site, built where no connection can be made: path of a page -> its text."""

    def refuse(*_):
        raise AssertionError("the site asked for a connection")

    out = tmp_path_factory.mktemp("site") / "site"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        made = build(out)
    pages = {path: (out / path).read_text("utf-8") for path in made}
    return out, pages


@pytest.fixture(scope="module")
def readers(site):
    return {path: Reader(text) for path, text in site[1].items()}


def own(readers):
    """The pages that are not pdoc's."""
    return {p: r for p, r in readers.items() if not p.startswith("api/") or p == "api/index.html"}


def test_it_has_every_document_and_model(site):
    _, pages = site
    assert set(DOCUMENTS.values()) <= set(pages)
    assert {f"models/{name}.html" for name in models.entries(ROOT)} <= set(pages)
    assert {f"api/rczoo/{path.stem}.html" for path in (ROOT / "rczoo").glob("[a-z]*.py")} <= set(pages)
    assert len([page for page in pages if page.startswith("examples/")]) >= 5


def test_every_link_and_picture_is_there(site, readers):
    out, _ = site
    count = 0
    for page, reader in readers.items():
        for address in reader.links + reader.loaded:
            if re.match(r"https?://|data:|mailto:", address):
                continue
            path, _, part = unquote(address).partition("#")
            target = normpath(join(dirname(page), path)) if path else page
            assert (out / target).is_file(), f"{page} links to {address}"
            private = part.startswith("_")  # pdoc names private bases, which have no place of their own
            if part and not private and target in readers and "=" not in part:
                assert part in readers[target].ids, f"{page} links to {address}"
            count += 1
    assert count > 1000


def test_nothing_is_asked_from_outside(site, readers):
    out, _ = site
    for page, reader in readers.items():
        outside = [address for address in reader.loaded if re.match(r"(https?:)?//", address)]
        assert not outside, page
    for file in [*out.rglob("*.html"), *out.rglob("*.css"), *out.rglob("*.js")]:
        assert not re.search(
            r"url\(\s*['\"]?(https?:)?//|@import|fetch\(['\"]http", file.read_text("utf-8")
        ), file


def test_pages_are_for_every_reader(readers):
    for page, reader in readers.items():
        assert reader.of("html")[0]["lang"] == "en", page
        assert any(m.get("name") == "viewport" for m in reader.of("meta")), page
        assert all(image.get("alt") for image in reader.of("img")), page
    for page, reader in own(readers).items():
        levels = [int(tag[1]) for tag, _ in reader.tags if re.fullmatch("h[1-6]", tag)]
        assert levels.count(1) == 1, page
        assert all(b <= a + 1 for a, b in zip([0, *levels], levels, strict=False)), page
        assert all("scope" in cell for cell in reader.of("th")), page
        labelled = {given.get("for") for given in reader.of("label")}
        assert all(field["id"] in labelled for field in reader.of("input", "select")), page
        assert len(reader.of("main")) == 1
        current = [a for a in reader.of("a") if "aria-current" in a]
        assert len(current) == (0 if page.startswith("source/") else 1), page
        assert not reader.open, page


def test_titles_tell_pages_apart(site):
    titles = [
        re.search("<title>(.*?)</title>", text)[1] for page, text in site[1].items() if "api/" not in page
    ]
    assert len(set(titles)) == len(titles)


def test_the_table_of_models(site, readers):
    page = site[1]["models/index.html"]
    index = read_json(ROOT / "zoo" / "models" / "index.json")["models"]
    assert page.count("<tr data-task=") == len(index)
    for name, about in index.items():
        row = re.search(rf"<tr [^>]*>(?:(?!</tr>).)*>{re.escape(name)}</a>.*?</tr>", page, re.S)[0]
        for metric in models.METRICS:
            if about["metrics"].get(metric) is not None:
                assert f"{about['metrics'][metric]:.4f}" in row
    merge = {name: read_json(ROOT / "zoo" / "models" / name / "config.json")["merge"] for name in index}
    assert page.count(">no</td>") == list(merge.values()).count("none")
    wanted = re.findall(r'getElementById\("(\w+)"\)', (ROOT / "zoo/site/filter.js").read_text("utf-8"))
    fields = ["search", "task", "strategy", "metric"]
    assert {*wanted, *fields} <= readers["models/index.html"].ids


def test_a_model_s_page(site):
    about = models.entries(ROOT)["sim-200/rcps"]
    page = site[1]["models/sim-200/rcps.html"]
    assert about.files["model.safetensors"].sha256 in page
    assert "library_name" not in page  # the card's front matter is for machines
    assert "Not for clinical decisions" in page
    assert "train-clean" in page


def test_lower_is_better_for_some_metrics():
    assert 'data-first="ascending">jsd ↓' in models._metric_head("jsd")
    assert 'data-first="descending">auroc ↑' in models._metric_head("auroc")


def test_examples_show_what_they_print(site):
    assert "Conjoined: obeys reverse complement" in site[1]["examples/many_tasks.html"]
    assert "<h1" in site[1]["examples/many_tasks.html"]


def test_a_link_that_leads_nowhere_is_refused(tmp_path):
    links = Links(tmp_path, {"README.md": "index.html"})
    with pytest.raises(ValueError, match=r"README.md links to nowhere.md, which is no file"):
        links.of("README.md", "index.html")("nowhere.md")
    assert links.of("zoo/README.md", "zoo.html")("../README.md#limits") == "index.html#limits"
    assert links.of("README.md", "index.html")("https://example.org/a.md") == "https://example.org/a.md"


def test_other_files_become_pages_and_pictures_are_copied(tmp_path):
    (tmp_path / "code.py").write_text("x = '<b>'\n")
    (tmp_path / "a.svg").write_text("<svg/>")
    links = Links(tmp_path, {})
    assert links.of("README.md", "models/x.html")("code.py") == "../source/code.py.html"
    assert links.of("README.md", "index.html")("a.svg") == "files/a.svg"
    assert links.files() == {"files/a.svg": b"<svg/>"}
    (page,) = links.sources()
    assert "&lt;b&gt;" in shell.page(page)


def test_markdown_keeps_what_matters():
    text = "---\na: b\n---\n# T & U\n\n## Twice\n\n<!-- no -->\n## Twice\n\n"
    text += '| a |\n| --- |\n| [b](c.md) |\n\n<img src="d.svg">\n'
    html = markdown.render(text, lambda address: f"to-{address}")
    assert html.title == "T & U"
    assert html.sections == [("twice", "Twice"), ("twice-1", "Twice")]
    assert 'href="to-c.md"' in html.body
    assert 'src="to-d.svg"' in html.body
    assert 'scope="col"' in html.body
    assert "a: b" not in html.body
    assert "<!--" not in html.body


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ValueError, match=r"holds other files: name a new or empty folder with --out"):
        build(tmp_path, with_api=False)
    assert (tmp_path / "thesis.tex").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1


def test_the_command_replaces_a_site(tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.site.api.write", lambda out: None)
    for _ in range(2):
        result = CliRunner().invoke(app, ["site", "--out", str(tmp_path / "site")])
        assert result.exit_code == 0, result.output
        (tmp_path / "site" / "stale.html").write_text("old")
    assert re.search(r"index.html: \d+ pages", result.output)


@pytest.mark.parametrize("name", [name for name in rczoo.__all__ if not name.startswith("__")])
def test_every_public_name_has_a_docstring(name):
    value = getattr(rczoo, name)
    if inspect.isclass(value) or inspect.isroutine(value):
        assert value.__doc__
        for method, function in vars(value).items() if inspect.isclass(value) else ():
            public = inspect.isfunction(function) and not method.startswith("_")
            assert function.__doc__ or not public, f"{name}.{method}"
    else:  # a constant: its docstring is the string below it
        from pdoc.doc import Module

        stub = (ROOT / "rczoo" / "__init__.pyi").read_text("utf-8")
        module = re.search(rf"from \.([\w.]+) import {name} as", stub)[1]
        assert Module(import_module(f"rczoo.{module}")).members[name].docstring


def test_the_script_is_valid():
    """Where there is a JavaScript engine at hand; the page also works without the script."""
    node = shutil.which("node") or pytest.skip("node is not installed")
    subprocess.run([node, "--check", str(ROOT / "zoo" / "site" / "filter.js")], check=True)
