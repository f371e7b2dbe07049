"""One count: the page, the CSV, the JSON and the bridge agree, whatever is looked at and however many there are."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from typing import Any
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from ghconnect.models import Enterprise, Server
from licensing import bridge, exports, people, workbook
from licensing.models import BridgeItem, CloudPicture, Edition, LicenseRow, Person, SearchTerm
from tests.integration.engine import drive

from .conftest import TOKYO

LIST = "/enterprises/octo/licensing/consumed"
DIFFERENCE = "/enterprises/octo/licensing/difference"
PAGES = ["", "/consumed", "/consumed?view=expected", "/difference", "/difference?line=new_since", "/upload"]


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, url
    return str(answer.getvalue().decode())


def as_csv(client: Client, query: str = "") -> list[dict[str, str]]:
    found = text(client, f"{LIST}.csv{query}")
    assert found.startswith("\N{ZERO WIDTH NO-BREAK SPACE}GitHub com login,")
    return list(csv.DictReader(io.StringIO(found[1:])))


def as_json(client: Client, query: str = "") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text(client, f"{LIST}.json{query}"))
    return found


def names(client: Client, query: str = "") -> list[str]:
    return re.findall(r'<th scope="row"><(?:a|span)[^>]*>([^<]*)<', text(client, f"{LIST}{query}"))


@pytest.mark.parametrize(("view", "total"), [("github", 5), ("expected", 6)])
def test_page_csv_json_and_bridge_tell_one_number(
    estate: Enterprise, owner: Client, view: str, total: int
) -> None:
    rows, data = as_csv(owner, f"?view={view}"), as_json(owner, f"?view={view}")
    assert len(names(owner, f"?view={view}")) == total
    assert len(rows) - 1 == total
    assert rows[-1]["GitHub com login"].startswith(f"# {total} licenses; enterprise=octo; view={view};")
    assert len(data["users"]) == data["users_listed"] == total
    numbers = bridge.of(estate)
    assert total == (numbers.read if view == "github" else numbers.expected)
    assert (data["total_seats_consumed"], data["console"]["expected"]) == (numbers.counted, numbers.expected)


def test_what_is_expected_of_githubs_rows_and_what_it_lacks_make_the_expected_count(
    estate: Enterprise, owner: Client
) -> None:
    by_github = as_json(owner)["users"]
    expected = as_json(owner, "?view=expected")["users"]
    lacking = [one for one in expected if one["source"] == "console"]
    assert sum(one["expected"] for one in by_github) + len(lacking) == len(expected) == 6
    assert {one["enterprise_server_user_ids"][0] for one in lacking} == {f"{TOKYO}:4", f"{TOKYO}:5"}


def test_the_bridge_adds_up_and_names_its_people(estate: Enterprise) -> None:
    numbers = bridge.of(estate)
    assert [(one.key, one.value) for one in numbers.changes] == [("new_since", 2), ("gone_since", -1)]
    assert numbers.counted == numbers.read == 5
    assert numbers.counted + sum(one.value or 0 for one in numbers.changes) == numbers.expected
    people, suspended = numbers.changes
    assert (people.note, people.href) == ("2 people", "/enterprises/octo/licensing/difference?line=new_since")
    assert suspended.note == "cat"
    assert suspended.href.endswith(f"/people/{Person.objects.get(name='cat').pk}")
    assert numbers.lines[-1].label == "Not explained"
    assert not numbers.lines[-1].bad


def test_a_license_of_an_account_that_is_gone_is_named_though_nobody_is_left(
    estate: Enterprise, tokyo: Server, owner: Client
) -> None:
    drive.read_server(tokyo, [drive.account(2, "bob@octo.example")])
    drive.read_server(tokyo, [drive.account(2, "bob@octo.example"), drive.account(6, "fay@octo.example")])
    line = next(one for one in bridge.of(estate).changes if one.key == "gone_since")
    assert (line.value, line.note) == (-1, "cat")
    assert "No account of this person is left." in text(owner, line.href)
    for query in ("", "?line=gone_since"):
        assert "cat@octo.example" in text(owner, f"/enterprises/octo/licensing/difference{query}")


def test_a_license_of_an_account_that_was_never_here_is_named_by_githubs_row(
    octo: Enterprise, tokyo: Server, owner: Client
) -> None:
    drive.read_cloud(octo, [drive.row("", [f"{TOKYO}:1"], ["one@octo.example"]), drive.row("ann")])
    drive.read_server(tokyo, [drive.account(2, "two@octo.example")])
    drive.read_server(tokyo, [drive.account(2, "two@octo.example"), drive.account(3)])
    line = next(one for one in bridge.of(octo).changes if one.key == "gone_since")
    assert (line.value, line.note) == (-1, "1 removed")
    for query in ("", "?line=gone_since"):
        assert "one@octo.example" in text(owner, f"/enterprises/octo/licensing/difference{query}")


def test_what_is_not_explained_is_red_and_comes_with_evidence(estate: Enterprise, owner: Client) -> None:
    from licensing.usecases import cloud

    cloud.state_count(estate, 7, 100)
    numbers = bridge.of(estate)
    assert (numbers.counted, numbers.unexplained) == (7, 2)
    for page in ("", "/difference"):
        shown = text(owner, f"/enterprises/octo/licensing{page}")
        assert "2 licenses of the difference are not explained" in shown
    assert "GitHub counts 7 licenses; its report lists 5" in text(owner, LIST)


def test_without_githubs_count_the_console_says_that_it_counts_itself(
    octo: Enterprise, tokyo: Server, owner: Client
) -> None:
    drive.read_server(tokyo, [drive.account(1, "a@octo.example"), drive.account(2, "b@octo.example")])
    CloudPicture.objects.all().delete()
    numbers = bridge.of(octo)
    assert (numbers.counted, numbers.headline, numbers.source) == (
        None,
        2,
        "Counted by this console. GitHub's count is not available.",
    )
    assert names(owner) == ["u1", "u2"]
    assert names(owner, "?view=github") == ["u1", "u2"]
    assert as_json(owner)["total_seats_consumed"] is None
    assert numbers.source.replace("'", "&#x27;") in text(owner, "/enterprises/octo/licensing")


def test_more_than_purchased_is_a_sentence_and_metered_has_no_purchase(
    estate: Enterprise, owner: Client
) -> None:
    from licensing.usecases import cloud

    cloud.state_count(estate, 5, 3)
    page = text(owner, "/enterprises/octo/licensing")
    assert "2 more than purchased" in page
    assert "available" not in page.split("Enterprise Server instances")[0].lower()
    Enterprise.objects.filter(pk=estate.pk).update(contract="metered")
    page = text(owner, "/enterprises/octo/licensing")
    assert "billable" in page
    assert "purchased" not in page


@pytest.mark.parametrize("page", PAGES)
def test_a_page_costs_the_same_for_one_and_for_three(
    page: str, octo: Enterprise, tokyo: Server, owner: Client
) -> None:
    def cost(count: int) -> int:
        rows = [
            drive.row(
                f"u{n}",
                [f"{TOKYO}:{n}"],
                [f"u{n}@octo.example"],
                github_com_saml_name_id=f"u{n}@octo.example",
            )
            for n in range(1, count + 1)
        ]
        drive.read_cloud(octo, rows)
        mine = [drive.account(n, f"u{n}@octo.example") for n in range(1, count + 1)]
        drive.read_server(
            tokyo, [*mine, *(drive.account(n + 10, f"new{n}@octo.example") for n in range(count))]
        )
        url = f"/enterprises/octo/licensing{page}"
        text(owner, url)
        with CaptureQueriesContext(connection) as queries:
            text(owner, url)
        return len(queries)

    assert cost(1) == cost(3)


def test_a_person_costs_the_same_with_two_accounts_and_with_three(octo: Enterprise, owner: Client) -> None:
    # With one alone it is asked besides what nearly joined it.
    servers = [drive.server(octo, f"ghe-{name}.octo.example") for name in "abc"]

    def cost(count: int) -> int:
        for server in servers[:count]:
            drive.read_server(server, [drive.account(1, "one@octo.example")])
        url = f"/enterprises/octo/licensing/people/{Person.objects.get(ended_edition=None).pk}"
        with CaptureQueriesContext(connection) as queries:
            assert text(owner, url).count("ghe-") >= count
        return len(queries)

    assert cost(2) == cost(3)


def test_an_export_costs_queries_by_the_thousand_people_not_by_the_person(estate: Enterprise) -> None:
    for view in ("github", "expected"):
        with CaptureQueriesContext(connection) as queries:
            "".join(exports.as_csv(exports.Export(estate, view)))
        assert len(queries) <= 12, view


SEARCHES: list[tuple[str, str, list[str]]] = [
    ("ann", "github", ["Ann Lee"]),
    ("ann lee", "github", ["Ann Lee"]),
    ("BOB", "github", ["Bob"]),
    ("bob@octo.example", "github", ["Bob"]),
    ("bob@", "expected", ["Bob"]),
    ("bob-on", "github", ["Bob"]),
    ("lee", "github", ["Ann Lee"]),
    ("le an", "github", ["Ann Lee"]),
    ('"ann lee"', "expected", ["Ann Lee"]),
    ('"lee ann"', "github", []),
    ("cat@octo", "github", ["cat@octo.example"]),
    ("dan", "expected", ["=dan"]),
    ("is:cloud", "github", ["Ann Lee"]),
    ("is:both", "expected", ["Bob"]),
    ("is:server", "github", ["cat@octo.example", "old@octo.example"]),
    ("is:invitation", "github", ["new@octo.example"]),
    ("is:suspended", "github", ["cat@octo.example"]),
    ("is:suspended", "expected", []),
    ("-is:server -is:invitation", "github", ["Ann Lee", "Bob"]),
    ("server:ghe-tokyo", "github", ["Bob", "cat@octo.example"]),
    (f"server:{TOKYO}", "expected", ["=dan", "Bob", "eve"]),
    ("server:ghe-old", "expected", ["old@octo.example"]),
    ("server:ghe", "github", []),
    ("verdict:gone_since", "github", ["cat@octo.example"]),
    ("verdict:new-since", "expected", ["=dan", "eve"]),
    ("server:ghe-tokyo -verdict:new_since", "expected", ["Bob"]),
    ("verdict:unknown_server", "expected", ["old@octo.example"]),
    ("matched-by:saml_name_id", "github", ["Bob"]),
    ("matched-by:github", "expected", ["Bob"]),
    ("matched-by:own-email", "expected", ["=dan", "eve"]),
    ("org:OCTO", "github", ["Ann Lee", "Bob", "new@octo.example"]),
    ("org:oct", "github", []),
    ("ghe-tokyo:2", "github", ["Bob"]),
    (f"{TOKYO}:5", "expected", ["eve"]),
    ("org:octo is:cloud ann", "github", ["Ann Lee"]),
    ("100%", "github", []),
    ("a_n", "github", []),
    ("is:pending", "github", ["new@octo.example"]),
    ("is:dormant", "expected", []),
    ("is:never-active", "expected", []),
    ("role:owner", "github", ["Ann Lee"]),
    ("role:member", "github", []),
    ("-role:owner is:cloud", "github", []),
    ("-org:octo", "expected", ["=dan", "eve", "old@octo.example"]),
    ("type:vss", "github", []),
    ("type:enterprise is:both", "expected", ["Bob"]),
    ("email:bob@octo.example", "github", ["Bob"]),
    ("email:dan@", "expected", ["=dan"]),
    ("email:new@octo.example", "expected", ["new@octo.example"]),
    ("email:octo.example", "github", []),
    ("matched-by:saml", "github", ["Bob"]),
    ("matched-by:scim", "github", []),
    ("since:2020-01-01 is:both", "github", ["Bob"]),
    ("since:2999-01-01", "expected", []),
    ("-since:2020-01-01", "expected", []),
]


def test_a_search_finds(estate: Enterprise, owner: Client, subtests: pytest.Subtests) -> None:
    for query, view, found in SEARCHES:
        with subtests.test(query=query, view=view):
            asked = {"q": query, "view": view}
            page = owner.get(LIST, asked)
            assert [line.name for line in page.context["lines"]] == found
            data = json.loads(owner.get(f"{LIST}.json", asked).getvalue())
            assert data["users_listed"] == len(found)
            assert page.context["heading"].startswith(f"{len(found)} of ")


def test_what_nobody_knows_is_said_and_no_list_is_shown(
    estate: Enterprise, owner: Client, subtests: pytest.Subtests
) -> None:
    for query in ("foo:bar", "is:purple", "verdict:nope", "ann matched-by:magic", "-x:y"):
        with subtests.test(query=query):
            unknown = query.rsplit(maxsplit=1)[-1]
            page = owner.get(LIST, {"q": query})
            assert page.context["lines"] == []
            assert f"Not known here: {unknown}." in page.content.decode()
            for ending in ("csv", "json", "xlsx"):
                refused = owner.get(f"{LIST}.{ending}", {"q": query})
                assert refused.status_code == 400
                assert unknown in refused.content.decode()


def test_the_list_is_sorted_both_ways_and_every_license_is_on_one_page(
    octo: Enterprise, tokyo: Server, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ghconnect import paging

    drive.read_cloud(octo, [drive.row(f"user{n}", github_com_name="Twin") for n in range(5)])
    monkeypatch.setattr(paging.of, "__kwdefaults__", {"size": 2})
    for sort in ("", "name-desc"):
        url, seen = f"{LIST}?sort={sort}", []
        while url:
            page = owner.get(url).context
            seen += [line.id for line in page["lines"]]
            url = page["page"].next_url and LIST + page["page"].next_url
        wanted = sorted(LicenseRow.objects.values_list("pk", flat=True), reverse=bool(sort))
        assert seen == wanted


def test_a_cell_is_never_a_formula(octo: Enterprise, tokyo: Server, owner: Client) -> None:
    evil = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"]
    drive.read_cloud(octo, [drive.row(f"u{n}", github_com_name=name) for n, name in enumerate(evil)])
    shown = {row["GitHub com name"] for row in as_csv(owner) if row["Source"]}
    assert shown == {f"'{name}" for name in evil}
    names = {one["github_com_name"] for one in as_json(owner)["users"]}
    assert names == set(evil)  # JSON is no spreadsheet


def test_the_columns_are_githubs_in_githubs_order_and_ours_behind() -> None:
    header = next(csv.reader(io.StringIO(",".join(header for _, header in exports.COLUMNS))))
    assert header[:4] == [
        "GitHub com login",
        "GitHub com name",
        "Enterprise server user ids",
        "GitHub com user",
    ]
    assert header[27] == "Total user accounts"
    assert len(header) == 33
    assert header[28:31] == ["Source", "Verdict", "Expected"]


def test_each_line_says_who_counted_it_and_when(estate: Enterprise, owner: Client) -> None:
    rows = {
        row["Enterprise server user ids"]: row for row in as_csv(owner, "?view=expected") if row["Source"]
    }
    bob, dan = rows[f"{TOKYO}:2"], rows[f"{TOKYO}:4"]
    assert bob["Source"] == "github"
    assert bob["Counted by GitHub at"].endswith("Z")
    assert bob["Read by this console at"].endswith("Z")
    assert (dan["Source"], dan["Counted by GitHub at"]) == ("console", "")
    assert (bob["GitHub com user"], bob["Total user accounts"]) == ("true", "2")


def test_a_person_shows_rule_value_verdict_reason_and_history(estate: Enterprise, owner: Client) -> None:
    bob = Person.objects.get(name="Bob")
    page = text(owner, f"/enterprises/octo/licensing/people/{bob.pk}")
    for words in (
        f"{TOKYO}:2",
        "bob@octo.example",
        "explained by SAML NameID",
        "Joined by GitHub: SAML NameID, bob@octo.example",
        "Active account: consumes a license",
        "This license over time",
    ):
        assert words in page.replace("&#x27;", "'"), words
    data = json.loads(owner.get(f"/enterprises/octo/licensing/people/{bob.pk}.json").content)
    cloud, server = data["accounts"]
    assert (cloud["login"], server["rule"], server["verdict"]) == ("bob", "github", "agreed")
    assert (server["explained_rule"], server["explained_value"]) == ("saml_name_id", "bob@octo.example")
    assert len(data["history"]) == 1
    told = data["history"][0]
    assert f"{told['from_sync']}</" in page.replace("&#x27;", "'")
    assert told["reason"] == data["reason"]
    assert told["to_sync"] == ""
    assert data["github_rows"][0]["enterprise_server_user_ids"] == [f"{TOKYO}:2"]


def test_a_tie_is_shown_as_one_with_all_who_could_be_meant(
    octo: Enterprise, tokyo: Server, owner: Client
) -> None:
    rows = [
        drive.row(login, github_com_verified_domain_emails=("p@octo.example",))
        for login in ("priya", "priya2")
    ]
    drive.read_cloud(octo, rows)
    drive.read_server(tokyo, [drive.account(1, "p@octo.example")])
    page = text(owner, f"/enterprises/octo/licensing/people/{Person.objects.get(name='Priya').pk}")
    assert "priya, priya2 all have p@octo.example" in page


def test_a_billing_manager_reads_all_but_takes_no_file_in(estate: Enterprise, manager: Client) -> None:
    for page in ["", "/consumed", "/difference", "/consumed.csv", "/consumed.json"]:
        text(manager, f"/enterprises/octo/licensing{page}")
    assert manager.get("/enterprises/octo/licensing/upload").status_code == 404


def test_another_enterprise_sees_nothing_of_it(estate: Enterprise, stranger: Client) -> None:
    person = Person.objects.filter(enterprise=estate).first()
    assert person is not None
    for page in ["", "/consumed", "/consumed.csv", f"/people/{person.pk}", f"/people/{person.pk}.json"]:
        assert stranger.get(f"/enterprises/octo/licensing{page}").status_code == 404
    # Nor by its own address with another's number.
    assert stranger.get(f"/enterprises/other/licensing/people/{person.pk}").status_code == 404
    assert json.loads(stranger.get("/enterprises/other/licensing/consumed.json").getvalue())["users"] == []


def test_no_line_hides_who_is_gone_behind_another(estate: Enterprise, owner: Client) -> None:
    """Licenses nobody here is tied to: many on the line that sorts first must not push out the other's."""
    for line, names_ in (("gone_since", [f"a{n:02}" for n in range(60)]), ("unknown_server", ["zoe"])):
        for name in names_:
            row = LicenseRow.objects.create(
                enterprise=estate, row_key=name, sort=name, github_com_login=name, kind="cloud", digest="-"
            )
            BridgeItem.objects.create(enterprise=estate, line=line, delta=-1).rows.add(row)
    Edition.objects.filter(enterprise=estate, number=estate.edition).update(
        totals={**drive.totals(estate), "lines": {"gone_since": -60, "unknown_server": -1}}
    )
    for page in (f"{DIFFERENCE}?line=unknown_server", DIFFERENCE):
        assert ">zoe<" in text(owner, page), page
    assert "60 licenses of accounts that are gone" in text(owner, f"{DIFFERENCE}?line=gone_since")
    alone = text(owner, f"{DIFFERENCE}?line=gone_since&gone=1")
    assert (">a00<" in alone, ">zoe<" in alone) == (True, False)
    assert f'href="{DIFFERENCE}?line=gone_since"' in text(owner, DIFFERENCE)


