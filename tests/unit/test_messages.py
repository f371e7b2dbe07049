"""Both languages are whole: the sources, the .po and the .mo agree."""

from allauth.account.adapter import DefaultAccountAdapter
from django.core.validators import EmailValidator
from django.utils import translation
from django.utils.translation import gettext

from ghconnect.wording.borrowed import BORROWED
from tools import messages


def test_every_message_of_the_sources_has_its_japanese() -> None:
    assert messages.missing(messages.merged({})) == []


def test_translations_name_no_parameter_the_english_lacks() -> None:
    assert messages.broken(messages.merged({})) == []


def test_the_compiled_catalogue_is_what_the_po_compiles_to() -> None:
    assert messages.MO.read_bytes() == messages.as_mo(messages.PO.read_bytes())


def test_messages_are_found_in_python_and_in_templates() -> None:
    found = {
        (name, text if isinstance(text, str) else text[0])
        for name, _line, text, _context in messages.extracted()
    }
    assert ("ghconnect/moments.py", "%(n)s hour ago") in found
    assert ("templates/404.html", "This page was not found") in found
    assert (
        "templates/elements/sandbox.html",
        "Sandbox. %(slug)s and its servers are pretend; they run on this machine.",
    ) in found


def test_what_libraries_say_is_said_in_our_words() -> None:
    said = {*DefaultAccountAdapter.error_messages.values(), EmailValidator.message, "Email address"}
    assert set(BORROWED) <= {getattr(words, "_args", (words,))[0] for words in said}
    with translation.override("ja"):
        assert not [words for words in BORROWED if "メールアドレス" in gettext(words)]
