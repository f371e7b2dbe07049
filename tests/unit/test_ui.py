"""Tags, filters and elements: what they draw, and that they escape."""

from datetime import UTC, datetime, timedelta

import pytest
from django import forms
from django.template import Context, Template, TemplateSyntaxError

from ghconnect.templatetags import ghconnect_ui as ui

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def drawn(source: str, **values: object) -> str:
    return Template(source).render(Context({"now": NOW, **values}))


def test_an_icon_is_hidden_unless_it_is_named() -> None:
    assert 'aria-hidden="true"' in drawn('{% octicon "server" 16 "mr-1" %}')
    assert 'role="img" aria-label="Server &lt;1&gt;"' in drawn(
        '{% octicon "server" 24 "" label %}', label="Server <1>"
    )


def test_an_icon_that_is_not_kept_is_an_error() -> None:
    with pytest.raises(KeyError):
        drawn('{% octicon "mark-github" %}')


def test_a_relative_time_carries_the_exact_one() -> None:
    html = drawn("{{ when|ago:now }}", when=NOW - timedelta(hours=3))
    assert html == (
        '<time datetime="2026-11-24T06:00:00+00:00" title="2026-11-24 06:00:00 UTC">3 hours ago</time>'
    )
    assert drawn("{{ when|ago:now }}", when=None) == "–"


def test_a_relative_time_without_now_is_refused() -> None:
    """The sandbox's clock runs ahead: a page that forgot `now` would be silently wrong."""
    with pytest.raises(TemplateSyntaxError):
        Template("{{ when|ago }}")


@pytest.mark.parametrize(
    ("value", "number", "signed"),
    [(None, "–", "–"), (0, "0", "0"), (3, "3", "+3"), (-1, "−1", "−1"), (1204, "1,204", "+1,204")],
)
def test_numbers(value: int | None, number: str, signed: str) -> None:
    assert ui.number(value) == number
    assert ui.signed(value) == signed


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Mona Lisa", "ML"), ("octo-corp", "OC"), ("mona", "M"), ("佐藤 健二", "佐健"), ("", "")],
)
def test_initials(name: str, letters: str) -> None:
    assert ui.initials(name) == letters


def test_an_element_sees_what_it_is_given_and_nothing_else_of_the_page() -> None:
    html = drawn(
        '{% element "subhead" title=heading %}<a href="#x">Go</a>{% endelement %}',
        heading="A & B",
        mark="leaked",
    )
    assert '<h1 class="Subhead-heading">A &amp; B</h1>' in html
    assert '<a href="#x">Go</a>' in html
    assert "leaked" not in html


def test_the_bar_places_its_segments_one_after_the_other() -> None:
    segments = [
        {"label": "Cloud", "value": 101, "css": "chart-s1"},
        {"label": "Both", "value": 92, "css": "chart-s2"},
    ]
    html = drawn('{% usage_bar segments 250 "193 of 250" %}', segments=segments)
    assert 'viewBox="0 0 250 8"' in html
    assert '<rect class="chart-s2" x="101" width="92" height="8"/>' in html


def test_a_bar_that_is_over_full_grows() -> None:
    assert 'viewBox="0 0 318 8"' in drawn(
        '{% usage_bar segments 250 "" %}', segments=[{"label": "", "value": 318, "css": ""}]
    )


class Form(forms.Form):
    host = forms.CharField(help_text="Without https://")
    keep = forms.BooleanField(required=False, help_text="24 months")


def test_a_field_is_wired_to_its_help_and_its_error() -> None:
    html = str(Form({"host": ""}))
    assert 'aria-describedby="id_host_helptext id_host_error"' in html
    assert 'id="id_host_helptext"' in html
    assert 'id="id_host_error"' in html
    assert '<label class="FormControl-label" for="id_host">' in html
    assert 'class="FormControl-checkbox"' in html


def test_checks_are_said_by_name_with_what_to_do() -> None:
    kept = [
        {"key": "name", "ok": True, "problem": "", "params": {}, "detail": "10.0.0.5"},
        {
            "key": "tls",
            "ok": False,
            "problem": "tls_ca",
            "params": {"host": "ghe", "issuer": "Octo CA"},
            "detail": "",
        },
    ]
    name, tls = ui.said(kept)
    assert name == {"label": "Found by name", "ok": True, "words": "10.0.0.5"}
    assert 'signed by "Octo CA"' in tls["words"]
