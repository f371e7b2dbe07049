"""Tags and filters that every page may use without loading them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django import template
from django.forms import BoundField
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ghconnect import moments, octicons, wording
from ghconnect.wording import checks

register = template.Library()

MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"
CONTROLS = {
    "select": "FormControl-select",
    "longselect": "FormControl-select",
    "textarea": "FormControl-textarea",
    "checkbox": "FormControl-checkbox",
    "radioselect": "FormControl-radio",
    "file": "FormControl-input file-input",
    "clearablefile": "FormControl-input file-input",
}


@register.simple_tag
def octicon(name: str, size: int = 16, css: str = "", label: str = "") -> SafeString:
    """Draw an icon; without a `label` it is hidden from assistive technology."""
    width, path = octicons.find(name, size)
    role = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html(
        '<svg class="octicon octicon-{} {}" width="{}" height="{}" viewBox="0 0 {} {}"'
        ' fill="currentColor" {} focusable="false">{}</svg>',
        *(name, css, width, size, width, size, role, SafeString(path)),
    )


@register.simple_block_tag(takes_context=True)
def element(context: template.Context, content: str, name: str, **given: Any) -> SafeString:
    """Render templates/elements/NAME.html around the block, which it shows as `content`.

    The element sees what is given and nothing else of the page, so that no name leaks into it.
    """
    assert context.template is not None
    wanted = context.template.engine.get_template(f"elements/{name}.html")
    kept = {key: context.get(key) for key in ("csrf_token", "request", "user")}
    return wanted.render(context.new({**kept, "content": SafeString(content.strip()), **given}))


@register.simple_tag(takes_context=True)
def panel(context: template.Context, shown: tuple[str, Mapping[str, Any]]) -> SafeString:
    """Render a panel of `ghconnect.features`: its template, in the page's context and its own values."""
    assert context.template is not None
    name, values = shown
    with context.push(**values):
        return context.template.engine.get_template(name).render(context)


def _time(when: datetime | None, words: Callable[[datetime], str]) -> str:
    """Return a <time> with the exact moment behind it, a dash for None."""
    if when is None:
        return NONE
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', when.isoformat(), moments.exact(when), words(when)
    )


@register.filter
def ago(when: datetime | None, now: datetime) -> str:
    """`{{ when|ago:now }}`: "3 hours ago". `now` is the enterprise's, given to every page."""
    return _time(when, lambda when: moments.ago(when, now))


@register.filter
def until(when: datetime | None, now: datetime) -> str:
    """`{{ when|until:now }}`: "within a minute", "in 5 minutes"."""
    return _time(when, lambda when: moments.until(when, now))


@register.filter
def age(when: datetime | None, now: datetime) -> str:
    """`{{ when|age:now }}`: "4 days old"."""
    return _time(when, lambda when: moments.age(when, now))


@register.filter
def moment(when: datetime | None) -> str:
    """`{{ when|moment }}`: "24 Nov 2026, 06:12 UTC" in the viewer's zone."""
    return _time(when, moments.moment)


@register.filter
def short_moment(when: datetime | None) -> str:
    """`{{ when|short_moment }}`: "24 Nov 06:12 UTC" in the viewer's zone."""
    return _time(when, moments.short_moment)


@register.filter
def day(when: datetime | None) -> str:
    """`{{ when|day }}`: "24 Nov 2026" in the viewer's zone."""
    return _time(when, moments.day)


@register.filter
def about(when: datetime | None) -> str:
    """`{{ when|about }}`: "Monday about 10:40 JST", of a sync to come."""
    return _time(when, moments.about)


@register.filter
def number(value: int | None) -> str:
    """`1204` as "1,204", `-3` with a real minus, a dash for None."""
    return NONE if value is None else f"{value:,}".replace("-", MINUS)


@register.filter
def signed(value: int | None) -> str:
    """A change: "+3", "−1", "0"."""
    return f"+{value:,}" if value and value > 0 else number(value)


@register.filter
def of_key(found: Mapping[Any, Any], key: Any) -> Any:
    """`{{ strips|of_key:server.pk }}`: what a mapping holds under a key, None for nothing."""
    return found.get(key)


@register.filter
def initials(name: str) -> str:
    """Two letters for a picture we do not load: "Mona Lisa" and "mona-lisa" are "ML", "mona" is "M"."""
    words = re.findall(r"\w+", name)
    return "".join(word[0] for word in words[:2]).upper()


@register.filter
def error_words(key: str, params: Mapping[str, object] | None = None) -> str:
    """`{{ run.problem|error_words:run.problem_params }}`: what happened and what to do, in words."""
    return wording.problem(key, params)


@register.filter
def said(found: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Checks as rows keep them (see `records.Check`), in words for elements/checks.html."""
    return [
        {"label": wording.check(check["key"]), "ok": check["ok"], "words": _found(check)} for check in found
    ]


def _found(check: Mapping[str, Any]) -> str:
    if check["problem"]:
        return wording.problem(check["problem"], check["params"])
    return checks.found(check["key"], check["detail"])


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """Render the control of a form field with Primer's class beside its own."""
    own = field.field.widget.attrs.get("class", "")
    wanted = CONTROLS.get(field.widget_type, "FormControl-input")
    return field.as_widget(attrs={"class": f"{wanted} {own}".strip()})


@register.inclusion_tag("elements/bar.html")
def usage_bar(segments: Iterable[Mapping[str, Any]], total: int, label: str) -> dict[str, Any]:
    """Draw a bar of `total` units and its legend; segments have `label`, `value` and the class `css`."""
    placed, x = [], 0
    for segment in segments:
        placed.append({**segment, "x": x})
        x += segment["value"]
    return {"segments": placed, "total": max(total, x, 1), "label": label}
