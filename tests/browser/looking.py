"""How a page is looked at: what axe finds, and whether it fits its window."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize

SERIOUS = ("serious", "critical")
DESK = ViewportSize(width=1440, height=900)
PHONE = ViewportSize(width=390, height=844)


def serious(page: Page) -> list[str]:
    """What axe finds that keeps somebody from using the page."""
    found = Axe().run(page).response["violations"]
    return [
        f"{violation['id']}: {node['html']}"
        for violation in found
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]


def fits(page: Page) -> bool:
    """Nothing stands out sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))
