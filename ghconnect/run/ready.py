"""What is asked and said once everything runs: a real sign-in, and the block a newcomer reads."""

import re
from collections.abc import Mapping
from html import unescape
from urllib.parse import urljoin

import requests

from ghconnect.run.words import _


def answers(url: str) -> bool:
    """Tell whether a GET of this address gives 200 within two seconds."""
    try:
        with session() as client:
            return client.get(url, timeout=2).status_code == 200
    except requests.RequestException:
        return False


def session() -> requests.Session:
    """Return a client that stays on this machine whatever proxy the user's environment names."""
    client = requests.Session()
    client.trust_env = False
    return client


def opens(url: str, login: str, password: str) -> bool:
    """Tell whether a page answers 200 to this person, who signs in by the form as anybody would, and out again."""
    try:
        with session() as client:
            asked = client.get(url, timeout=10)
            form = {**hidden_fields(asked.text), "login": login, "password": password}
            shown = client.post(asked.url, data=form, headers={"Referer": asked.url}, timeout=30)
            # Else the person's first look at their sessions would show a browser that is not theirs.
            client.post(
                urljoin(url, "/logout/"), data=hidden_fields(shown.text), headers={"Referer": url}, timeout=10
            )
            return shown.status_code == 200 and shown.url == url
    except requests.RequestException:
        return False


def hidden_fields(html: str) -> dict[str, str]:
    """Read name → value of a page's hidden inputs."""
    inputs = [dict(re.findall(r'([a-z]+)="([^"]*)"', tag)) for tag in re.findall(r"<input\b[^>]*>", html)]
    hidden = [each for each in inputs if each.get("type") == "hidden" and "name" in each]
    return {each["name"]: unescape(each.get("value", "")) for each in hidden}


def block(*, console: str, sandbox: str, passwords: Mapping[str, str], facts: Mapping[str, object]) -> str:
    """Return what is printed at the end of every start (PRODUCT §4.1). Facts: slug, licenses, servers."""
    text = _("""\
ghconnect is ready at  {console}

  sign in as    mona   (enterprise owner)     password: {mona}
                finn   (billing manager)      password: {finn}

  pretend GitHub        {sandbox}   ({slug}: {licenses} licenses, {servers} servers; press buttons there)
  start here            {console}/tour      five minutes
  your own GitHub       {console}/enterprises/new   needs one token, read:enterprise

  everything is on this machine; nothing is sent to GitHub.   Ctrl-C stops all of it.
""")
    return text.format(console=console, sandbox=sandbox, **passwords, **facts)
