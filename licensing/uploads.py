"""What is wrong with a file that was to be taken in, in words."""

from __future__ import annotations

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from ghconnect import wording
from ghconnect.models import Server
from licensing.rules import formats
from licensing.rules.bad_file import TRUNCATED
from licensing.usecases import upload

# What keeps a file out; it changed nothing.
Problem = (formats.BadFile, upload.EncryptedExport, upload.OlderFile, upload.OtherServer, upload.TooLarge)


def problem_words(error: Exception, file_name: str, server: Server) -> str:
    """Say what is wrong with a file, where, and what to send instead (PRODUCT §6.4)."""
    if isinstance(error, upload.OlderFile):
        return wording.problem("older_file", {"a": error.theirs, "b": error.ours})
    if isinstance(error, upload.EncryptedExport):
        told = {"host": error.facts.host or server.host, "date": error.facts.at}
        return wording.sentences(
            filter(None, [wording.problem("encrypted_export", told), _facts(error.facts)])
        )
    if isinstance(error, upload.OtherServer):
        return wording.problem("other_file", {"a": error.host, "b": server.host})
    if isinstance(error, upload.TooLarge):
        return too_large(error.limit)
    assert isinstance(error, formats.BadFile)
    if error.key == TRUNCATED:
        where = _(", line {n}").format(n=error.line) if error.line else ""
        return _("{file}{where}: the file ends before its end. Nothing was changed. Send it again.").format(
            file=file_name, where=where
        )
    return wording.problem(error.key, {"file": file_name, "host": server.host, **error.params})


def _facts(found: formats.ExportFacts) -> str:
    """What an export says of its server, "" for nothing."""
    told = [(_("version"), found.version), (_("server ID"), found.server_id)]
    said = wording.listed(f"{label} {value[:100]}" for label, value in told if value)
    return _("Read from it: {facts}.").format(facts=said) if said else ""


def too_large(limit: int) -> str:
    """Say that a file is larger than an operator allows."""
    return _("The file is larger than {size}, the most this console takes. Nothing was changed.").format(
        size=filesizeformat(limit)
    )
