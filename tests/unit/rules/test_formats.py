"""Files as they come: recognised, read in bounded memory, refused with line and column."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ghconnect.records import ServerAccount
from licensing.rules.formats import (
    FORMATS,
    BadFile,
    ExportFacts,
    export_facts,
    read,
    read_projection,
    recognise,
    write_projection,
)

# The columns of the site-admin reports (reference §6.3).
HEADER = (
    "created_at,id,login,email,role,suspended?,last_logged_ip,repos,ssh_keys,org_memberships,dormant?,"
    "last_active,raw_login,2fa_enabled?"
)
JANE_ROW = (
    "2024-01-02T03:04:05Z,17,jdoe,jane@octo-corp.example,admin,false,10.0.0.1,3,2,1,true,"
    '2026-11-01T00:00:00Z,"{""name"": ""x, y""}",true'
)
JANE = ServerAccount(
    17, "jdoe", "jane@octo-corp.example", False, True, True, False, datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
)
SIMPLE = "id,login,email,suspended?\n"
# The columns of GitHub's license report, now and until 2024 (reference §5.2).
REPORT_NOW = (
    "GitHub com login",
    "GitHub com name",
    "Enterprise server user ids",
    "GitHub com user",
    "License type",
)
REPORT_OLD = ("github_com_login", "github_com_name", "enterprise_server_user_ids", "total_user_accounts")


def file(*rows: str, header: str = HEADER) -> bytes:
    return "".join(f"{row}\n" for row in (header, *rows)).encode()


def parse(content: bytes, name: str = "", size: int = 7) -> list[ServerAccount]:
    return list(read(recognise(content, name), pieces(content, size)))


def divided(content: bytes, by: str) -> bytes:
    """Save a report as a spreadsheet does, with other dividers."""
    out = io.StringIO()
    rows = csv.reader(io.StringIO(content.decode()))
    csv.writer(out, delimiter=by, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def pieces(content: bytes, size: int) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


def refused(content: bytes, name: str = "") -> tuple[str, int, str]:
    with pytest.raises(BadFile) as bad:
        parse(content, name)
    assert bad.value.key == (bad.value.problem if bad.value.problem == "truncated" else "bad_file")
    assert (bad.value.params["n"], bad.value.params["c"]) == (bad.value.line, bad.value.column)
    return bad.value.problem, bad.value.line, bad.value.column


# --- all_users.csv -----------------------------------------------------------------------------------------


def test_all_users_csv() -> None:
    assert parse(file(JANE_ROW)) == [JANE]


@pytest.mark.parametrize(
    "change",
    [
        lambda content: b"\xef\xbb\xbf" + content,
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: divided(content, ";"),
        lambda content: b"\xef\xbb\xbf" + divided(content, "\t").replace(b"\n", b"\r\n"),
        lambda content: content + b"\n\n",
        lambda content: content.replace(b"suspended?", b" Suspended "),
        lambda content: content.replace(b"jane@octo-corp.example", b" jane@octo-corp.example "),
        lambda content: content.replace(b"05Z,17", b"05+00:00,17"),
        lambda content: content.replace(b"2024-01-02T03:04:05Z", b"2024-01-02 03:04:05 UTC"),
    ],
)
def test_the_same_report_written_otherwise(change: Callable[[bytes], bytes]) -> None:
    assert parse(change(file(JANE_ROW))) == [JANE]


def test_columns_are_found_by_name_in_any_order() -> None:
    reader = csv.DictReader(io.StringIO(file(JANE_ROW).decode()))
    names = sorted(reader.fieldnames or [])
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(reader)
    assert parse(out.getvalue().encode()) == [JANE]


@pytest.mark.parametrize(
    ("status", "suspended"), [("suspended", True), ("active", False), ("Unsuspended", False), ("true", True)]
)
def test_the_status_that_ghe_user_csv_writes(status: str, suspended: bool) -> None:
    header = "id,login,email,role,suspension_status,creation_date"
    content = file(f"1,ann,a@x.example,user,{status},2024-01-02 03:04:05 UTC", header=header)
    assert recognise(content).key == "ghe_user_csv"
    made = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert parse(content) == [
        ServerAccount(1, "ann", "a@x.example", suspended, False, None, None, made),
    ]


def test_never_active_is_an_empty_last_active() -> None:
    (one,) = parse(file(JANE_ROW.replace("2026-11-01T00:00:00Z", "")))
    assert one.never_active is True


def test_what_has_no_column_is_not_known() -> None:
    (one,) = parse(file("17,jdoe,,no", header=SIMPLE.strip()))
    assert one == ServerAccount(17, "jdoe", "", False, None, None, None, None)


@pytest.mark.parametrize("written", ["true", "True", "TRUE", "t", "T", "1", "yes", "Yes"])
def test_yes(written: str) -> None:
    assert parse(file(f"1,a,,{written}", header=SIMPLE.strip()))[0].suspended is True


@pytest.mark.parametrize("written", ["false", "False", "FALSE", "f", "F", "0", "no", "No"])
def test_no(written: str) -> None:
    assert parse(file(f"1,a,,{written}", header=SIMPLE.strip()))[0].suspended is False


@pytest.mark.parametrize("written", ["", "y", "active", "null", " true", "2", "はい"])
def test_anything_else_is_no_boolean(written: str) -> None:
    rows = ("1,a,,true", f"2,b,,{written}")
    assert refused(file(*rows, header=SIMPLE.strip())) == ("not_boolean", 3, "suspended?")


@pytest.mark.parametrize(
    ("row", "problem", "column"),
    [
        (JANE_ROW.replace(",17,", ",x17,"), "not_number", "id"),
        (JANE_ROW.replace(",17,", ",,"), "not_number", "id"),
        (JANE_ROW.replace(",17,", ",-1,"), "not_number", "id"),
        (JANE_ROW.replace(",17,", ",1_7,"), "not_number", "id"),
        (JANE_ROW.replace(",17,", "," + "9" * 19 + ","), "not_number", "id"),
        (JANE_ROW.replace("jdoe", " "), "blank", "login"),
        (JANE_ROW.replace("jdoe", "j" * 256), "too_long", "login"),
        (JANE_ROW.replace("jane@", "j" * 320 + "@"), "too_long", "email"),
        (JANE_ROW.replace("octo-corp", "j" * 270 + "@" + ".".join(["ドメイン"] * 5)), "too_long", "email"),
        (JANE_ROW.replace("admin", "owner"), "not_role", "role"),
        (JANE_ROW.replace("2024-01-02T", "yesterday "), "not_time", "created_at"),
        (JANE_ROW.replace(",1,true,", ",1,,"), "not_boolean", "dormant?"),
        (JANE_ROW + ",more", "wrong_columns", ""),
        ('1,"a"b,c', "bad_quotes", ""),
    ],
)
def test_wrong_values_are_named_by_line_and_column(row: str, problem: str, column: str) -> None:
    good = JANE_ROW.replace(",17,", ",1,")
    assert refused(file(good, row, JANE_ROW.replace(",17,", ",2,"))) == (problem, 3, column)


def test_a_row_too_short_in_the_middle_is_not_a_cut() -> None:
    assert refused(file(JANE_ROW, "1,2,3", JANE_ROW)) == ("wrong_columns", 3, "")


@pytest.mark.parametrize("column", ["id", "login", "email", "suspended?"])
def test_required_columns(column: str) -> None:
    header = SIMPLE.strip().replace(column, "other")
    assert refused(file("1,a,b,true", header=header)) == ("missing_column", 1, column)


def test_columns_that_stand_twice() -> None:
    header = "id,login,email,suspended?,suspended"
    assert refused(file("1,a,b,true,true", header=header)) == ("duplicate_column", 1, "suspended?")


def test_an_id_that_stands_twice() -> None:
    rows = [f"{number},u,,false" for number in (5, 1, 10**9, 10**12, 10**9)]
    assert refused(file(*rows, header=SIMPLE.strip())) == ("duplicate_id", 6, "id")


@pytest.mark.parametrize("size", [7, 10**6])
@pytest.mark.parametrize(("written", "problem"), [(b"\xe9", "not_utf8"), (b"\0", "nul")])
def test_bytes_that_are_no_text(size: int, written: bytes, problem: str) -> None:
    content = file(JANE_ROW, JANE_ROW).replace(b"\n2024", b"\n" + written)
    with pytest.raises(BadFile) as bad:
        parse(content.replace(b"\n" + written, b"\n2024", 1), size=size)
    assert (bad.value.problem, bad.value.line) == (problem, 3)


def test_the_largest_id() -> None:
    assert parse(file("9" * 18 + ",a,,no", header=SIMPLE.strip()))[0].remote_user_id == 10**18 - 1


@pytest.mark.parametrize("quote", ["", '"'])
def test_lines_without_end(quote: str) -> None:
    content = file(JANE_ROW) + f"1,{quote}".encode() + b"x" * 3_000_000
    with pytest.raises(BadFile) as bad:
        list(read(FORMATS["all_users_csv"], pieces(content, 65536)))
    assert bad.value.problem == "line_too_long"
    assert bad.value.line == 3


@given(st.integers(1, 10_000))
def test_a_cut_is_never_taken_for_a_whole_report(length: int) -> None:
    rows = [JANE_ROW.replace(",17,", f",{number},") for number in range(40)]
    content = file(*rows)
    length %= len(content)
    assume(length > len(HEADER) + 1)
    if content[length - 1] == ord("\n"):
        assert len(parse(content[:length])) == content[:length].count(b"\n") - 1  # the block rule's to find
    else:
        assert refused(content[:length])[0] == "truncated"


def test_a_cut_inside_quotes_is_a_cut() -> None:
    assert refused(file(JANE_ROW.replace("x, y", "x\ny"))[:-20] + b"\n")[0] == "truncated"


@given(st.integers(1, 200))
def test_chunks_may_end_anywhere(size: int) -> None:
    rows = [JANE_ROW.replace(",17,", f",{n},").replace("jdoe", "佐藤é𝒳") for n in range(5)]
    assert parse(file(*rows), size=size) == parse(file(*rows), size=10**6)


def test_memory_stays_bounded() -> None:
    row = JANE_ROW.replace(",17,", ",{},") + "\n"
    rows = ("".join(row.replace("{}", str(n)) for n in range(at, at + 1000)) for at in range(0, 60_000, 1000))
    chunks = (text.encode() for text in (f"{HEADER}\n", *rows))
    tracemalloc.start()
    try:
        count = sum(1 for _ in read(FORMATS["all_users_csv"], chunks))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 60_000
    assert peak < 4_000_000


# --- recognising -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (file(), "all_users_csv"),
        (b"id,login,email,role,suspended?\n", "ghe_user_csv"),
        (b"\xef\xbb\xbfid,login,email,suspended?\r\n", "ghe_user_csv"),
        (b'{"users": []}', "console_json"),
        (b'  {"hostName": "h", "serverId": "s", "version": "v", "users": [ {"log', "console_json"),
        (b'{"remoteUserId": 1}\n', "console_ndjson"),
        (b'{"login": "x", "remoteUserId": 1, "emails": [', "console_ndjson"),
        (b'{"hostName": "h", "serverId": "s", "version": "v"}\n{"remoteUserId": 1}', "console_ndjson"),
        (b'{"host_name": "h", "server_id": "s", "users": "kQ83', "license_export"),
        (b'{"Host name": "h", "Server ID": "s", "Version": "3.19", "x": "kQ83', "license_export"),
        (b'{"users": ["kQ83"]}', "license_export"),
    ],
)
def test_recognise(content: bytes, key: str) -> None:
    assert recognise(content).key == key


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        (b"", "all_users.csv", "empty_file"),
        (b"\n \n", "", "empty_file"),
        (b" <!DOCTYPE html><html>", "all_users.csv", "web_page"),
        (b"a,b\n1,2\n", "all_users.csv", "unknown_format"),
        (b"jdoe,jane@octo-corp.example,user,1,2,3\n", "users.csv", "no_header"),
        (b"login,email,role,ssh_keys,org_memberships,repos,suspension_status\n", "users.csv", "no_ids"),
        ((",".join(REPORT_NOW) + "\n").encode(), "octo-corp.csv", "license_report"),
        ((",".join(REPORT_OLD) + "\n").encode(), "", "license_report"),
        (b"\xef\xbb\xbfGitHub login;GitHub name;License type\r\n", "all_users.csv", "license_report"),
        (b'{"total_seats_consumed": 1, "users": [{"github_com_login": "a"}]}', "", "license_report"),
        (b"github_connect.features_enabled,host_name,ghe_stats.users.total_users\n", "", "server_statistics"),
        (b"\x85\x02\x0c\x03", "Octo-Corp.GHL", "license_file"),
        (b"PK\x03\x04..[Content_Types].xml", "all_users.xlsx", "workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "all_users.xls", "workbook"),
        (b"PK\x03\x04..all_users.csv", "all_users.zip", "zip_archive"),
        (SIMPLE.encode("utf-16"), "all_users.csv", "utf16"),
        (b"\x1f\x8b\x08", "all_users.csv.gz", "unknown_format"),
        (b'{"message": "Not Found"}', "", "error_answer"),
        (b'{"name": "x"}', "", "unknown_format"),
        (b"[1, 2]", "", "unknown_format"),
        (file(JANE_ROW), "dormant_users.csv", "partial_list"),
        (file(JANE_ROW), "C:\\reports\\Suspended_users-2.csv", "partial_list"),
        (b"id,created_at,login,email,owners,members,teams,repos,2fa_required?\n", "", "organizations_report"),
    ],
)
def test_what_is_not_a_list_of_users(content: bytes, name: str, problem: str) -> None:
    assert refused(content, name)[0] == problem


@given(st.binary(max_size=300), st.text(max_size=20))
def test_recognising_never_fails_otherwise(content: bytes, name: str) -> None:
    with suppress(BadFile):
        assert recognise(content, name).key in FORMATS


@given(st.binary(max_size=300), st.sampled_from(sorted(set(FORMATS) - {"license_export"})))
def test_reading_never_fails_otherwise(content: bytes, key: str) -> None:
    with suppress(BadFile):
        list(read(FORMATS[key], [content]))


# --- our JSON ----------------------------------------------------------------------------------------------

PERSON = {
    "remoteUserId": 17,
    "login": "jdoe",
    "isSiteAdmin": True,
    "emails": [
        {"email": "second@x.example", "isPrimary": False},
        {"email": "jane@octo-corp.example", "isPrimary": True},
    ],
    "suspended": False,
    "dormant": True,
    "neverActive": False,
    "remoteCreatedAt": "2024-01-02T03:04:05Z",
    "profileName": {"dropped": ["Jane", None, 1.5]},
}
ENVELOPE = {
    "hostName": "ghe.example",
    "serverId": "s",
    "version": "3.19",
    "observedAt": "2026-11-24T06:00:00Z",
}


def document(*people: object, indent: int | None = None, **facts: object) -> bytes:
    return json.dumps({**ENVELOPE, **facts, "users": people, "after": {"a": [1]}}, indent=indent).encode()


def ndjson(*values: object) -> bytes:
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values).encode()


@pytest.mark.parametrize(
    "content",
    [
        document(PERSON),
        document(PERSON, indent=2),
        document(PERSON, totalCount=1),
        b"\xef\xbb\xbf" + document(PERSON),
        ndjson(PERSON),
        ndjson(ENVELOPE, PERSON),
        ndjson({**ENVELOPE, "totalCount": 1}, PERSON).rstrip(),
    ],
    ids=range(7),
)
def test_our_json(content: bytes) -> None:
    assert parse(content) == [JANE]


def test_fields_left_out_are_not_known_and_null_is_not_false() -> None:
    least = {"remoteUserId": 1, "login": "a", "emails": [], "suspended": True}
    assert parse(document(least)) == [ServerAccount(1, "a", "", True, None, None, None, None)]
    assert refused(document({**least, "dormant": None})) == ("not_boolean", 1, "dormant")
    assert parse(document({**least, "remoteCreatedAt": None}))[0].created_at is None


@pytest.mark.parametrize(
    ("facts", "problem", "column"),
    [
        ({"remoteUserId": "x"}, "not_number", "remoteUserId"),
        ({"remoteUserId": "17"}, "not_number", "remoteUserId"),
        ({"remoteUserId": True}, "not_number", "remoteUserId"),
        ({"remoteUserId": -1}, "not_number", "remoteUserId"),
        ({"login": None}, "not_text", "login"),
        ({"login": " "}, "blank", "login"),
        ({"login": "a\0b"}, "not_text", "login"),
        ({"login": "a\ud800"}, "not_text", "login"),
        ({"suspended": "maybe"}, "not_boolean", "suspended"),
        ({"emails": "jane@x"}, "not_emails", "emails"),
        ({"emails": ["jane@x"]}, "not_emails", "emails"),
        ({"emails": [{"email": "jane@x"}]}, "not_emails", "emails"),
        ({"emails": [{"email": 1, "isPrimary": True}]}, "not_text", "emails"),
        ({"emails": [{"email": "a", "isPrimary": True}] * 2}, "two_primary_emails", "emails"),
        ({"remoteCreatedAt": "soon"}, "not_time", "remoteCreatedAt"),
    ],
)
def test_wrong_fields(facts: dict[str, object], problem: str, column: str) -> None:
    bad = json.dumps({**PERSON, "remoteUserId": 2, **facts})
    assert refused(f"{json.dumps(PERSON)}\n{bad}\n".encode()) == (problem, 2, column)


@pytest.mark.parametrize("field", ["remoteUserId", "login", "emails", "suspended"])
def test_required_fields(field: str) -> None:
    one = {name: value for name, value in PERSON.items() if name != field}
    assert refused(document(one)) == ("missing_column", 1, field)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (document(PERSON, PERSON), "duplicate_id"),
        (document(PERSON, 5), "not_object"),
        (document(PERSON, totalCount=2), "truncated"),
        (ndjson({**ENVELOPE, "totalCount": 2}, PERSON), "truncated"),
        (document(PERSON) + b"x", "not_json"),
        (document(PERSON).replace(b'"jdoe",', b'"jdoe"'), "not_json"),
        (document(PERSON).replace(b"}]", b"},]", 1), "not_json"),
        (document(PERSON).replace(b"jdoe", b"j\xffdoe"), "not_utf8"),
        (document(PERSON).replace(b'{"dropped"', b"[" * 100_000 + b'{"dropped"'), "not_json"),
        (ndjson(PERSON, [1]), "not_object"),
    ],
    ids=range(10),
)
def test_what_is_wrong_with_a_document(content: bytes, problem: str) -> None:
    assert refused(content)[0] == problem


DEEP = b"[" * 5000


@pytest.mark.parametrize(
    "head", [b'{"users": [], "x": ', b'{"hostName": "a", "x": ', b'{"remoteUserId": 1, "x": ']
)
def test_no_document_is_deeper_than_it_can_be_read(head: bytes) -> None:
    for content in (head + DEEP, head + b'{"a": ' * 5000, head + DEEP + b"]" * 5000 + b"}"):
        assert refused(content)[0] in {"not_json", "unknown_format"}


def test_no_export_is_deeper_than_it_can_be_read() -> None:
    with pytest.raises(BadFile, match="not_json"):
        export_facts(pieces(b'{"license": ' + b'{"a": ' * 5000, 1 << 16))


@given(st.integers(0, 10_000), st.sampled_from(["document", "ndjson"]))
def test_a_cut_of_our_json_is_found(length: int, kind: str) -> None:
    people = [{**PERSON, "remoteUserId": number} for number in range(5)]
    whole = document(*people) if kind == "document" else ndjson({**ENVELOPE, "totalCount": 5}, *people)
    cut = whole[: length % (len(whole.strip()) - 1)]
    reader = FORMATS[f"console_{'json' if kind == 'document' else 'ndjson'}"]
    with pytest.raises(BadFile):
        list(read(reader, pieces(cut, 50)))


@given(st.integers(1, 300), st.none() | st.just(3))
def test_chunks_of_json_may_end_anywhere(size: int, indent: int | None) -> None:
    people = [{**PERSON, "remoteUserId": n, "login": '佐藤\\"é𝒳'} for n in range(3)]
    assert parse(document(*people, indent=indent), size=size) == parse(document(*people), size=10**6)


def test_json_memory_stays_bounded() -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"users": ['
        for number in range(30_000):
            yield (b"," if number else b"") + json.dumps({**PERSON, "remoteUserId": number}).encode()
        yield b"]}"

    tracemalloc.start()
    try:
        count = sum(1 for _ in read(FORMATS["console_json"], chunks()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 30_000
    assert peak < 4_000_000


# --- genuine exports ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["{}", "{0}"])
def test_facts_of_a_genuine_export(style: str) -> None:
    blob = "kQ83\\n" * 500_000
    content = (
        '{"Features": {"license_usage_sync": "2026-01-01"}, "users": "' + blob + '", "Server ID": "s-1",'
        ' "server": {"host_name": "ghe.example", "version": "3.19.0"}, "exported_at": "2026-11-24T06:00:00Z"}'
    ).encode()
    facts = export_facts(pieces(content, 65536))
    assert facts == ExportFacts("ghe.example", "s-1", "3.19.0", datetime(2026, 11, 24, 6, tzinfo=UTC))


def test_an_export_has_no_accounts_to_read() -> None:
    with pytest.raises(BadFile) as bad:
        read(FORMATS["license_export"], [])
    assert bad.value.key == "encrypted_export"
    assert not FORMATS["license_export"].whole


def test_facts_of_our_own_json() -> None:
    assert export_facts([document(PERSON)]).host == "ghe.example"
    assert export_facts([b'{"hostName": 5, "date": "soon"}']) == ExportFacts()


# --- the kept form -----------------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
KNOWN = st.none() | st.booleans()
ACCOUNTS = st.lists(
    st.builds(
        ServerAccount,
        st.integers(0, 2**63 - 1),
        TEXT,
        TEXT,
        st.booleans(),
        KNOWN,
        KNOWN,
        KNOWN,
        st.none() | st.datetimes(timezones=st.just(UTC)),
    )
)


@given(ACCOUNTS, st.integers(1, 100))
@settings(max_examples=200)
def test_what_is_kept_is_what_was_read(accounts: list[ServerAccount], size: int) -> None:
    kept = b"".join(write_projection(accounts))
    assert list(read_projection(pieces(kept, size))) == accounts


def test_blocks_hold_whole_lines() -> None:
    blocks = list(write_projection(replaced(JANE, range(10_000))))
    assert len(blocks) > 1
    assert all(block.endswith(b"\n") and len(block) < 300_000 for block in blocks)


def replaced(account: ServerAccount, numbers: Iterable[int]) -> Iterator[ServerAccount]:
    return (ServerAccount(number, account.login, account.email, False) for number in numbers)


def test_only_read_fields_are_kept() -> None:
    kept = b"".join(write_projection(parse(file(JANE_ROW))))
    assert (
        kept == b"17,jdoe,jane@octo-corp.example,jane@octo-corp.example,1,0,1,0,2024-01-02 03:04:05+00:00\r\n"
    )


def test_what_was_kept_without_keys_is_read() -> None:
    kept = b"17,jdoe,jane@octo-corp.example,0,1,1,0,2024-01-02T03:04:05+00:00\r\n"
    assert list(read_projection([kept])) == list(parse(file(JANE_ROW)))
