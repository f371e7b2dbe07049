"""Consumed licenses as a workbook for Excel (XLSX, ECMA-376 part 1), written while it is sent.

Every cell is text or a number, so that none is ever a formula. The last sheet tells how many licenses there are,
of which edition, and both times.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from licensing.models.bulk.snapshot import snapshot

from . import bridge, exports
from .license_records import BATCH, COLUMNS, Export, Record, batches, records

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Excel takes twice as many; so a sheet stays below 2 GiB, which it must where its size is not known beforehand.
ROWS_OF_SHEET = 500_000
# Excel takes no more characters in a cell.
LONGEST = 32_767
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_BEGIN, _END = f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>', "</sheetData></worksheet>"
# What XML cannot hold.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def as_xlsx(export: Export) -> Iterator[bytes]:
    """Yield the file; memory does not grow with the people, and nothing is put on a disk."""
    sink, names, count = _Sink(), list[str](), 0
    with snapshot(), zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        facts = exports.facts(export, bridge.of(export.enterprise))
        left = records(export)
        while count == len(names) * ROWS_OF_SHEET:
            names.append(f"Consumed licenses {len(names) + 1}" if names else "Consumed licenses")
            with archive.open(_path(len(names)), "w") as sheet:
                sheet.write((_BEGIN + _row(header for _, header in COLUMNS)).encode())
                for batch in batches(islice(left, ROWS_OF_SHEET), BATCH):
                    sheet.write("".join(map(_license, batch)).encode())
                    count += len(batch)
                    yield sink.take()
                sheet.write(_END.encode())
        names.append("About")
        archive.writestr(_path(len(names)), _about(facts, count))
        for path, text in _parts(names):
            archive.writestr(path, _HEAD + text)
    yield sink.take()


class _Sink:
    """Collects what the archive writes until it is taken; it cannot go back, as an answer cannot."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def take(self) -> bytes:
        data, self._parts = b"".join(self._parts), []
        return data


def _license(record: Record) -> str:
    return _row(record[name] if name else "" for name, _ in COLUMNS)


def _row(values: Iterable[Any]) -> str:
    return f"<row>{''.join(map(_cell, values))}</row>"


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        value = "true" if value else "false"
    if isinstance(value, int):
        return f"<c><v>{value}</v></c>"
    text = ",".join(value) if isinstance(value, list) else value or ""
    if not text:
        return "<c/>"
    shown = escape(_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text[:LONGEST]))
    return f'<c t="inlineStr"><is><t xml:space="preserve">{shown}</t></is></c>'


def _about(facts: Record, count: int) -> str:
    """The last sheet: a name and a value in each row."""
    times = facts["as_of"]
    told = {"licenses": count} | {name: value for name, value in facts.items() if name != "as_of"}
    told |= {"github_as_of": times["github"], "console_as_of": times["console"]}
    return _BEGIN + "".join(_row(pair) for pair in told.items()) + _END


def _path(number: int) -> str:
    return f"xl/worksheets/sheet{number}.xml"


def _parts(names: list[str]) -> Iterator[tuple[str, str]]:
    """What makes sheets a workbook: their types, their names, and where they are."""
    main = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    numbers = range(1, len(names) + 1)
    types = "".join(f'<Override PartName="/{_path(n)}" ContentType="{_SHEET_TYPE}"/>' for n in numbers)
    yield (
        "[Content_Types].xml",
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{main}"/>{types}</Types>',
    )
    yield "_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")])
    yield (
        "xl/_rels/workbook.xml.rels",
        _relations([("worksheet", f"worksheets/sheet{n}.xml") for n in numbers]),
    )
    sheets = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(names, 1)
    )
    yield (
        "xl/workbook.xml",
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>',
    )


def _relations(targets: list[tuple[str, str]]) -> str:
    told = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{told}</Relationships>'
