"""Pages of the pretend enterprise at GHEC: Licensing with "Add server usage", and the list of consumed licenses."""

import csv
import io
from collections.abc import Callable, Iterator

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from ghconnect.sandbox import connect, ghec, usage_file
from ghconnect.sandbox.fleet import DOMAIN, NAME, SLUG
from ghconnect.sandbox.html import Markup, ago, field, link, page, table, tag
from ghconnect.sandbox.pages import failed, world_of
from ghconnect.sandbox.text import iso
from ghconnect.sandbox.world import Connection, Row, World, days_left, now, number

LICENSING = f"/ghec/enterprises/{SLUG}/licensing"
PAGE = 50
EVENTS = {"upload": "Server usage uploaded", "connect": "GitHub Connect server usage synced"}
NEVER = "GitHub Connect server usage never synced"


def routes() -> dict[str, Callable[[Request], Response]]:
    """Path → page."""
    return {
        "/ghec": licensing, f"/ghec/enterprises/{SLUG}": licensing, LICENSING: licensing,
        f"{LICENSING}/consumed": consumed, f"{LICENSING}/consumed.csv": consumed_csv,
    }  # fmt: skip


def licensing(request: Request) -> Response:
    """Licensing: GitHub's count, and when each server's usage arrived."""
    connect.catch_up(world_of(request))
    with world_of(request).read() as db:
        servers = db.execute("SELECT * FROM server WHERE state <> 'hidden' ORDER BY id").fetchall()
        count = f"{number(db, 'seats_consumed'):,} of {number(db, 'purchased'):,} licenses consumed"
        days = days_left(db)
        more = tag(
            "p",
            link(f"{LICENSING}/consumed", "More details"),
            " · ",
            link(f"{LICENSING}/consumed.csv", "Download CSV report"),
        )
        rows = [_instance(db, row) for row in servers]
        return page(
            "Licensing", tag("p", NAME, class_="muted"), tag("h2", "Enterprise Cloud"), tag("p", count, class_="count"),
            tag("p", f"The subscription expires in {days} days."), more, tag("h2", "Enterprise Server instances"),
            table(["Instance", "", ""], rows), _upload(),
        )  # fmt: skip


def _instance(db: Connection, row: Row) -> list[object]:
    sent = row["sent_at"]
    event = EVENTS[row["sent_how"]] if sent else NEVER
    return [row["sent_host"] or row["host"], event, f"{ago(now(db) - sent)}, {iso(sent)}" if sent else None]


def _upload() -> Markup:
    chooser = field("File of “Export license usage”", "file", type="file", required="required")
    add = tag("button", "Add server usage")
    return tag("form", chooser, add, method="post", action=f"{LICENSING}/add", enctype="multipart/form-data")


async def add_usage(request: Request) -> Response:
    """Take an exported file."""
    async with request.form() as form:
        file = form.get("file")
        content = await file.read() if isinstance(file, UploadFile) else b""
    try:
        await run_in_threadpool(usage_file.add, world_of(request), content)
    except usage_file.Refused as problem:
        return failed(str(problem))
    return RedirectResponse(LICENSING, 303)


def consumed(request: Request) -> Response:
    """GitHub's rows, fifty at a time."""
    number_given = request.query_params.get("page", "1")
    current = int(number_given) if number_given.isdecimal() else 1
    with world_of(request).read() as db:
        rows = db.execute(ghec.ROWS, (DOMAIN, (current - 1) * PAGE, current * PAGE)).fetchall()
        more = current * PAGE < number(db, "seats")
    shown = table(
        ["Login", "Name", "On servers", "Emails on servers", "Accounts"], (_cells(row) for row in rows)
    )
    return page(
        "Consumed licenses",
        shown,
        tag("p", link(f"{LICENSING}/consumed?page={current + 1}", "Next") if more else ""),
    )


def _cells(row: Row) -> list[object]:
    found = ghec.row_of(row)
    lists = (", ".join(found[name]) for name in ("enterprise_server_user_ids", "enterprise_server_emails"))  # type: ignore[arg-type]
    return [found["github_com_login"], found["github_com_name"], *lists, found["total_user_accounts"]]


def consumed_csv(request: Request) -> Response:
    """The same rows as a file (reference §5.2, older header words)."""
    name = {"content-disposition": "attachment; filename=consumed_licenses.csv"}
    return StreamingResponse(_lines(world_of(request)), 200, name, "text/csv; charset=utf-8")


def _lines(world: World) -> Iterator[str]:
    with world.read() as db:
        cursor = db.execute(ghec.ROWS, (DOMAIN, 0, number(db, "seats")))
        head = False
        while rows := cursor.fetchmany(200):
            text = io.StringIO()
            found = [{key: _cell(value) for key, value in ghec.row_of(row).items()} for row in rows]
            writer = csv.DictWriter(text, list(found[0]), lineterminator="\n")
            if not head:
                writer.writeheader()
                head = True
            writer.writerows(found)
            yield text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else value
