"""What is wrong with a file that was to be taken in, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from ghconnect import wording
from ghconnect.models import Server
from licensing.rules import formats
from licensing.rules.bad_file import TRUNCATED
from licensing.usecases import upload


def problem_words(error: Exception, file_name: str, server: Server) -> str:
    """Say what is wrong with a file, where, and what to send instead (PRODUCT §6.4)."""
    if isinstance(error, upload.OlderFile):
        return wording.problem("older_file", {"a": error.theirs, "b": error.ours})
    if isinstance(error, upload.EncryptedExport):
        told = {"host": error.facts.host or server.host, "date": error.facts.at}
        return wording.problem("encrypted_export", told)
    assert isinstance(error, formats.BadFile)
    if error.key == TRUNCATED:
        where = _(", line {n}").format(n=error.line) if error.line else ""
        return _("{file}{where}: the file ends before its end. Nothing was changed. Send it again.").format(
            file=file_name, where=where
        )
    return wording.problem(error.key, {"file": file_name, "host": server.host, **error.params})
