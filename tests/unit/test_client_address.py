"""Who calls, as the audit log and the counts of tries know it."""

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from ghconnect.middleware import client_address

PROXY = ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.mark.parametrize(
    ("behind", "forwarded", "address"),
    [
        (False, "203.0.113.9", "192.0.2.1"),
        (True, "203.0.113.9", "203.0.113.9"),
        (True, "10.9.9.9, 203.0.113.9", "203.0.113.9"),
        (True, "2001:db8::1", "2001:db8::1"),
        (True, "", "192.0.2.1"),
        (True, "<script>", ""),
    ],
)
def test_behind_a_proxy_the_last_address_counts_and_else_none_that_a_client_wrote(
    settings: Settings, behind: bool, forwarded: str, address: str
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = PROXY if behind else None
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded)
    assert client_address(request) == address
