"""How a person wants to see the console."""

from __future__ import annotations

from django.db import transaction

from ghconnect.models import User

from . import audit


def choose_language(*, by: User, language: str) -> User:
    """Keep the language `by` chose, a code of settings.LANGUAGES."""
    return _keep(by, language=language)


def change(
    *, by: User, name: str, language: str, time_zone: str, appearance: str, shortcuts: bool = True
) -> User:
    """Keep how `by` wants to see the console; "" leaves language and zone to the browser and to UTC."""
    name = name.strip()
    return _keep(
        by, name=name, language=language, time_zone=time_zone, appearance=appearance, shortcuts=shortcuts
    )


@transaction.atomic
def _keep(by: User, **values: str | bool) -> User:
    """Write what is another value than before, and the event of that: `user.update_preferences`."""
    told = audit.differing(by, values)
    for name in told["after"]:
        setattr(by, name, values[name])
    if told["after"]:
        by.save(update_fields=[*told["after"]])
        # Events stay when people are forgotten: that a name changed is told, no name.
        told = {
            when: {**facts, **({"name": "not kept"} if "name" in facts else {})}
            for when, facts in told.items()
        }
        audit.record("user.update_preferences", by=by, enterprise=None, subject=by.login, **told)
    return by