def test_a_person_shows_accounts_that_are_there_before_those_that_are_gone(
    octo: Enterprise, tokyo: Server
) -> None:
    ann = [drive.account(n, "ann@octo.example", f"ann{n}") for n in (1, 2)]
    drive.read_server(tokyo, ann)
    drive.read_server(tokyo, [ann[1], drive.account(9)])
    shown = people.whole(octo, Person.objects.get(name="ann2"))
    assert [(line.login, line.gone) for line in shown.accounts] == [("ann2", False), ("ann1", True)]


def as_xlsx(client: Client, query: str = "") -> list[list[list[str]]]:
    """Return the cells of each sheet."""
    found = zipfile.ZipFile(io.BytesIO(client.get(f"{LIST}.xlsx{query}").getvalue()))
    assert found.testzip() is None
    names = sorted(name for name in found.namelist() if name.startswith("xl/worksheets/"))
    return [
        [["".join(cell.itertext()) for cell in row] for row in ElementTree.fromstring(found.read(name))[0]]  # noqa: S314 - our own file
        for name in names
    ]


def test_a_workbook_holds_what_the_csv_does_and_says_of_what_it_is(estate: Enterprise, owner: Client) -> None:
    for query in ("?view=github", "?view=expected", "?view=free", "?view=expected&q=is:both"):
        (header, *cells), about = as_xlsx(owner, query)
        rows = as_csv(owner, query)
        assert header == list(rows[0])
        plain = [[value.removeprefix("'") for value in row.values()] for row in rows[:-1]]
        assert cells == plain
        assert about[0] == ["licenses", str(len(plain))]
        assert ["edition", str(bridge.of(estate).edition)] in about


