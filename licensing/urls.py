"""Pages of licensing (PRODUCT §5.2)."""

from django.urls import URLPattern, URLResolver, include, path

from ghconnect.api import reference

from . import push_script
from .views import (
    accounts,
    alerts,
    check,
    consumed,
    consumed_files,
    counted_twice,
    difference,
    fleet,
    github_syncs,
    history,
    license,
    metrics,
    overview,
    people,
    push,
    statistics,
    summary,
    syncs,
    tour,
    trends,
    upload,
)

ENTERPRISE = "enterprises/<slug:slug>"
LICENSING = f"{ENTERPRISE}/licensing"
SERVER = f"{ENTERPRISE}/servers/<str:host>"
SYNC = "syncs/<int:number>"

urlpatterns: list[URLPattern | URLResolver] = [
    path("metrics", metrics.page, name="metrics"),
    path("tour", tour.page, name="tour"),
    path("start-again", tour.progress, name="sandbox_progress"),
    path(f"{ENTERPRISE}/start-again", tour.again, name="start_again"),
    path(ENTERPRISE, overview.overview, name="overview"),
    path(f"{ENTERPRISE}/github-connect", fleet.fleet, name="fleet"),
    path(f"{ENTERPRISE}/settings/alerts", alerts.page, name="settings_alerts"),
    path(LICENSING, summary.licensing, name="licensing"),
    path(f"{LICENSING}/refresh", overview.refresh, name="cloud_refresh"),
    path(f"{LICENSING}/consumed", consumed.consumed, name="consumed"),
    path(f"{LICENSING}/consumed.csv", consumed_files.consumed_csv, name="consumed_csv"),
    path(f"{LICENSING}/consumed.json", consumed_files.consumed_json, name="consumed_json"),
    path(f"{LICENSING}/consumed.xlsx", consumed_files.consumed_xlsx, name="consumed_xlsx"),
    path(f"{LICENSING}/people/<int:pk>", people.person, name="person"),
    path(f"{LICENSING}/people/<int:pk>.json", people.person_json, name="person_json"),
    path(f"{LICENSING}/counted-twice", counted_twice.page, name="counted_twice"),
    path(f"{LICENSING}/counted-twice.csv", counted_twice.as_csv, name="counted_twice_csv"),
    path(f"{LICENSING}/counted-twice/decide", counted_twice.decide, name="counted_twice_decide"),
    path(f"{LICENSING}/counted-twice/exclude", counted_twice.exclude, name="counted_twice_exclude"),
    path(f"{LICENSING}/difference", difference.difference, name="difference"),
    path(f"{LICENSING}/check", check.page, name="check"),
    path(f"{LICENSING}/history", history.page, name="history"),
    path(f"{LICENSING}/history.<slug:ending>", history.export, name="history_export"),
    path(f"{LICENSING}/trends", trends.page, name="trends"),
    path(f"{LICENSING}/trends/<slug:chart>.csv", trends.as_csv, name="trends_csv"),
    path(f"{LICENSING}/upload", upload.upload, name="upload"),
    path(f"{LICENSING}/{SYNC}", syncs.sync, name="cloud_sync"),
    path(f"{LICENSING}/{SYNC}/publish", syncs.publish, name="cloud_sync_publish"),
    path(f"{LICENSING}/{SYNC}/discard", syncs.discard, name="cloud_sync_discard"),
    path(f"{SERVER}/license", license.server_license, name="server_license"),
    path(f"{SERVER}/license/progress", license.server_progress, name="server_progress"),
    path(f"{SERVER}/license/sync-now", license.server_sync_now, name="server_sync_now"),
    path(f"{SERVER}/license/syncs", syncs.server_syncs, name="server_syncs"),
    path(f"{SERVER}/license/github-syncs", github_syncs.page, name="server_github_syncs"),
    path(f"{SERVER}/license/github-syncs.csv", github_syncs.as_csv, name="server_github_syncs_csv"),
    path(f"{SERVER}/license/{SYNC}", syncs.sync, name="server_sync"),
    path(f"{SERVER}/license/{SYNC}/publish", syncs.publish, name="server_sync_publish"),
    path(f"{SERVER}/license/{SYNC}/discard", syncs.discard, name="server_sync_discard"),
    path(f"{SERVER}/statistics", statistics.page, name="server_statistics"),
    path(f"{SERVER}/statistics.csv", statistics.as_csv, name="server_statistics_csv"),
    path(f"{SERVER}/users", accounts.server_users, name="server_users"),
    path(f"{SERVER}/data", accounts.server_data, name="server_data"),
    path(f"{SERVER}/settings/push", push.push, name="server_push"),
    path(f"{SERVER}/settings/push/{push_script.NAME}", push.script, name="server_push_script"),
    path(f"{SERVER}/settings/push/<int:pk>/revoke", push.revoke, name="server_push_revoke"),
    path("api", reference.page, name="api_reference"),
    path("api/openapi.json", reference.openapi, name="api_document"),
    path("api/", include("licensing.api.site")),
    path(f"{SERVER}/export", accounts.server_export, name="server_export"),
]
