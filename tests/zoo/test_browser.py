"""The site as a browser shows it: filters, search, keyboard, narrow windows, and the page that plays."""

import json
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest

import rczoo
from zoo.site import models, play
from zoo.site.npm import AXE, contents

KINDS = (
    "index.html",
    "play.html",
    "tutorials/check-and-repair.html",
    "guides/use-models.html",
    "reference/models.html",
    "reference/command-line.html",
    "reference/api/the-family.html",
    "tasks/gcn4.html",
    "explanation/glossary.html",
)
"""A page of each kind."""
ANSWERED = "document.getElementById('play-message').textContent.endsWith('read on both strands.')"
SCHEME = "document.body.dataset.mdColorScheme"
FINDINGS = """axe.run(document, {resultTypes: ["violations"]}).then(({violations}) => violations
    .filter(found => ["serious", "critical"].includes(found.impact))
    .flatMap(found => found.nodes.map(node => `${found.id} ${node.html}`)))"""


def show(page, site, name, width=1280):
    """Open a page of the site as a file; no server is there to be asked."""
    page.open(f"{site[0].as_uri()}/{name}", width)


def plays(site):
    """Whether the page that plays got its models and its runtime."""
    return (site[0] / "assets" / "play").exists()


@pytest.mark.slow
def test_in_a_browser_models_are_filtered_and_sorted(page, site):
    show(page, site, "reference/models.html#task=gcn4&metric=jsd")
    wanted = [entry for name, entry in models.entries().items() if name.startswith("gcn4/")]
    scores = page.run(
        "[...document.querySelectorAll('tr[data-task]:not([hidden]) [data-key=jsd]')]"
        ".map(cell => Number(cell.dataset.value))"
    )
    assert scores == sorted(entry.metrics["jsd"] for entry in wanted)
    assert page.run("document.getElementById('count').textContent") == (
        f"{len(wanted)} of {len(models.entries())} models"
    )


@pytest.mark.slow
def test_by_keyboard_alone_a_model_is_found(page, site):
    show(page, site, "reference/models.html?keys")
    page.run("document.getElementById('search').focus()")
    for letter in "rap1":
        page.press(letter, ord(letter.upper()), letter)
    wanted = sum("rap1" in name for name in models.entries())
    assert page.run("document.getElementById('count').textContent").startswith(f"{wanted} of ")
    while page.run("document.activeElement.closest('th')?.dataset.key") != "model":
        page.press("Tab", 9)
    page.press("Enter", 13, "\r")
    assert page.run("document.activeElement.closest('th').getAttribute('aria-sort')") == "ascending"


@pytest.mark.slow
def test_in_a_browser_search_finds(page, site):
    show(page, site, "index.html?q=stride")
    found = page.wait(
        "document.querySelector('.md-search-result__meta').textContent.match(/(\\d+) matching/)"
    )
    assert int(found[1]) > 3


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1280, "default"), (390, "slate")])
def test_everybody_can_read_every_kind_of_page(page, site, width, scheme):
    """At either width, in light and in dark colours, which hardly meet: so two passes and not four."""
    if (axe := contents(AXE, "axe.min.js")) is None:
        pytest.skip("axe-core cannot be fetched")
    show(page, site, "index.html")
    if page.run(SCHEME) != scheme:
        page.run("document.querySelector('[data-md-component=palette] label:not([hidden])').click()")
    for name in KINDS:
        show(page, site, f"{name}?{width}", width)
        assert page.run(SCHEME) == scheme
        if name == "play.html" and plays(site):
            page.wait(ANSWERED)
        assert page.run("document.documentElement.scrollWidth") <= width, name
        page.run(f"{axe[0].decode()};0")
        found = page.run(FINDINGS)
        assert found == [], name


def answered(page):
    """The numbers that the playing page gives: by the name of a model, its table without the heading."""
    page.wait(ANSWERED)
    tables = page.run(
        "[...document.querySelectorAll('#play-answers section')].map(panel => ["
        "panel.querySelector('code').textContent,"
        " decodeURIComponent(panel.querySelector('a').href.split(',')[1])])"
    )
    return {name: [line.split("\t") for line in table.splitlines()[1:]] for name, table in tables}


