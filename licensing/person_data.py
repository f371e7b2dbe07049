"""One person as data: keys of rules, verdicts and reasons instead of words."""

from __future__ import annotations

from typing import Any

from . import exports, people

_ROW = (*exports.GITHUB_FIELDS, "counted", "verdict")


def of(whole: people.Whole) -> dict[str, Any]:
    """Return what the page of a person shows, for programs."""
    return {
        "id": whole.person.pk,
        "name": whole.name,
        "consumes": whole.person.consumes,
        "reason": whole.person.reason,
        "license_type": whole.person.license_type,
        "deployment": whole.person.deployment,
        "as_of": {"github": exports.iso(whole.rows_at), "console": exports.iso(whole.console_at)},
        "accounts": [_account(line) for line in whole.accounts],
        "github_rows": [{name: getattr(row, name) for name in _ROW} for row in whole.rows],
        "history": [
            {
                "from": exports.iso(span.from_at),
                "to": exports.iso(span.to_at) or None,
                "open": span.open,
                "reason": span.key,
                "from_sync": span.from_run[0],
                "to_sync": span.to_run[0],
            }
            for span in whole.history
        ],
        "former_accounts": [
            {
                "login": one.account.login,
                "where": f"{one.account.server.host}:{one.account.remote_user_id}",
                "until": exports.iso(one.until) or None,
                "until_sync": one.run[0],
                "person_now": one.now.pk if one.now else None,
            }
            for one in whole.former
        ],
        "github_facts": [
            {"kind": one.kind, "value": one.value, "note": one.note, "at": exports.iso(one.at) or None}
            for one in whole.told
        ],
        "nearest_misses": [
            {
                "person": miss.person.pk if miss.person else None,
                "account": miss.who,
                "value": miss.value,
                "shares": miss.near,
                "would_join": miss.joins,
            }
            for miss in whole.misses
        ],
    }


def _account(line: people.AccountLine) -> dict[str, Any]:
    shown = {
        "login": line.login,
        "where": line.where,
        "value": line.value,
        "source": "github" if line.by_github else "console",
        "as_of": exports.iso(line.as_of),
    }
    account = line.account
    if account is None:
        return shown
    return shown | {
        "rule": account.rule,
        "explained_rule": account.explained_rule,
        "explained_value": account.explained_value,
        "tie": account.tie,
        "candidates": list(line.candidates),
        "verdict": account.verdict,
        "consumes": account.consumes,
        "reason": account.reason,
        "suspended": account.suspended,
        "dormant": account.dormant,
        "gone": line.gone,
        "joined_at": exports.iso(line.since[0] if line.since else None),
        "joined_by_sync": line.since[1] if line.since else "",
    }
