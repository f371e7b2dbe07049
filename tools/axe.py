"""The accessibility rules of axe, run inside a page that a browser shows."""

from __future__ import annotations

import importlib.resources
from functools import cache
from typing import Any

from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# With a menu or dialog open it alone is looked at: what it covers was looked at without it.
RUN = """(rules) => {
  const open = document.querySelector('dialog[open], details[open], :popover-open');
  return axe.run(open || document, {runOnly: rules, resultTypes: ['violations', 'incomplete']});
}"""


@cache
def source() -> str:
    """Return axe itself, as its package brings it."""
    return (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """Return what is wrong with the page as it stands, or with the menu or dialog open on it: a line a rule."""
    return results(page)[0]


def results(page: Page) -> tuple[list[str], list[str]]:
    """Return what is wrong, a line a rule, and the rules that axe could not decide by itself."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(source())
    run = page.evaluate(RUN, RULES)
    wrong = [
        f"{each['id']}: {each['help']}: " + " | ".join(node["html"][:160] for node in each["nodes"][:3])
        for each in run["violations"]
    ]
    return wrong, [
        f"{each['id']}, {_why(node)}: {node['target'][0]}"
        for each in run["incomplete"]
        for node in each["nodes"]
    ]


def _why(node: dict[str, Any]) -> str:
    """Return axe's own key of why it could not decide."""
    checks = [*node["any"], *node["all"], *node["none"]]
    return next(
        (str(data["messageKey"]) for check in checks if (data := check.get("data") or {}).get("messageKey")),
        "",
    )
