"""The report in a real browser: it renders, filters work, the console stays empty, and no request leaves the page."""

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from report_runs import clumsy, write_run
from test_report import hostile_run
from toolgemma.evaluation.report.write import write_report

CURE = "install Chromium and its driver, on Debian: apt-get install chromium chromium-driver"
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Headless Chromium behind a recording of its console and its requests."""
    found = [shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome", "chrome")]
    binary, driver = next((path for path in found if path), None), shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip(CURE)
    webdriver = pytest.importorskip("selenium.webdriver", reason="uv sync installs selenium")
    from selenium.common.exceptions import SessionNotCreatedException

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    try:
        opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    except SessionNotCreatedException as error:
        pytest.skip(f"{binary} doesn't start ({error.msg.splitlines()[0]}); {CURE}")
    yield opened
    opened.quit()


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    return write_report(write_run(tmp_path_factory.mktemp("report") / "outputs"))


def requests(browser) -> Iterator[str]:
    """Addresses asked for since the last look."""
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            yield message["params"]["request"]["url"]


def load(browser, page: Path) -> None:
    """Open a page with an empty log."""
    browser.get_log("browser")
    list(requests(browser))
    browser.get(page.as_uri())


def choose(browser, field: str, value: str) -> None:
    from selenium.webdriver.support.select import Select

    Select(browser.find_element("id", field)).select_by_value(value)


def rows(browser) -> list[list[str]]:
    """The cells of the rows that are shown."""
    return browser.execute_script(
        "return [...document.querySelectorAll('#browser-rows > tr:not(.detail)')]"
        ".map((row) => [...row.children].map((cell) => cell.innerText))"
    )


def count(browser) -> str:
    return browser.find_element("id", "count").text


def test_it_renders_in_silence(browser, report):
    load(browser, report)
    assert browser.title == "Tool calling: google/gemma-3-1b-it on me/tools"
    drawings = browser.find_elements("css selector", "figure svg")
    assert len(drawings) > 8
    assert all(drawing.size["width"] > 250 and drawing.size["height"] > 50 for drawing in drawings)
    styled = browser.execute_script(
        "const bar = document.querySelector('svg [fill=\"var(--label-ok)\"]'); return getComputedStyle(bar).fill"
    )
    assert styled == "rgb(88, 199, 165)"
    assert len(rows(browser)) == 12
    assert browser.get_log("browser") == []
    assert set(requests(browser)) <= {report.as_uri(), "data:,"}


def test_filters(browser, report):
    load(browser, report)
    assert count(browser) == "12 of 12 turns of the view repaired"
    choose(browser, "system", "untuned")
    choose(browser, "label", "extra_arg")
    assert count(browser) == "4 of 12 turns of the view repaired"
    assert {row[5] for row in rows(browser)} == {"✗ extra_arg (known)"}
    choose(browser, "label", "")
    choose(browser, "turn", "D1")
    choose(browser, "change", "fixed")
    assert [row[0] for row in rows(browser)] == [f"test/{number}" for number in (0, 2, 3, 4, 6, 7)]
    choose(browser, "change", "")
    choose(browser, "view", "tool_absent")
    assert count(browser) == "4 of 4 turns of the view tool_absent"
    assert {row[4] for row in rows(browser)} == {"(no call)"}
    choose(browser, "view", "repaired")
    browser.find_element("id", "search").send_keys("FITNESS")
    browser.execute_async_script("setTimeout(arguments[0], 300)")
    assert {row[4] for row in rows(browser)} == {"(no call)"}
    assert count(browser) == "4 of 8 turns of the view repaired"
    assert browser.get_log("browser") == []


def test_a_row_opens_with_the_difference_marked(browser, report):
    load(browser, report)
    choose(browser, "system", "untuned")
    button = browser.find_element("css selector", "#browser-rows button")
    button.click()
    assert button.get_attribute("aria-expanded") == "true"
    detail = browser.find_element("css selector", "tr.detail")
    assert "How warm is it in Paris?" in detail.text
    assert "Offered tools (3): get_weather, convert, sort_list" in detail.text
    assert [mark.text for mark in detail.find_elements("tag name", "del")] == ["Paris"]
    assert "Berlin" in [mark.text for mark in detail.find_elements("tag name", "ins")]
    button.click()
    assert not browser.find_elements("css selector", "tr.detail")


def test_many_rows_come_in_portions(browser, tmp_path):
    from report_runs import default_rows

    load(browser, write_report(write_run(tmp_path, default_rows(60), tuned=clumsy, untuned=None)))
    assert (len(rows(browser)), count(browser)) == (50, "90 of 90 turns of the view repaired")
    more = browser.find_element("id", "more")
    assert more.text == "Show 40 more of 40"
    browser.execute_script("arguments[0].click()", more)
    assert len(rows(browser)) == 90
    assert not more.is_displayed()
    assert not browser.find_element("id", "change-field").is_displayed()  # one model: nothing changed


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_in_light_and_dark(browser, report, scheme):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    )
    try:
        load(browser, report)
        browser.execute_script("document.querySelector('#browser-rows button').click()")
        wide = "return [document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor]"
        ground = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 27)"}[scheme]
        assert browser.execute_script(wide) == [390, ground]
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_hostile_text_stays_text(browser, tmp_path):
    page = write_report(hostile_run(tmp_path))
    load(browser, page)
    browser.execute_script("document.querySelectorAll('#browser-rows button').forEach((button) => button.click())")
    assert browser.execute_script("return window.pwned") is None
    assert browser.find_elements("css selector", "img, iframe, script[src]") == []
    assert "[U+202E]" in browser.find_element("css selector", "tr.detail").text
    assert browser.get_log("browser") == []
    assert set(requests(browser)) <= {page.as_uri(), "data:,"}


ATTACK = """
const done = arguments[0], seen = [];
document.addEventListener("securitypolicyviolation", (event) => seen.push(event.effectiveDirective));
fetch("/fetched").catch(() => {});
new Image().src = "/drawn";
const script = document.createElement("script");
try { script.text = "window.pwned = 1"; document.head.append(script); } catch { seen.push("trusted"); }
setTimeout(() => done([seen, window.pwned ?? 0]), 500);
"""


def test_the_policy_holds_even_for_a_script_that_got_in(browser, report):
    """Served from the attacker's own server, so that nothing but the page's policy keeps them apart."""
    pages = {"/report": report.read_bytes(), "/bare": b"<!DOCTYPE html><title>no policy</title>"}
    heard = []

    class Ear(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_response(200 if self.path in pages else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(pages.get(self.path, b""))

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    found = {}
    with ThreadingHTTPServer(("127.0.0.1", 0), Ear) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name in pages:
            browser.get(f"http://127.0.0.1:{server.server_port}{name}")
            found[name] = browser.execute_async_script(ATTACK)
            found[name].append(sorted(set(heard) - {"/favicon.ico"}))
            heard.clear()
        server.shutdown()
    assert found["/bare"] == [[], 1, ["/bare", "/drawn", "/fetched"]]
    seen, pwned, asked = found["/report"]
    assert {"connect-src", "img-src", "trusted"} <= set(seen)
    assert (pwned, asked) == (0, ["/report"])
