"""Files and requests that are none: made by hand and by chance, each wrong in a way that has a name."""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
import zlib
from collections.abc import Callable

from tests.integration.engine import drive

GOOD = drive.report([drive.account(n, f"a{n}@octo.example") for n in range(1, 9)])
HEAD, *ROWS = GOOD.splitlines(keepends=True)
Maker = Callable[[random.Random], bytes]
NAMES = (
    "all_users.csv", "../../../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/shadow", "a\0b.csv", "C:\\x.csv",
    "x" * 5000, "=cmd|'/c calc'!A1.csv", "<script>alert(1)</script>.csv", "\u202ecsv.exe", "", ".", "..", "con",
    "%2e%2e%2fpasswd", "a\r\nX-Evil: 1.csv", "日本語.csv", "file.csv.gz", "'; DROP TABLE account; --",
)  # fmt: skip


def cut(chance: random.Random) -> bytes:
    """A report that ends in the middle of a row."""
    row = chance.randrange(len(ROWS))
    return HEAD + b"".join(ROWS[:row]) + ROWS[row][: chance.randrange(1, len(ROWS[row]) - 2)]


def with_bytes(*wrong: bytes) -> Maker:
    """A report with bytes in it that no text has, anywhere behind its first line."""

    def make(chance: random.Random) -> bytes:
        at = chance.randrange(len(HEAD), len(GOOD) - 2)
        return GOOD[:at] + chance.choice(wrong) + GOOD[at:]

    return make


def encoded(chance: random.Random) -> bytes:
    """A report in another encoding."""
    return (
        GOOD.decode().encode(chance.choice(["utf-16", "utf-16-be", "utf-32", "cp037", "utf-7"])) + b"\xff\xfe"
    )


def columns(chance: random.Random) -> bytes:
    """A line of a million columns, as head or as row."""
    many = b"," * 1_000_000 + b"\n"
    return many + GOOD if chance.random() < 0.5 else HEAD + many


def line(chance: random.Random) -> bytes:
    """A line without end, or a quote that is never closed."""
    return HEAD + chance.choice([b"x", b'"', b'"x\n', b'""']) * chance.randrange(70_000, 2_000_000)


def bomb(chance: random.Random) -> bytes:
    """A little that unpacks to very much; or that is packed many times."""
    if chance.random() < 0.5:
        return gzip.compress(HEAD + b"\0" * chance.randrange(60_000_000, 80_000_000), 1)
    packed = GOOD
    for _ in range(chance.randrange(2, 30)):
        packed = gzip.compress(packed, 1)
    return packed


def packed_wrong(chance: random.Random) -> bytes:
    """gzip that is cut, damaged, or of another kind."""
    whole = gzip.compress(GOOD)
    at = chance.randrange(11, len(whole) - 9)
    return chance.choice(
        [
            whole[:at],
            whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :],
            zlib.compress(GOOD),
            b"\x1f\x8b" + GOOD,
        ]
    )


def archive(chance: random.Random) -> bytes:
    """A zip whose entries climb out of their folder; or a picture, a program, a document."""
    if chance.random() < 0.3:
        return chance.choice([b"\x89PNG\r\n\x1a\n", b"\x7fELF", b"%PDF-1.7\n", b"MZ"]) + chance.randbytes(500)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("../" * chance.randrange(1, 40) + "etc/cron.d/x", GOOD)
    return buffer.getvalue()


def noise(chance: random.Random) -> bytes:
    """Bytes by chance."""
    return chance.randbytes(chance.randrange(0, 3000))


def values(chance: random.Random) -> bytes:
    """A row with a value its column cannot have."""
    row = chance.choice(ROWS).split(b",")
    names = HEAD.strip().split(b",")
    at = names.index(b"id")
    row[at] = chance.choice(
        [b"", b"-1", b"1e9", b"0x10", b"9" * 40, b"NaN", "١".encode(), b"1;2", b"1" + b"0" * 19]
    )
    return HEAD + b",".join(row)


def twice(chance: random.Random) -> bytes:
    """An id that stands twice, or a head that does."""
    return GOOD + chance.choice([*ROWS, HEAD])


def headless(chance: random.Random) -> bytes:
    """A report without one of the columns it must have, or with two of one name."""
    names = HEAD.strip().split(b",")
    wanted = chance.choice([b"id", b"login", b"email"])
    wrong = [b"x" if name == wanted else name for name in names]
    return b",".join(wrong) + b"\n" + b"".join(ROWS)


def document(chance: random.Random) -> bytes:
    """JSON that is too deep, too long, cut, of another shape, or with names of Python's and JavaScript's own."""
    account = {"id": 1, "login": "a", "email": "a@x.example", "suspended": False}
    wrong: list[object] = [
        [], {}, None, 1, {"accounts": None}, {"accounts": [None]}, {"accounts": [{**account, "id": "1"}]},
        {"accounts": [{**account, "suspended": "maybe"}]}, {"accounts": [account, account]}, {"__proto__": {}},
        {"accounts": [{"__class__": "x"}]}, {"accounts": {"id": 1}}, {"accounts": [{**account, "id": 10**400}]},
    ]  # fmt: skip
    deep = chance.choice([b"[", b'{"a":', b'{"accounts":[']) * chance.randrange(1000, 300_000)
    text = json.dumps(chance.choice(wrong)).encode()
    return chance.choice([deep, text, text[: len(text) // 2], b"\xef\xbb\xbf" * 3 + text, text + text + b"]"])


MAKERS: dict[str, Maker] = {
    "cut in a row": cut,
    "NUL and control bytes": with_bytes(b"\0", b"\0" * 4096),
    "not UTF-8": with_bytes(b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\x80"),
    "another encoding": encoded,
    "a million columns": columns,
    "a line without end": line,
    "gzip bombs": bomb,
    "broken gzip": packed_wrong,
    "archives, pictures, programs": archive,
    "bytes by chance": noise,
    "values no column has": values,
    "ids and heads twice": twice,
    "missing columns": headless,
    "JSON that is none": document,
}


def request_body(chance: random.Random, host: str) -> tuple[bytes, str]:
    """A multipart body that is broken itself, and its content type."""
    boundary = "x" * chance.randrange(1, 80)
    part = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="server"\r\n\r\n{host}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{chance.choice(NAMES)}"\r\n\r\n'
    ).encode(errors="replace") + cut(chance)
    whole = part + f"\r\n--{boundary}--\r\n".encode()
    many = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="f{n}"\r\n\r\n1\r\n'.encode()
        for n in range(2000)
    )
    bodies = [
        part,
        whole[: chance.randrange(1, len(whole))],
        many + whole,
        whole.replace(b"\r\n", b"\n"),
        b"",
        b"\0" * 999,
    ]
    kinds = [
        f"multipart/form-data; boundary={boundary}", "multipart/form-data", "multipart/form-data; boundary=",
        f"multipart/form-data; boundary={'y' * 300}", "text/csv", "", "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=\xff",
    ]  # fmt: skip
    return chance.choice(bodies), chance.choice(kinds)
