"""Who is connected to what."""

from .access import Invitation, Membership, Role, Source, User
from .audit import AuditEvent
from .connection import ConnectedFeature, Connection
from .enterprise import Enterprise
from .server import Server, ServerName
from .tokens import AccessToken

__all__ = [
    "AccessToken",
    "AuditEvent",
    "ConnectedFeature",
    "Connection",
    "Enterprise",
    "Invitation",
    "Membership",
    "Role",
    "Server",
    "ServerName",
    "Source",
    "User",
]
