"""Run a real Chromium and read its own metrics of a page: bytes, moments and main-thread time.

The page's own clock takes every moment, so Playwright's round trip is in none of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, ViewportSize, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
VIEWPORT: ViewportSize = {"width": 1280, "height": 900}

PATIENCE = 60_000
"""The timeout of any step in a page, in ms."""

BUSY = {
    "busy": "TaskDuration",
    "script": "ScriptDuration",
    "layout": "LayoutDuration",
    "style": "RecalcStyleDuration",
}

WATCH = """
{
  const inside = box => box.width && box.top < innerHeight && box.bottom > 0
  const conditions = {
    usable() {
      const text = document.querySelector("#text:enabled"), box = text?.getBoundingClientRect()
      const loaded = performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd
      return loaded && box && document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2) === text
    },
    shown() {
      const last = document.querySelector(".messages > :last-child")
      return last && inside(last.getBoundingClientRect())
    },
  }
  globalThis.moments = {}
  const look = () => {
    for (const name in conditions) if (!(name in moments) && conditions[name]()) moments[name] = performance.now()
    if (performance.now() < 10_000 && Object.keys(moments).length < 2) requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
}
"""
"""Notes when the composer is usable (present, enabled, not covered, all scripts run), and when the last message is in
view."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the Chromium that CHROMIUM names."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=ARGUMENTS)
        yield browser
        browser.close()


class Tab:
    """A page in a fresh browser context: no cache, no cookies."""

    def __init__(self, browser: Browser):
        self.page = browser.new_page(viewport=VIEWPORT)
        self.page.set_default_timeout(PATIENCE)
        self.page.add_init_script(WATCH)
        self._wire = self.page.context.new_cdp_session(self.page)
        self._wire.send("Network.enable")
        self._wire.send("Performance.enable", {"timeDomain": "threadTicks"})
        self._wire.on("Network.loadingFinished", self._finished)
        self._wire.on("Network.requestWillBeSent", self._asked)
        self.forget()

    def __enter__(self) -> Tab:
        return self

    def __exit__(self, *_: object) -> None:
        self.page.context.close()

    def forget(self) -> None:
        """Reset the counts of requests and bytes."""
        self.requests: set[str] = set()
        self.fonts: set[str] = set()
        self.received: dict[str, float] = {}

    def _asked(self, request: dict[str, Any]) -> None:
        if request.get("type") == "Font":
            self.fonts.add(request["requestId"])
        elif not request["request"]["url"].startswith("data:"):
            self.requests.add(request["requestId"])

    def _finished(self, request: dict[str, Any]) -> None:
        if size := request["encodedDataLength"]:  # 0 means the cache answered
            self.received[request["requestId"]] = size

    def busy(self) -> dict[str, float]:
        """Read the seconds of main-thread time this document has used so far, by activity."""
        metrics = {metric["name"]: metric["value"] for metric in self._wire.send("Performance.getMetrics")["metrics"]}
        return {name: metrics[metric] for name, metric in BUSY.items()}

    def load(self, url: str) -> dict[str, float]:
        """Load a page; return KB on the wire with headers, requests, moments since the call and main-thread time.

        Fonts are counted apart: they come after the first paint.
        """
        self.forget()
        self.page.goto(url, wait_until="networkidle")
        self.page.wait_for_function("() => moments.usable", timeout=5000)
        fonts_kb = sum(size for name, size in self.received.items() if name in self.fonts) / 1000
        return {
            "kb": sum(self.received.values()) / 1000 - fonts_kb,
            "fonts_kb": fonts_kb,
            "requests": len(self.received.keys() - self.fonts),
            **{f"{name}_ms": moment for name, moment in self.page.evaluate("moments").items()},
            "busy_s": self.busy()["busy"],
        }
