"""Every place that tells the one number, each read as whoever uses it reads it."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree

from django.core.management import call_command
from django.test import Client

from ghconnect import clock
from ghconnect.models import Enterprise
from tests.integration.api.caller import V1, V3, Script

# Whom a license is of, as every file tells it: the login, and the accounts on servers.
Who = tuple[str, tuple[str, ...]]
Told = dict[str, Any]
_LINE = r'<th scope="row"(?: class="(color-fg-muted)")?[^>]*>([^<]*)</th><td[^>]*>([^<]*)</td>'
_NAMES = {"Consumed licenses, counted by GitHub": "counted", "Not explained": "not_explained"}
_EXPECTED = ("Expected after every server's next sync", "Consumed licenses, counted by this console")


class Doors:
    """The doors of one enterprise. Each tells figures by name: counted, expected, not_explained, lines (their sum
    by verdict), purchased; and who: `rows` as GitHub counts them, `people` expected, by id or as files tell them.
    """

    def __init__(self, of: Enterprise, client: Client, script: Script, labels: dict[str, str]) -> None:
        self.of, self.client, self.script, self.labels = of, client, script, labels

    def each(self, *, by_github: bool) -> Iterator[tuple[str, Told]]:
        """Yield the name of each door and what it tells."""
        for name in ("", "/licensing", "/licensing/difference", "/licensing/renewal"):
            yield f"page {name or 'overview'}", self._bridge(name, by_github)
        yield "GET /bridge", self._numbers("/bridge")
        yield "GET /enterprise", self._numbers("/enterprise")
        yield "sync_status", self._sync_status()
        yield "GET /api/v3", self._v3(by_github)
        for view, whom in [*([("github", "rows")] if by_github else []), ("expected", "people_told")]:
            for name, read in self._files(view).items():
                who, told = read()
                yield f"{name} of {view}", {whom: who, **told}
        yield "page consumed", self._list(by_github)
        yield from self._today()

    # --- pages ---

    def _text(self, path: str) -> str:
        answer = self.client.get(f"/enterprises/{self.of.slug}{path}")
        assert answer.status_code == 200, path
        return str(answer.getvalue().decode("utf-8-sig"))

    def _bridge(self, path: str, by_github: bool) -> Told:
        page = self._text(path)
        # Without GitHub's count there is nothing to bridge from.
        told: Told = {"lines": {}} if by_github else {}
        if not path:  # the overview's headline stands above its bridge
            headline = re.search(r'<span class="h1 num">([^<]+)</span>', page)
            assert headline
            told["counted" if by_github else "expected"] = _number(headline[1])
        table = page.partition('<table class="bridge">')[2].partition("</table>")[0]
        assert path or by_github == bool(table)
        for muted, label, value in re.findall(_LINE, table):
            words = label.replace("&#x27;", "'")
            if words in _EXPECTED:
                told["expected"] = _number(value)
            elif words in _NAMES:
                told[_NAMES[words]] = _number(value)
            elif not muted:  # of how many it is not sure is said below a line, in no sum
                told["lines"][self._line(words)] = _number(value)
        return told

    def _line(self, words: str) -> str:
        """The verdict a line is of; that of servers GitHub never synced names them."""
        if words in self.labels:
            return self.labels[words]
        assert re.fullmatch(r"GitHub has never synced .+", words), words
        return "never_received"

    def _list(self, by_github: bool) -> Told:
        """The list: the number at each view, and whom the expected one leads to."""
        page = self._text("/licensing/consumed?view=expected")
        views = page.split('<ul class="view-switch">')[1].split("</ul>")[0]
        counters = [_number(one) for one in re.findall(r'<span class="Counter">([^<]+)</span>', views)]
        told: Told = {"expected": counters[1 if by_github else 0], "people": _people(page)}
        return told | ({"read": counters[0]} if by_github else {})

    # --- scripts ---

    def _numbers(self, path: str) -> Told:
        found = self.script.json(f"{V1}{path}")
        told = {
            "counted": found["counted_by_github"],
            "lines": {o["key"]: o["delta"] for o in found["lines"]},
        }
        return told | {name: found[name] for name in ("expected", "not_explained", "read")}

    def _v3(self, by_github: bool) -> Told:
        found = self.script.json(f"{V3}/enterprises/{self.of.slug}/consumed-licenses?per_page=100")
        whom = "rows" if by_github else "people_told"
        total = "counted" if by_github else "expected"
        return {whom: _who(found["users"]), total: found["total_seats_consumed"]}

    def _sync_status(self) -> Told:
        out = io.StringIO()
        with contextlib.suppress(SystemExit):  # its code says whether anything needs attention
            call_command("sync_status", "--enterprise", self.of.slug, "--json", stdout=out)
        (found,) = json.loads(out.getvalue())["enterprises"]
        return {"counted": found["counted_by_github"], "expected": found["expected"]}

    # --- files ---

    def _files(self, view: str) -> dict[str, Callable[[], tuple[list[Who], Told]]]:
        def command(form: str) -> str:
            out = io.StringIO()
            call_command(
                "export_consumed_licenses",
                "--enterprise",
                self.of.slug,
                "--format",
                form,
                "--view",
                view,
                stdout=out,
            )
            return out.getvalue()

        file = f"/licensing/consumed.{{}}?view={view}"
        return {
            "CSV": lambda: _csv(self._text(file.format("csv"))),
            "JSON": lambda: _json(self._text(file.format("json"))),
            "XLSX": lambda: self._xlsx(file.format("xlsx")),
            "command CSV": lambda: _csv(command("csv")),
            "command JSON": lambda: _json(command("json")),
            "GET /people": lambda: (
                _who(self.script.json(f"{V1}/people?view={view}&limit=100")["items"]),
                {},
            ),
        }

    def _xlsx(self, path: str) -> tuple[list[Who], Told]:
        book = zipfile.ZipFile(io.BytesIO(self.client.get(f"/enterprises/{self.of.slug}{path}").getvalue()))
        sheets = sorted(name for name in book.namelist() if name.startswith("xl/worksheets/"))
        (header, *rows), about = (_cells(book.read(name)) for name in sheets)
        facts = dict(row for row in about if len(row) == 2)
        assert facts["licenses"] == str(len(rows))
        return _lines([dict(zip(header, row, strict=True)) for row in rows]), _facts(facts)

    # --- as of today ---

    def _today(self) -> Iterator[tuple[str, Told]]:
        day = clock.now(self.of).date().isoformat()
        page = self._text(f"/licensing/history?as_of={day}")
        (held,) = re.findall(r'<h2 class="f4 mb-2">([\d,]+) (?:person|people) held', page)
        yield "page history", {"expected": _number(held), "people": _people(page)}
        found = self.script.json(f"{V1}/as-of/{day}?limit=100")
        totals = found["totals"]
        told = {name: totals[name] for name in ("counted", "expected", "lines")}
        told |= {"not_explained": totals["unexplained"], "read": totals["read_as_counted"]}
        yield "GET /as-of", told | {"people": {one["person"] for one in found["items"]}}
        users = json.loads(self._text(f"/licensing/history.json?as_of={day}"))["users"]
        assert all(one["name"] for one in users), "nobody here is erased"
        yield "history JSON", {"people": {one["person"] for one in users}}
        *rows, last = csv.DictReader(io.StringIO(self._text(f"/licensing/history.csv?as_of={day}")))
        assert last["name"].startswith(f"# {len(rows)} licenses; ")
        yield "history CSV", {"people": {int(one["person"]) for one in rows}}


def _number(text: str) -> int:
    return int(text.replace(",", "").replace("\N{MINUS SIGN}", "-").replace("+", ""))


def _people(page: str) -> set[int]:
    return {int(pk) for pk in re.findall(r'<th scope="row"><a [^>]*href="[^"]*/people/(\d+)"', page)}


def _who(users: list[dict[str, Any]]) -> list[Who]:
    return sorted(
        (one["github_com_login"], tuple(sorted(one["enterprise_server_user_ids"]))) for one in users
    )


def _lines(rows: list[dict[str, str]]) -> list[Who]:
    found = [
        {
            "github_com_login": row["GitHub com login"],
            "enterprise_server_user_ids": [
                one for one in row["Enterprise server user ids"].split(",") if one
            ],
        }
        for row in rows
    ]
    return _who(found)


def _csv(text: str) -> tuple[list[Who], Told]:
    *rows, last = csv.DictReader(io.StringIO(text))
    count, *facts = last["GitHub com login"].removeprefix("# ").split("; ")
    assert count == f"{len(rows)} licenses"
    return _lines(rows), _facts(dict(one.split("=", 1) for one in facts))


def _json(text: str) -> tuple[list[Who], Told]:
    found = json.loads(text)
    assert found["users_listed"] == len(found["users"])
    return _who(found["users"]), {"counted": found["total_seats_consumed"]} | _facts(found["console"])


def _facts(found: dict[str, Any]) -> Told:
    told = {"expected": int(found["expected"]), "not_explained": int(found["not_explained"])}
    counted = found.get("counted_by_github", "")
    return told | ({"counted": int(counted)} if counted != "" else {})


def _cells(sheet: bytes) -> list[list[str]]:
    return [["".join(cell.itertext()) for cell in row] for row in ElementTree.fromstring(sheet)[0]]  # noqa: S314 - our own file
