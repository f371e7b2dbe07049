"""What can be wrong in a file, as part of a sentence (PRODUCT §6.4 "bad file")."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from .saying import Wordings

FILE_PROBLEMS: dict[str, Wordings] = {
    "empty_file": _("the file is empty"),
    "unknown_format": _("this is none of the files this console reads"),
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
