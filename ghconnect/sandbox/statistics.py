"""Server statistics as GHEC has them: a day object per day of each instance that shares them (reference §11)."""

from datetime import UTC, date, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from ghconnect.sandbox.answers import answer, error
from ghconnect.sandbox.world import Connection, Row, now

MOST_DAYS = 365
# Whose owners have switched "Share server statistics with GitHub.com" on, with what is on beside it.
SHARED = {
    "tokyo": ["license_usage_sync", "content_analysis", "content_analysis_notifications"],
    "osaka": ["license_usage_sync"],
    "nagoya": ["license_usage_sync", "content_analysis"],
}
USERS = """
SELECT count(*) AS total, coalesce(sum(admin), 0) AS admins, coalesce(sum(suspended), 0) AS suspended,
  coalesce(sum(dormant), 0) AS dormant FROM account WHERE server = ? AND created_at <= ?
"""


def days(db: Connection, request: Request) -> Response:
    """The days between `date_start` and `date_end`, newest first; without them the last 365."""
    today = datetime.fromtimestamp(now(db), UTC).date()
    try:
        end = min(_date(request, "date_end") or today, today - timedelta(days=1))
        start = _date(request, "date_start") or end - timedelta(days=MOST_DAYS - 1)
    except ValueError:
        return error(422, "Invalid date")
    start = max(start, end - timedelta(days=MOST_DAYS - 1))
    servers = db.execute("SELECT * FROM server WHERE connected AND state = 'live' ORDER BY id").fetchall()
    return answer(
        [
            _day(db, server, end - timedelta(days=back))
            for server in servers
            if server["short"] in SHARED
            for back in range((end - start).days + 1)
        ]
    )


def _date(request: Request, name: str) -> date | None:
    given = request.query_params.get(name)
    return date.fromisoformat(given[:10]) if given else None


def _day(db: Connection, server: Row, day: date) -> dict[str, object]:
    at = datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC)
    users = db.execute(USERS, (server["id"], int(at.timestamp()))).fetchone()
    return {
        "server_id": server["known_id"],
        "collection_date": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "schema_version": "20230306",
        "ghes_version": server["version"],
        "host_name": server["host"],
        "github_connect": {"features_enabled": SHARED[server["short"]]},
        "ghe_stats": {
            "users": {
                "total_users": users["total"],
                "admin_users": users["admins"],
                "suspended_users": users["suspended"],
            }
        },
        "dormant_users": {"total_dormant_users": users["dormant"], "dormancy_threshold": "90 days"},
    }
