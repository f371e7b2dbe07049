"""What can be wrong in a file, as part of a sentence (PRODUCT §6.4 "bad file")."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from .saying import Wordings

FILE_PROBLEMS: dict[str, Wordings] = {
    "empty_file": _("the file is empty"),
    "unknown_format": _("this is none of the files this console reads; send all_users.csv of the server"),
    "license_report": _(
        "this is GitHub's own license report of the enterprise, which this console reads from GitHub with the account's"
        " token; send all_users.csv of the server"
    ),
    "server_statistics": _(
        "these are Server Statistics, which name nobody; send all_users.csv of the server"
    ),
    "organizations_report": _("this report lists organizations; send all_users.csv of the server"),
    "license_file": _(
        "this is the license of a server, which lists nobody: it belongs into the Management Console of the server;"
        " send all_users.csv"
    ),
    "workbook": _(
        "this is a workbook of a spreadsheet; save it as CSV in UTF-8, or send all_users.csv as it was"
    ),
    "zip_archive": _("this is a ZIP archive; unpack it and send the file that is in it"),
    "web_page": _(
        "this is a web page, as a sign-in page is, not the report; sign in and download the report again"
    ),
    "utf16": _("the text is UTF-16; save it as UTF-8, or send all_users.csv as it was"),
    "no_header": _("its first line holds no names of columns; send all_users.csv of the server"),
    "no_ids": _(
        "it has no column id, by which an account is known even when its login or email changes: the output of"
        " ghe-user-csv may have none; send all_users.csv of the server"
    ),
    "error_answer": _("this is an error that a server answered, not its report"),
    "partial_list": _("this report lists only a part of the users; all_users.csv lists all of them"),
    "bad_gzip": _("it begins as a gzip file does, but is none"),
    "too_compressed": _("it unpacks to more than a hundred times its size"),
    "not_utf8": _("the text is not UTF-8"),
    "nul": _("there is a NUL byte in it"),
    "line_too_long": _("the line is too long"),
    "wrong_columns": (_("there are {got} columns where {expected} were expected"), _("columns are missing")),
    "duplicate_column": _("the column is there twice"),
    "missing_column": _("the column is missing"),
    "duplicate_id": (_("the id {value} is there twice"), _("the id is there twice")),
    "not_boolean": _("not true or false"),
    "not_number": _("not a whole number"),
    "too_long": _("longer than any login or email"),
    "blank": _("nothing stands there"),
    "not_role": _("neither admin nor user"),
    "not_time": _("not a time in ISO 8601"),
    "not_json": _("not JSON"),
    "not_object": _("not a user in JSON"),
    "not_text": _("not a text"),
    "not_emails": _("not a list of emails"),
    "two_primary_emails": _("more than one email is primary"),
    "bad_quotes": _("the quotation marks do not match"),
}
