"""Files that people take for a list of a server's users: what each is, so that it can be said what to send instead."""

from __future__ import annotations

import re
from collections.abc import Collection

# By their first bytes. An Excel workbook is a ZIP archive as well, and names its parts.
BEGINNINGS = (
    (b"\xff\xfe", "utf16"),
    (b"\xfe\xff", "utf16"),
    (b"\xd0\xcf\x11\xe0", "workbook"),
    (b"PK\x03\x04", "zip_archive"),
    (b"<", "web_page"),
)
WORKBOOK = b"[Content_Types].xml"
# What an owner downloads at GitHub: columns of the license report in both spellings (reference §5.2), of Server
# Statistics (§11), and of the report of organizations of a server (§6.3).
COLUMNS = (
    ("server_statistics", re.compile(r"ghe_stats_|github_connect_features_enabled|dormant_users_"), 1),
    (
        "license_report",
        re.compile(
            r"github_(com_)?(login|user|profile|saml_name)|enterprise_server_|total_user_accounts|license_type"
        ),
        2,
    ),
    ("organizations_report", re.compile(r"owners$|members$|teams$"), 2),
)
LICENSE_KEYS = {"total_seats_consumed", "total_seats_purchased", "github_com_login"}


def by_bytes(head: bytes, name: str) -> str:
    """The problem of a file that is no text of ours, "" where it may be; what a `.ghl` is only its name tells."""
    if name.lower().endswith(".ghl"):
        return "license_file"
    for beginning, problem in BEGINNINGS:
        if head.lstrip().startswith(beginning) if problem == "web_page" else head.startswith(beginning):
            return "workbook" if problem == "zip_archive" and WORKBOOK in head else problem
    return ""


def by_header(header: Collection[str]) -> str:
    """The problem of a table by its columns, "" where it may be a list of users."""
    names = [re.sub("[^a-z0-9]+", "_", name).strip("_") for name in header]
    for problem, known, enough in COLUMNS:
        if sum(known.match(name) is not None for name in names) >= enough:
            return problem
    return "no_header" if any("@" in name for name in header) else ""


def by_keys(keys: Collection[str]) -> str:
    """The problem of a JSON object by its keys, "" where it may be one of ours."""
    if LICENSE_KEYS & set(keys):
        return "license_report"
    return "error_answer" if "message" in keys else ""
