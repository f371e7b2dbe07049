"""Tokens at rest."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from pytest_django import Settings

from ghconnect.seal import SealBroken, reseal, seal, unseal

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
TOKEN = "ghp_" + "x" * 36


def test_a_token_comes_back_and_is_not_to_be_seen(settings: Settings) -> None:
    settings.GHCONNECT_SEALING_KEYS = [OLD]
    sealed = seal(TOKEN)
    assert TOKEN not in sealed
    assert seal(TOKEN) != sealed
    assert unseal(sealed) == TOKEN


def test_no_token_needs_no_key(settings: Settings) -> None:
    settings.GHCONNECT_SEALING_KEYS = [OLD]
    assert (seal(""), unseal(""), reseal("")) == ("", "", "")


def test_a_new_key_seals_and_the_old_one_still_opens(settings: Settings) -> None:
    settings.GHCONNECT_SEALING_KEYS = [OLD]
    sealed = seal(TOKEN)
    settings.GHCONNECT_SEALING_KEYS = [NEW, OLD]
    assert unseal(sealed) == TOKEN
    again = reseal(sealed)
    settings.GHCONNECT_SEALING_KEYS = [NEW]
    assert unseal(again) == TOKEN
    with pytest.raises(SealBroken):
        unseal(sealed)


@pytest.mark.parametrize("sealed", ["nonsense", "gAAAAAB", "日本"])
def test_what_was_not_sealed_here_is_refused(sealed: str, settings: Settings) -> None:
    settings.GHCONNECT_SEALING_KEYS = [OLD]
    with pytest.raises(SealBroken):
        unseal(sealed)
    with pytest.raises(SealBroken):
        reseal(sealed)
