"""Fills sentences with parameters; of several wordings the first whose parameters are known is said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from string import Formatter

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from ghconnect import moments

Template = str | Promise
Wordings = Template | tuple[Template, ...]
Params = Mapping[str, object]


def say(wordings: Wordings, params: Params) -> str:
    """The sentence in the current language; later wordings need fewer parameters, a missing one is a dash."""
    known = {name: shown(value) for name, value in params.items() if value not in (None, "")}
    choices = [str(choice) for choice in (wordings if isinstance(wordings, tuple) else (wordings,))]
    chosen = next((choice for choice in choices if fields(choice) <= known.keys()), choices[-1])
    return chosen.format_map({**dict.fromkeys(fields(chosen), "–"), **known})


def fields(template: str) -> set[str]:
    """The names of a template's parameters."""
    return {name for _text, name, _spec, _conversion in Formatter().parse(template) if name}


def shown(value: object) -> str:
    """A parameter as people read it: times in the viewer's zone, the rest as it is."""
    moment = value if isinstance(value, datetime) else _moment(value)
    return moments.moment(moment) if moment else str(value)


def listed(words: Iterable[str]) -> str:
    """Words one after another, as the language separates them: "3 people, 1 removed"."""
    return pgettext("between the items of a list", ", ").join(words)


def sentences(said: Iterable[str]) -> str:
    """Sentences one after another; Japanese puts no space after its full stop."""
    return " ".join(said).replace("。 ", "。")


def unknown(key: str) -> str:
    """What is said of a key without words."""
    return _("Not described: {key}").format(key=key)


def _moment(value: object) -> datetime | None:
    """A time that was stored as ISO 8601 text; only with a zone, and never a mere number or date."""
    if not isinstance(value, str) or "T" not in value:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else None
