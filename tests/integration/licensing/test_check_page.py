"""Would this address cost a license? One or a pasted list, through the page."""

import pytest
from django.test import Client

from ghconnect.models import Enterprise

pytestmark = pytest.mark.django_db
PAGE = "/enterprises/octo/licensing/check"


def ask(client: Client, text: str) -> str:
    answer = client.post(PAGE, {"addresses": text})
    return f"{answer.status_code} {answer.content.decode()}"


def row(page: str, address: str) -> str:
    """Return the line of the answer for an address."""
    start = page.index(f'<th scope="row">{address}')
    return page[start : page.index("</tr>", start)]


def test_a_list_is_answered_address_by_address(estate: Enterprise, manager: Client) -> None:
    page = ask(
        manager,
        "Bob <BOB@octo.example>; dan@octo.example, nobody@octo.example\nnew@octo.example cat@octo.example",
    )
    assert page.startswith("200")
    bob = row(page, "BOB@octo.example")
    assert "Consumes a license already" in bob
    assert "/licensing/people/" in bob
    assert "SAML NameID" in bob
    assert "Consumes a license already" in row(page, "dan@octo.example")
    assert "would consume another license" in row(page, "nobody@octo.example")
    assert "pending invitation" in row(page, "new@octo.example")
    assert "consumes no license now" in row(page, "cat@octo.example")
    assert "5 addresses, 3 new licenses." in page


def test_a_text_without_an_address_is_refused(estate: Enterprise, owner: Client) -> None:
    assert "There is no email address in this text." in ask(owner, "hello world")


def test_more_than_ten_thousand_are_too_many_and_five_thousand_ask_little(
    estate: Enterprise, owner: Client, django_assert_max_num_queries: object
) -> None:
    many = "\n".join(f"u{n}@octo.example" for n in range(10_001))
    assert "at most 10,000 at once" in ask(owner, many)
    known = "bob@octo.example\ndan@octo.example\nnew@octo.example\n"
    with django_assert_max_num_queries(80):  # type: ignore[operator]
        page = ask(owner, known + "\n".join(many.split("\n")[:4997]))
    assert "5,000 addresses, 4,998 new licenses." in page
    assert "pending invitation" in row(page, "new@octo.example")


def test_what_is_typed_is_text(estate: Enterprise, owner: Client) -> None:
    assert "<script>alert" not in ask(owner, "<script>alert(1)</script>@octo.example x\0y@z")