def test_a_workbook_goes_on_in_another_sheet_and_takes_any_text(
    octo: Enterprise, tokyo: Server, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["=1+1", "<a&b>", "bell\x07", "\U0001f600", *(f"u{n}" for n in range(3))]
    drive.read_cloud(octo, [drive.row(f"u{n}", github_com_name=name) for n, name in enumerate(names)])
    monkeypatch.setattr(workbook, "ROWS_OF_SHEET", 3)
    *sheets, _about = as_xlsx(owner)
    shown = [row[1] for sheet in sheets for row in sheet[1:]]
    assert [len(sheet) - 1 for sheet in sheets] == [3, 3, 1]
    assert sorted(shown) == sorted(name.replace("\x07", "\ufffd") for name in names)


def test_whoever_has_no_license_is_listed_with_the_reason(
    estate: Enterprise, tokyo: Server, owner: Client
) -> None:
    people = [
        drive.account(2, "bob@octo.example", "bob-on-tokyo", dormant=True),
        drive.account(3, "cat@octo.example", "cat", suspended=True),
        drive.account(6, "zoe@octo.example", "zoe", suspended=True),
        drive.account(7, "", "scim-admin"),
    ]
    drive.read_server(tokyo, people)
    Enterprise.objects.update(price_cents=2100)
    page = owner.get(LIST, {"view": "free"}).context
    told = {line.name: line.verdict for line in page["lines"]}
    assert told["zoe"] == "Suspended account: consumes no license"
    assert told["scim-admin"] == "The scim-admin account: consumes no license"
    assert set(told) == {"cat", "scim-admin", "zoe"}
    assert page["heading"] == "3 people without a license, licenses for them would cost 756 USD a year"
    dormant = owner.get(LIST, {"view": "expected", "q": "is:dormant"}).context
    assert [line.name for line in dormant["lines"]] == ["Bob"]
    assert dormant["heading"].endswith("licenses, 252 USD a year")
    assert [one["expected"] for one in as_json(owner, "?view=free")["users"]] == [False] * 3


def test_what_is_misspelt_leads_to_what_was_probably_meant(estate: Enterprise, owner: Client) -> None:
    page = owner.get(LIST, {"q": "ann is:cluod", "view": "expected"})
    assert page.context["meant"] == "ann is:cloud"
    found = owner.get(page.context["meant_url"]).context
    assert [line.name for line in found["lines"]] == ["Ann Lee"]
    assert found["asked"].view == "expected"


def test_every_choice_of_a_menu_leads_to_a_search_that_is_known(estate: Enterprise, owner: Client) -> None:
    menus = owner.get(LIST, {"q": "ann"}).context["menus"]
    organization = next(menu for menu in menus if menu.id == "filter-organization")
    assert [option.label for option in organization.options] == ["octo"]
    for menu in menus:
        for option in menu.options:
            asked = owner.get(option.href).context["asked"]
            assert asked.query.unknown == ()
            assert asked.query.words == ("ann",)
            assert len(asked.query.terms) == 1


@pytest.mark.parametrize(
    "query", ["", "?q=a", "?q=ann+lee+is:cloud", "?q=org:octo&view=expected", "?view=free"]
)
def test_a_page_asks_as_much_of_many_as_of_few(
    octo: Enterprise, tokyo: Server, owner: Client, query: str
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as seen:
            text(owner, f"{LIST}{query}")
        return len(seen)

    counts = []
    for many in (2, 120):
        drive.read_cloud(octo, [drive.row(f"a{n}", github_com_name=f"Ann Lee {n}") for n in range(many)])
        drive.read_server(
            tokyo, [drive.account(n, f"s{n}@x.example", suspended=True) for n in range(1, many)]
        )
        text(owner, f"{LIST}{query}")
        counts.append(asked())
    assert counts[0] == counts[1]


def test_terms_follow_names_and_organizations(octo: Enterprise, tokyo: Server, owner: Client) -> None:
    def found(query: str) -> list[str]:
        return [line.name for line in owner.get(LIST, {"q": query, "view": "expected"}).context["lines"]]

    drive.read_cloud(octo, [drive.row("ann", github_com_name="Ann Lee"), drive.row("bob")])
    assert found("lee") == ["Ann Lee"]
    row = drive.row("ann", github_com_name="Ann Moss", github_com_member_roles=("labs:Owner",))
    drive.read_cloud(octo, [row, drive.row("bob")])
    assert (found("lee"), found("moss"), found("org:labs")) == ([], ["Ann Moss"], ["Ann Moss"])
    assert len(found("org:octo")) == 1
    drive.read_cloud(octo, [drive.row("bob")])
    assert (found("moss"), found("org:labs")) == ([], [])
    assert set(SearchTerm.objects.values_list("person_id", flat=True)) == {
        Person.objects.get(ended_edition=None).pk
    }


def test_a_misspelt_server_or_organization_is_asked_about(estate: Enterprise, owner: Client) -> None:
    short = TOKYO.partition(".")[0]
    typed = f"is:server -server:{short[:-2]}xo word"
    assert f"Did you mean is:server -server:{short} word?" in text(owner, f"{LIST}?q={typed}")
    assert "Did you mean org:octo?" in text(owner, f"{LIST}?q=org:oct")  # an organization is meant whole
    for known in (f"server:{short}", "server:nothing-like-it", "is:servr", "org:octo"):
        assert "is called so" not in text(owner, f"{LIST}?q={known}")
