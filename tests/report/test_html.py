"""The page: whole without a network, and safe whatever a chart is called."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from pytest_k8snet.checks import CHECKS
from pytest_k8snet.model import (
    Application,
    Backend,
    Container,
    Dialled,
    Port,
    Reference,
    Route,
    ServicePort,
    Socket,
)
from pytest_k8snet.report.html import html, write_html
from pytest_k8snet.report.results import ChartResult, Results

from .browser import Browser, browser, find_browser
from .samples import application, finding, policy, result, results, run, service, shop, workload

EVIL = (
    "<img src=x onerror=\"document.title='hacked'\">",
    "</script><script>document.title='hacked'</script>",
    '"><svg onload="document.title=\'hacked\'">',
    "<!--<script>",
    "{{ 7 * 6 }}{% include 'x' %}",
    "javascript:document.title='hacked'",
)


def evil_application(name: str) -> Application:
    """An application in which all that a chart can name has this name."""
    pod = replace(
        workload("w", Port(80, name=name)),
        name=name,
        source=f"templates/{name}",
        pod_labels={name: name},
        annotations={name: name},
        containers=(Container(name, name, (Port(80, name=name),)),),
    )
    backend = Backend(name, name, name, name, name)
    return application(
        f"charts/{name}",
        name,
        workloads=(pod,),
        services=(replace(service("s", ServicePort(80, name, name=name)), name=name),),
        policies=(replace(policy("p", "nobody"), name=name),),
        routes=(Route("Ingress", name, "default", name, backends=(backend,)),),
    )


def evil_results(name: str) -> Results:
    """Results in which everything that may come from a chart has this name."""
    one = finding(
        **dict.fromkeys(("reading", "message", "instead", "source", "container", "process"), name),
        related=(Reference(name, name, name),),
        port=80,
        protocol="TCP",
    )
    parts = {"chart": f"charts/{name}", "values": name}
    nodeid = f"charts/{name}/Chart.yaml::{name}::Deployment/{name}::M6-no-network-policy"
    known = result(one, **parts, nodeid=nodeid, outcome="xfailed", reason=name)
    skipped = result(**parts, nodeid=nodeid, outcome="skipped", reason=name)
    broken = ChartResult(f"charts/bad {name}", name, name, name, "failed", name)
    found = results(evil_application(name), broken=[broken])
    return replace(found, results=(*found.results, known, skipped))


def clean_application(chart: str) -> Application:
    """A workload that its policy takes, and nothing to find."""
    web = workload("web", Port(80), sockets=(Socket(80, container="main"),))
    return application(
        chart,
        workloads=(replace(web, sockets_again=web.sockets),),
        policies=(policy("web", "web"),),
    )


class Tags(HTMLParser):
    """The elements of a page and what its attributes hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def data_of(page: str) -> Any:
    """The data that the scripts read."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


@pytest.mark.parametrize("name", EVIL)
def test_no_name_becomes_an_element(name: str) -> None:
    page = Tags(html(evil_results(name)))
    harmless = Tags(html(evil_results("harmless")))
    assert page.tags == harmless.tags
    assert not [key for key, _ in page.attributes if key.startswith("on")]
    links = [value or "" for key, value in page.attributes if key in ("href", "src")]
    assert all(link.startswith(("#", "https://")) for link in links)


@pytest.mark.parametrize("name", EVIL)
def test_names_are_kept_as_they_are(name: str) -> None:
    data = data_of(html(evil_results(name)))
    assert f"charts/{name}" in [chart["path"] for chart in data["charts"]]
    assert f"Deployment/{name}" in [box["name"] for box in data["pictures"][0]["workloads"]]


def test_the_page_asks_for_nothing_from_a_network() -> None:
    page = html(results(shop()))
    attributes = Tags(page).attributes
    assert not [value for key, value in attributes if key in ("src", "srcset", "data", "action")]
    assert "@import" not in page
    assert "url(" not in page
    policy_text = next(v for k, v in attributes if k == "content" and v and "default-src" in v)
    assert policy_text.startswith("default-src 'none';")
    assert "unsafe" not in policy_text


def test_the_same_finding_of_two_sets_is_one_row() -> None:
    once, both = (data_of(html(results(*a))) for a in ((shop(),), (shop(), shop(values="ha"))))
    assert len(both["rows"]) == len(once["rows"])
    sets = both["fields"].index("sets")
    assert all(row[sets] == [0, 1] for row in both["rows"])
    assert len(both["pictures"]) == 1


def test_totals_are_in_the_page_itself() -> None:
    found = results(shop(), expected={"M7": "a node agent"})
    page = html(found)
    faults = sum(one.fault for r in found.results for one in r.findings if r.outcome == "failed")
    assert re.search(rf'<div class="tile fault"><dt>Faults</dt><dd>{faults}</dd>', page)
    assert re.search(r'<div class="tile expected"><dt>Expected</dt><dd>1</dd>', page)
    for check in (one for one in CHECKS if not one.needs_review):
        assert check.full_name in page
        assert f'<template id="page-{check.id}">' in page
    passed = sum(one.outcome == "passed" and not one.findings for one in found.results)
    noted = sum(one.outcome == "passed" and bool(one.findings) for one in found.results)
    assert f"<dt>Tests passed</dt><dd>{passed + noted}</dd>" in page


def test_an_expected_failure_of_a_chart_is_a_row_with_its_reason() -> None:
    broken = ChartResult("charts/bad", "bad", "", "defaults", "failed", "no selector")
    found = results(broken=[broken])
    (item,) = found.results
    known = replace(item, outcome="xfailed", reason="until 2.0")
    data = data_of(html(replace(found, results=(known,))))
    (row,) = (dict(zip(data["fields"], cells, strict=True)) for cells in data["rows"])
    assert data["levels"][row["level"]] == "expected"
    assert row["reason"] == "until 2.0"


def test_hundreds_of_charts_stay_small(tmp_path: Path) -> None:
    charts = [shop(f"charts/shop-{number}") for number in range(300)]
    found = results(*charts)
    assert len(found.results) > 17_000
    file = tmp_path / "k8snet.html"
    write_html(found, file)
    assert file.stat().st_size < 10_000_000


# In a browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if find_browser() is None:
        pytest.skip("no chromium on PATH (Debian: apt-get install chromium)")
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The rules of https://github.com/dequelabs/axe-core, as a script."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm on PATH (Debian: apt-get install npm)")
    folder = tmp_path_factory.mktemp("axe")
    command = [
        npm,
        "install",
        "--silent",
        "--ignore-scripts",
        "--prefix",
        str(folder),
        "axe-core@4",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"npm cannot install axe-core: {done.stderr.strip()[-200:]}")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def page(chromium: Browser, tmp_path: Path) -> Iterator[Any]:
    """Opens a page of these results; at the end it must not have complained."""

    def opened(found: Results, fragment: str = "", **size: int) -> Browser:
        file = tmp_path / "k8snet.html"
        write_html(found, file)
        chromium.scheme(dark=False)
        chromium.open(file, fragment, **size)
        return chromium

    yield opened
    assert chromium.problems() == []


LEVELS = "[...document.querySelectorAll('.grid-body .level')].map(one => one.textContent)"
ROWS = "[...document.querySelectorAll('.grid-body .row')]"
OBJECTS = f"{ROWS}.map(row => row.querySelector('.object').textContent)"
COUNT = "document.getElementById('count').textContent"
DETAIL = "document.getElementById('detail').innerText"


def click(page: Browser, selector: str) -> None:
    event = "new MouseEvent('click', {bubbles: true})"
    page.evaluate(f"document.querySelector({json.dumps(selector)}).dispatchEvent({event})")
    page.settle()


def enter(page: Browser, selector: str, text: str, event: str = "input") -> None:
    page.evaluate(
        f"(() => {{ const at = document.querySelector({json.dumps(selector)});"
        f" at.value = {json.dumps(text)}; at.dispatchEvent(new Event('{event}')); }})()"
    )
    page.settle()


@pytest.mark.parametrize("name", EVIL)
def test_nothing_that_a_chart_says_runs(page: Any, name: str) -> None:
    found = evil_results(name)
    shown = page(found, f"#chart={quote(f'charts/{name}', safe='')}")
    title = shown.evaluate("document.title")
    for number in range(shown.evaluate("document.querySelectorAll('.box').length")):
        shown.evaluate(f"document.querySelectorAll('.box')[{number}].focus()")
        shown.press("Enter")
        assert name in shown.evaluate("document.getElementById('detail').textContent")
    foreign = "main img, aside img, aside script, main script, svg svg, [onerror], [onload]"
    assert shown.evaluate(f"document.querySelectorAll({json.dumps(foreign)}).length") == 0
    assert shown.evaluate("document.title") == title
    assert "hacked" not in title


def test_filters_say_how_many_are_left(page: Any) -> None:
    shown = page(results(shop(), shop("charts/b")))
    everything = int(shown.evaluate(COUNT))
    enter(shown, "#search", "charts/b db m5c")
    assert shown.evaluate(COUNT) == f"0 of {everything}"
    assert shown.evaluate("!document.getElementById('empty').hidden")
    enter(shown, "#search", "charts/b UNDECLARED web")
    count = int(shown.evaluate(COUNT).split()[0])
    assert 0 < count < everything
    assert set(shown.evaluate(f"{ROWS}.map(r => r.querySelector('.chart').textContent)")) == {
        "charts/b"
    }
    click(shown, "#clear")
    assert shown.evaluate(COUNT) == str(everything)


def test_levels_and_checks_can_be_chosen(page: Any) -> None:
    shown = page(results(shop(), expected={"M7": "an agent"}))
    click(shown, ".chip.fault")
    levels = shown.evaluate(f"[...new Set({ROWS}.map(r => r.querySelector('.level').textContent))]")
    assert set(levels) == {"note", "expected"}
    click(shown, "#clear")
    click(shown, "button[data-check='11']")
    names = shown.evaluate(f"[...new Set({ROWS}.map(r => r.querySelector('.check').textContent))]")
    assert names == ["M6-no-network-policy"]
    assert shown.evaluate("document.activeElement.id") == "grid"


def test_columns_sort_both_ways(page: Any) -> None:
    shown = page(results(shop()))
    click(shown, ".grid-head .object button")
    up = shown.evaluate(OBJECTS)
    assert up == sorted(up)
    head = "document.querySelector('.grid-head .object').getAttribute('aria-sort')"
    assert shown.evaluate(head) == "ascending"
    click(shown, ".grid-head .object button")
    down = shown.evaluate(OBJECTS)  # the rows that can be seen: other ones than before
    assert down == sorted(down, reverse=True)
    assert down[0] >= up[-1]
    assert shown.evaluate(head) == "descending"


def test_only_rows_that_can_be_seen_are_in_the_document(page: Any) -> None:
    findings = [finding(port=port, message=f"number {port}") for port in range(1, 17_001)]
    shown = page(run(result(*findings)))
    assert shown.evaluate(COUNT) == "17000"
    assert 0 < shown.evaluate(f"{ROWS}.length") < 100
    shown.evaluate("document.getElementById('grid').focus()")
    shown.press("End")
    assert "number 17000" in shown.evaluate(f"{ROWS}.map(r => r.textContent).join()")
    assert shown.evaluate(f"{ROWS}.length") < 100
    box = "document.querySelector('.row.active').getBoundingClientRect()"
    assert shown.evaluate(f"{box}.top >= 0 && {box}.bottom <= innerHeight")


def test_the_list_can_be_read_by_keyboard(page: Any) -> None:
    shown = page(results(shop()))
    shown.press("/")
    assert shown.evaluate("document.activeElement.id") == "search"
    shown.evaluate("document.getElementById('grid').focus()")
    shown.press("ArrowDown", "ArrowDown", "Enter")
    second = shown.evaluate(f"{ROWS}[1].querySelector('.finding').textContent")
    assert second in shown.evaluate(DETAIL)
    assert shown.evaluate("document.getElementById('grid').getAttribute('aria-activedescendant')")
    shown.press("ArrowUp")
    first = shown.evaluate(f"{ROWS}[0].querySelector('.finding').textContent")
    assert first in shown.evaluate(DETAIL)
    shown.press("Escape")
    assert shown.evaluate("document.getElementById('detail').hidden")


def test_a_finding_says_why_where_and_what_instead(page: Any) -> None:
    shown = page(results(shop(), shop(values="ha"), lines={"templates/web.yaml": 12}))
    enter(shown, "#search", "port 82 targets")
    click(shown, ".grid-body .row")
    text = shown.evaluate(DETAIL)
    check = next(check for check in CHECKS if check.id == "M5B")
    for said in (check.full_name, "Instead", "targetPort: admin", check.why, "82/TCP"):
        assert said in text
    assert "templates/web.yaml:12" in text
    assert "defaults, ha" in text
    click(shown, "#detail summary")
    assert "What it finds" in shown.evaluate(DETAIL)


def test_findings_are_marked_in_the_drawing_and_lead_to_their_text(page: Any) -> None:
    shown = page(results(shop()), "#chart=charts%2Fshop")
    assert shown.evaluate("document.getElementById('title').textContent") == "charts/shop"
    count = "document.querySelector('[data-name=\"Deployment/web\"] .mark-text').textContent"
    assert shown.evaluate(count) == "3"
    click(shown, '[data-name="Deployment/web"]')
    text = shown.evaluate(DETAIL)
    for check in ("M1-undeclared-port", "M3-unopened-port", "M6-no-network-policy"):
        assert check in text
    click(shown, '.port-mark[data-of="Service/web"]')
    assert "6060" in shown.evaluate(DETAIL)
    assert "M6-no-network-policy" not in shown.evaluate(DETAIL)


def test_the_drawing_can_be_used_by_keyboard(page: Any) -> None:
    shown = page(results(shop()), "#chart=charts%2Fshop")
    shown.evaluate("document.querySelector('[data-name=\"Service/lost\"]').focus()")
    described = "document.activeElement.getAttribute('aria-description')"
    assert shown.evaluate(described) == "1 finding"
    assert "lost" in shown.evaluate("document.activeElement.textContent")
    shown.press("Enter")
    assert "M5D-service-without-target" in shown.evaluate(DETAIL)
    assert shown.evaluate("document.querySelectorAll('.box.chosen').length") == 1
    shown.evaluate("document.querySelector('#detail button').focus()")
    shown.press("Escape")
    assert shown.evaluate("document.activeElement.dataset.name") == "Service/lost"


def test_the_drawing_has_every_object_and_every_state(page: Any) -> None:
    shown = page(results(shop()), "#chart=charts%2Fshop")
    names = shown.evaluate("[...document.querySelectorAll('.box')].map(box => box.dataset.name)")
    app = shop()
    objects = (*app.routes, *app.services, *app.workloads)
    assert sorted(names) == sorted(str(one) for one in objects)
    for kind, many in (
        ("pill.declared", 2),
        ("pill.both", 1),
        ("pill.open", 1),
        ("pill.closed", 1),
    ):
        assert shown.evaluate(f"document.querySelectorAll('.canvas .{kind}').length") == many
    for means in ("none", "host", "egress", "open", "limited"):
        assert shown.evaluate(f"document.querySelectorAll('.canvas .boundary.{means}').length") == 1
    assert "NetworkPolicy/nobody" in shown.evaluate(
        "document.getElementById('policies').textContent"
    )


def test_boxes_of_the_drawing_do_not_overlap(page: Any) -> None:
    app = shop()
    more = tuple(service(f"db-{number}", ServicePort(1, 5432), app="db") for number in range(9))
    shown = page(results(replace(app, services=(*app.services, *more))), "#chart=charts%2Fshop")
    boxes = shown.evaluate(
        "[...document.querySelectorAll('.box > rect.frame')].map(one => {"
        " const r = one.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; })"
    )
    for at, one in enumerate(boxes):
        for other in boxes[at + 1 :]:
            apart = (
                one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            )
            assert apart, (one, other)


def test_a_values_set_can_be_chosen(page: Any) -> None:
    bare = replace(shop(values="bare"), services=(), routes=())
    shown = page(results(shop(), bare), "#chart=charts%2Fshop")
    assert shown.evaluate("document.querySelectorAll('.box').length") == 11
    enter(shown, "#set-choice", "1", "change")
    assert shown.evaluate("location.hash") == "#chart=charts%2Fshop&values=bare"
    assert shown.evaluate("document.querySelectorAll('.box').length") == 5
    assert not [name for name in shown.evaluate(OBJECTS) if name.startswith("Service")]


def test_a_chart_that_does_not_render_says_why(page: Any) -> None:
    broken = ChartResult("charts/bad", "bad", "", "defaults", "failed", "no values for <x>")
    shown = page(results(shop(), broken=[broken]), "#chart=charts%2Fbad")
    assert shown.evaluate("document.getElementById('problem').textContent") == "no values for <x>"
    assert shown.evaluate("document.getElementById('picture').hidden")
    assert shown.evaluate(f"{ROWS}.map(r => r.querySelector('.level').textContent)") == ["error"]


def test_charts_can_be_found_and_sorted_by_faults(page: Any) -> None:
    shown = page(results(clean_application("charts/a-clean"), shop("charts/z-shop")))
    visible = (
        "[...document.querySelectorAll('#chart-list li[data-chart]')].filter(li => !li.hidden)"
        ".map(li => li.querySelector('.path').textContent)"
    )
    assert shown.evaluate(visible) == ["a-clean", "z-shop"]
    click(shown, "#chart-order")
    assert shown.evaluate(visible) == ["z-shop", "a-clean"]
    enter(shown, "#chart-filter", "CLEAN")
    assert shown.evaluate(visible) == ["a-clean"]


def test_the_chosen_chart_is_in_sight_in_the_list(page: Any) -> None:
    charts = [application(f"charts/{number:03}") for number in range(100)]
    shown = page(results(*charts), "#chart=charts%2F090")
    box = "document.querySelector('.chart-link[aria-current]').getBoundingClientRect()"
    assert shown.evaluate(f"{box}.top > 0 && {box}.bottom <= innerHeight")
    path = "document.querySelector('.chart-link[aria-current] .path').textContent"
    assert shown.evaluate(path) == "090"


def test_light_and_dark_follow_the_system_until_chosen(page: Any) -> None:
    shown = page(results(shop()))
    background = "getComputedStyle(document.body).backgroundColor"
    light = shown.evaluate(background)
    shown.scheme(dark=True)
    dark = shown.evaluate(background)
    assert dark != light
    click(shown, "#theme")
    assert shown.evaluate(background) == light
    click(shown, "#theme")
    shown.scheme(dark=False)
    assert shown.evaluate(background) == dark


@pytest.mark.parametrize("width", [360, 768, 1024, 1440])
def test_no_width_makes_the_page_scroll_sideways(page: Any, width: int) -> None:
    many = [shop(f"charts/a-long-name-of-a-chart-{number}") for number in range(30)]
    for fragment in ("", "#chart=charts%2Fa-long-name-of-a-chart-3"):
        shown = page(results(*many), fragment, width=width)
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        assert shown.evaluate(f"{ROWS}.length > 0")


# At a glance

HEAT = "[...document.querySelectorAll('#heat-box tbody tr')]"


def test_the_heat_map_has_a_cell_for_every_chart_and_check(page: Any) -> None:
    broken = ChartResult("charts/bad", "bad", "", "defaults", "failed", "no values for <x>")
    found = results(shop(), clean_application("charts/clean"), broken=[broken])
    shown = page(found)
    asked = [check for check in CHECKS if check.id in {one.check for one in found.results}]
    heads = "[...document.querySelectorAll('#heat-box thead th')].map(th => th.textContent)"
    assert shown.evaluate(heads) == ["Chart", *(check.id for check in asked), "renders"]
    rows = shown.evaluate(f"{HEAT}.map(tr => [...tr.children].map(cell => cell.textContent))")
    cells = {row[0]: dict(zip(shown.evaluate(heads)[1:], row[1:], strict=True)) for row in rows}
    assert list(cells) == ["shop", "bad", "clean"]  # the worst first
    assert cells["shop"]["M5D"] == "1"
    assert cells["shop"]["M2"] == "✓ \N{EN DASH}"  # web was observed, the others not
    assert cells["clean"].pop("R2") == "○"  # nothing was dialled
    assert set(cells["clean"].values()) <= {"✓", ""}
    assert cells["bad"].pop("renders") == "1"
    assert set(cells["bad"].values()) == {""}  # not run


def test_the_heat_map_ends_up_with_every_chart(page: Any) -> None:
    shown = page(results(*(clean_application(f"charts/{number:03}") for number in range(100))))
    shown.evaluate("new Promise(done => setTimeout(done))")
    assert shown.evaluate(f"{HEAT}.length") == 100


def test_a_cell_leads_to_its_findings(page: Any) -> None:
    shown = page(results(shop(), shop("charts/other")))
    click(shown, "#heat-box button[title^='other M5D']")
    assert shown.evaluate("location.hash") == "#chart=charts%2Fother"
    names = shown.evaluate(f"[...new Set({ROWS}.map(r => r.querySelector('.check').textContent))]")
    assert names == ["M5D-service-without-target"]


def test_a_chart_of_which_nothing_ran_is_not_called_sound() -> None:
    tags = html(results(application()))
    assert "not run" in tags.partition('<ul id="chart-list">')[2].partition("</ul>")[0]
    assert "nothing found" not in tags.partition('<ul id="chart-list">')[2].partition("</ul>")[0]


def test_what_was_not_run_and_not_observed_is_said_so(page: Any) -> None:
    found = results(clean_application("charts/clean"), shop("charts/other"))
    kept = tuple(one for one in found.results if one.chart == "charts/clean")
    charts = tuple(
        replace(chart, tests=20, ran=20 if chart.path == "charts/clean" else 0)
        for chart in found.charts
    )
    shown = page(replace(found, results=kept, charts=charts), "#chart=charts%2Fother")
    tile = "document.querySelector('.tile[title*=\"-k\"]').textContent"
    assert shown.evaluate(tile) == "Not run20"
    assert shown.evaluate("document.getElementById('subtitle').textContent") == (
        "other 1.2.3 · not run"
    )
    badges = "[...document.querySelectorAll('#chart-list li .badge')].map(b => b.textContent)"
    assert shown.evaluate(badges)[-1] == "not run"
    app = application("charts/web", workloads=(workload("web", Port(80)),))
    cells = page(results(app)).evaluate(f"[...{HEAT}[0].children].map(cell => cell.textContent)")
    assert cells[2:4] == ["○", "○"]  # M2 and M3 need a cluster


def test_what_was_skipped_can_be_listed(page: Any) -> None:
    found = results(shop(), shop(values="ha"))
    shown = page(found)
    before = shown.evaluate(COUNT)
    for chip, said, observed in (
        ("unobserved", "not observed", "not observed"),
        ("skipped", "skipped", ""),
    ):
        skipped = {
            (one.check, one.object)
            for one in found.results
            if one.outcome == "skipped" and (one.observed == "not observed") == bool(observed)
        }
        assert skipped
        text = shown.evaluate(f"document.querySelector('.chip.{chip}').textContent")
        assert text == f"{said} {len(skipped)}"
    for level in ("fault", "note"):
        click(shown, f".chip.{level}")
    click(shown, ".chip.unobserved")
    assert shown.evaluate(COUNT) != before
    enter(shown, "#search", "M2 agent")
    assert shown.evaluate(OBJECTS) == ["DaemonSet/agent"]
    assert "needs a cluster" in shown.evaluate(f"{ROWS}[0].querySelector('.finding').textContent")


def test_counts_follow_the_other_filters(page: Any) -> None:
    shown = page(results(shop()))
    enter(shown, "#search", "db")
    chip = int(shown.evaluate("document.querySelector('.chip.fault').textContent").split()[1])
    assert chip == len([t for t in shown.evaluate(LEVELS) if t == "fault"])
    enter(shown, "#check-choice", "11", "change")
    chosen = "document.querySelector('#check-choice').selectedOptions[0].textContent"
    assert shown.evaluate(chosen) == f"M6-no-network-policy ({len(shown.evaluate(OBJECTS))})"


def test_the_run_is_named(page: Any) -> None:
    about = {"Command": "pytest --helm-chart=charts", "Helm": "v4.0.0"}
    cluster = {"kind": "kind", "context": "", "version": "v1.34.0", "enforcement": True}
    page_text = html(replace(results(shop()), about=about, cluster=cluster))
    for said in (*about.values(), "kind, Kubernetes v1.34.0, NetworkPolicies enforced"):
        assert f"<dd>{said}</dd>" in page_text
    assert "Date" not in page_text


# The drawing


def many(number: int) -> Application:
    """As many workers that differ in their names only, and a web server."""
    workers = (workload(f"worker-{at}") for at in range(number))
    web = workload("web", Port(80))
    return application(workloads=(web, *workers), services=(service("web", ServicePort(80, 80)),))


def test_equal_workloads_are_one_box_until_unfolded(page: Any) -> None:
    shown = page(results(many(60)), "#chart=charts%2Fshop")
    names = "[...document.querySelectorAll('.box')].map(box => box.dataset.name)"
    assert shown.evaluate(names) == ["Service/web", "Deployment/web", "Deployment/worker-0"]
    folded = '[data-name="Deployment/worker-0"]'
    assert shown.evaluate(f"document.querySelector('{folded} .mark-text').textContent") == "60"
    click(shown, folded)
    assert "60 of a kind" in shown.evaluate(DETAIL)
    click(shown, "#detail li:last-child button")
    assert "Deployment/worker-59" in shown.evaluate(DETAIL)
    assert shown.evaluate(f"document.querySelector('{folded}').classList.contains('chosen')")
    click(shown, "#fold")
    assert len(shown.evaluate(names)) == 62


def test_two_of_a_kind_or_different_ones_are_not_folded(page: Any) -> None:
    shown = page(results(many(2)), "#chart=charts%2Fshop")
    assert shown.evaluate("document.querySelectorAll('.box').length") == 4
    assert shown.evaluate("document.getElementById('fold-choice').hidden")
    shown = page(results(shop()), "#chart=charts%2Fshop")
    assert shown.evaluate("document.getElementById('fold-choice').hidden")


def test_a_large_drawing_fits_when_asked(page: Any) -> None:
    shown = page(results(many(60)), "#chart=charts%2Fshop")
    click(shown, "#fold")
    size = "(() => { const r = document.querySelector('#canvas svg').getBoundingClientRect(),"
    size += " c = document.getElementById('canvas'); return [r.height / c.clientHeight,"
    size += " r.width / c.clientWidth]; })()"
    high, wide = shown.evaluate(size)
    assert high > 5
    assert wide <= 1
    click(shown, "[data-zoom=fit]")
    high, wide = shown.evaluate(size)
    assert high <= 1
    before = high
    click(shown, "[data-zoom=in]")
    assert shown.evaluate(size)[0] > before


def test_the_list_of_charts_scrolls_below_its_tools(page: Any) -> None:
    shown = page(results(*(application(f"charts/{number:03}") for number in range(100))))
    shown.evaluate("document.querySelector('.charts').scrollTop = 900")
    shown.settle()
    at = "document.getElementById('chart-filter').getBoundingClientRect()"
    assert (
        shown.evaluate(f"document.elementFromPoint({at}.left + 5, {at}.top + 5).id")
        == "chart-filter"
    )


# Who reaches whom

CLASSES = "Object.fromEntries([...document.querySelectorAll('.box')].filter(b => /reached|here/"
CLASSES += ".test(b.getAttribute('class'))).map(b => [b.dataset.name, b.getAttribute('class')]))"
LIT = "[...document.querySelectorAll('.canvas .pill.lit')].map(one => one.nextSibling.textContent)"
WAYS = "[...document.querySelectorAll('.way-text')].map(one => one.textContent)"
CELLS = "[...document.querySelectorAll('#matrix tbody tr')].map(row => [row.firstChild.textContent,"
CELLS += " ...[...row.querySelectorAll('td')].map(cell => cell.textContent)])"


def test_a_foothold_lights_up_what_answers_there(page: Any) -> None:
    shown = page(results(shop()), "#chart=charts%2Fshop")
    assert shown.evaluate(CLASSES) == {}
    enter(shown, "#foothold", "-1", "change")
    assert shown.evaluate(CLASSES) == {
        "Deployment/web": "box reached",
        "Deployment/cache": "box reached",
        "DaemonSet/agent": "box reached",
        "CronJob/jobs": "box reached",
        "StatefulSet/db": "box unreached",
    }
    assert shown.evaluate(WAYS) == ["all"] * 4
    assert "5432/TCP" not in shown.evaluate(LIT)
    assert len(shown.evaluate(LIT)) == 4
    said = "document.getElementById('reach-said').textContent"
    assert shown.evaluate(said) == (
        "From any pod of the cluster: 4 of 5 workloads, 4 on all ports; 3 of 4 ports."
    )
    enter(shown, "#foothold", "-2", "change")
    assert shown.evaluate(WAYS) == ["8080", "all"]
    assert shown.evaluate(LIT) == ["8080/TCP", "9100/TCP"]
    enter(shown, "#foothold", "", "change")
    assert shown.evaluate(CLASSES) == {}


def test_a_row_of_the_matrix_is_a_place_to_stand(page: Any) -> None:
    shown = page(results(shop()), "#chart=charts%2Fshop")
    rows = shown.evaluate(CELLS)
    assert rows[0] == [
        "any pod of the cluster, any pod of the namespace",
        *("all", "", "all", "all", "all"),
        *("4", "4", "3"),
    ]
    assert ["outside the cluster", "8080", "", "", "all", "", "2", "1", "2"] in rows
    shown.evaluate("document.querySelector('[data-stand=\"0\"]').focus()")
    shown.press("Enter")
    assert shown.evaluate(CLASSES)["Deployment/web"] == "box here"
    assert shown.evaluate("document.activeElement.id") == "foothold"
    assert shown.evaluate("document.getElementById('foothold').value") == "0"


def test_another_chart_is_seen_from_nowhere(page: Any) -> None:
    shown = page(results(shop(), shop("charts/other")), "#chart=charts%2Fshop")
    enter(shown, "#foothold", "-1", "change")
    shown.evaluate("location.hash = '#chart=charts%2Fother'")
    shown.settle()
    assert shown.evaluate("document.getElementById('title').textContent") == "charts/other"
    assert shown.evaluate(CLASSES) == {}


def test_many_equal_workloads_are_one_row_and_one_column(page: Any) -> None:
    shown = page(results(many(60)), "#chart=charts%2Fshop")
    assert [row[:2] for row in shown.evaluate(CELLS)] == [
        ["any pod of the cluster, any pod of the namespace", "all"],
        ["outside the cluster", ""],
        ["Deployment/web and 60 more", "all"],
    ]
    enter(shown, "#foothold", "7", "change")
    assert shown.evaluate(WAYS) == ["all", "all"]
    click(shown, "#fold")
    assert len(shown.evaluate(WAYS)) == 60


def test_what_was_tried_in_a_cluster_is_marked(page: Any) -> None:
    app = shop()
    web, db, *_ = (one.reference for one in app.workloads)
    tried = (
        Dialled("cluster", web, 8080, "TCP", through=True),
        Dialled("cluster", db, 5432, "TCP", through=True),
        Dialled("namespace", web, 8080, "TCP", through=False),
    )
    shown = page(results(replace(app, dialled=tried)), "#chart=charts%2Fshop")
    assert shown.evaluate(CELLS)[0][:3] == ["any pod of the cluster", "✓ all", "✓ 5432"]
    enter(shown, "#foothold", "-1", "change")
    assert "5432/TCP" in shown.evaluate(LIT)


def test_the_totals_say_what_an_attacker_gets_to() -> None:
    text = re.sub(r"<[^>]+>", " ", html(results(shop(), shop(values="small"))))
    row = re.search(r"any pod of the cluster\s+(\d+)\s+of (\d+)\s+(\d+)\s+(\d+)\s+of (\d+)", text)
    assert row
    assert row.groups() == ("4", "5", "4", "3", "4")


# On paper, and read aloud


def test_every_finding_is_printed(page: Any) -> None:
    findings = [finding(port=port, message=f"number {port}") for port in range(1, 300)]
    shown = page(run(result(*findings)))
    assert shown.evaluate(f"{ROWS}.length") < 100
    shown.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert shown.evaluate(f"{ROWS}.length") == 299
    shown.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert shown.evaluate(f"{ROWS}.length") < 100


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("fragment", "click_at"),
    [
        ("", ""),
        ("", ".grid-body .row"),
        ("#chart=charts%2Fshop", ""),
        ("#chart=charts%2Fshop", '[data-name="Deployment/web"]'),
        ("#chart=charts%2Fshop", '[data-stand="-1"]'),
        ("#chart=charts%2Fshop", '[data-stand="1"]'),
        ("#chart=charts%2Fbad", ""),
    ],
    ids=["overview", "finding", "drawing", "object", "foothold", "pod", "failed"],
)
def test_assistive_technology_finds_its_way(
    page: Any, axe: str, fragment: str, click_at: str, *, dark: bool
) -> None:
    broken = ChartResult("charts/bad", "bad", "", "defaults", "failed", "no values for <x>")
    found = results(shop(), shop(values="ha"), expected={"M7": "an agent"}, broken=[broken])
    shown = page(found, fragment)
    shown.scheme(dark=dark)
    if click_at:
        click(shown, click_at)
    shown.evaluate(f"{axe};0")
    wrong = shown.evaluate(
        "axe.run({resultTypes: ['violations']}).then(done => done.violations.map(one =>"
        " [one.id, one.nodes.map(node => node.target.join(' '))]))"
    )
    assert wrong == []
