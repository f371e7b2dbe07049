"""Which enterprise or server a command means."""

from __future__ import annotations

from django.core.management.base import CommandError

from ghconnect.models import Enterprise, Server


def enterprise_of(slug: str) -> Enterprise:
    """Return the enterprise named, or the only one. Raises CommandError that names what there is."""
    found = list(Enterprise.objects.filter(slug=slug) if slug else Enterprise.objects.all()[:20])
    if len(found) == 1:
        return found[0]
    known = ", ".join(Enterprise.objects.order_by("slug").values_list("slug", flat=True)[:20])
    if not known:
        raise CommandError("There is no enterprise in this console yet.")
    told = f'There is no enterprise "{slug}".' if slug else "Say which enterprise: --enterprise SLUG."
    raise CommandError(f"{told} Known: {known}")


def server_of(host: str, slug: str) -> Server:
    """Return the server by its host name or the first label of it. Raises CommandError."""
    servers = Server.objects.select_related("enterprise").order_by("host")
    if slug:
        servers = servers.filter(enterprise=enterprise_of(slug))
    named = [one for one in servers if host.lower() in {one.host, one.short_name}]
    exact = [one for one in named if one.host == host.lower()] or named
    if len(exact) == 1:
        return exact[0]
    if exact:
        raise CommandError(
            f'"{host}" is the name of several servers. Say the whole name, and --enterprise SLUG.'
        )
    known = ", ".join(server.host for server in servers[:20])
    raise CommandError(f'There is no server "{host}". Known: {known or "none"}')