def by_python(name, letters):
    """What a model answers in Python, as the columns of the page's table: both strands of both sequences."""
    both = [letters, rczoo.reverse_complement(letters)]
    given = rczoo.load(name)(rczoo.one_hot(both)).detach()
    return given if given.ndim == 2 else given.softmax(2).flatten(0, 1)


def choose(page, field, value):
    """Give a field of the playing page a value, as a reader does."""
    page.run(
        f"(e => {{e.value = {json.dumps(value)};"
        " for (const kind of ['input', 'change']) e.dispatchEvent(new Event(kind, {bubbles: true}))"
        f"}})(document.getElementById({json.dumps(field)}))"
    )


@pytest.fixture(scope="module")
def served(site):
    """The address of a server of this machine that has the site."""
    handler = partial(Quiet, directory=site[0])
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    """Files of a folder, without a line of log for each."""

    def log_message(self, *_):
        pass


@pytest.fixture
def playing(page, site, request):
    """The page that plays, opened from a server, or as a file; it asks nothing of anybody outside."""
    if not plays(site):
        pytest.skip("the page does not play: npm, a network or onnxscript is missing")
    served = not hasattr(request, "param")
    start = request.getfixturevalue("served") if served else site[0].as_uri()
    page.requests.clear()
    page.open(f"{start}/play.html")
    yield page
    near = start if served else "file:"  # the menu of versions looks beside the folder
    assert [asked for asked in page.requests if not asked.startswith((near, "data:", "blob:"))] == []


AS_A_FILE = pytest.mark.parametrize("playing", ["file"], indirect=True)


@pytest.mark.slow
@pytest.mark.parametrize("task", play.PANELS)
def test_the_page_plays_what_python_computes(playing, task):
    choose(playing, "play-task", task)
    letters = next(iter(play.examples(task).values()))
    seen = answered(playing)
    for place in range(len(play.MIXING) if task == "gcn4" else 0):
        choose(playing, "play-mixing", place)
        seen |= answered(playing)
    assert set(seen) == {
        f"{task}/{name}" for models in play.PANELS[task].values() for name in models.values()
    }
    for name, rows in seen.items():
        numbers = np.array([row[1:] for row in rows], float)
        np.testing.assert_allclose(numbers, by_python(name, letters).T, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.slow
@AS_A_FILE
def test_a_profile_turns_with_the_sequence_where_the_law_holds(playing):
    def columns(name):
        return np.array([row[1:] for row in answered(playing)[name]], float).T

    before = {name: columns(name) for name in ("gcn4/standard", "gcn4/posthoc")}
    playing.run("document.getElementById('play-turn').click()")
    for name, (plus, minus, *other) in before.items():
        after = columns(name)
        np.testing.assert_allclose(after[:2], other, atol=1e-6)
        apart = max(np.abs(after[0] - minus[::-1]).max(), np.abs(after[1] - plus[::-1]).max())
        assert apart < 1e-6 if name == "gcn4/posthoc" else apart > 0.01
    shown = playing.run(
        "[...document.querySelectorAll('#play-answers section > div > p')].map(p => p.className)"
    )
    assert shown[::2] == ["apart", "same", "same"]


@pytest.mark.slow
def test_the_page_says_what_it_cannot_read(playing):
    said = "document.getElementById('play-message').textContent"
    for letters, message in {
        "acgt\nax": '"X" at letter 6 is none of A, C, G, T, N',
        "> heading\nACG": "the models read 445 letters, 3 are given: 442 too few",
        "A" * 446: "446 are given: 1 too many",
    }.items():
        choose(playing, "play-dna", letters)
        assert message in playing.run(said)
        assert playing.run("document.getElementById('play-answers').hidden")
    playing.run("document.getElementById('play-fit').click()")
    assert playing.wait(f"{ANSWERED} && {said}") == "445 letters, read on both strands."
