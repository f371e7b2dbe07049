"""What a file that a worker writes has in it, and what it is called: the same writers as the pages' own exports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ghconnect import clock
from licensing import as_of, exports, license_records, renewal, search, workbook
from licensing.models import ExportJob

Pieces = Iterator[str] | Iterator[bytes]
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "xlsx": workbook.CONTENT_TYPE,
    "zip": "application/zip",
}
List = ExportJob.List
FORMS: dict[str, tuple[str, ...]] = {
    List.CONSUMED: ("csv", "json", "xlsx"),
    List.AS_OF: ("csv", "json"),
    List.RENEWAL: ("zip",),
}
LICENSES: dict[str, Callable[[license_records.Export], Pieces]] = {
    "csv": exports.as_csv,
    "json": exports.as_json,
    "xlsx": workbook.as_xlsx,
}


@dataclass(frozen=True, slots=True)
class File:
    """A name, and the content as it is written."""

    name: str
    pieces: Pieces


def of(job: ExportJob) -> File:
    """Return what a job asks for."""
    enterprise, now = job.enterprise, clock.now(job.enterprise)
    if job.list == List.RENEWAL:
        return File(f"renewal-{enterprise.slug}-{now:%Y-%m-%d}.zip", renewal.pack(enterprise))
    if job.list == List.AS_OF:
        text = job.as_of.isoformat() if job.as_of else ""
        shown = as_of.of(enterprise, as_of.read_day(enterprise, text))
        write = as_of.as_csv if job.form == "csv" else as_of.as_json
        name = f"consumed-licenses-{enterprise.slug}-{shown.day.isoformat()}.{job.form}"
        return File(name, write(enterprise, shown))
    export = license_records.Export(enterprise, job.view, search.parse(job.query), job.query)
    return File(export.file_name(job.form, now), LICENSES[job.form](export))
