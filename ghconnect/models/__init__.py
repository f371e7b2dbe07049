"""Who is connected to what."""

from .access import Invitation, Membership, Role, Source, User
from .audit import AppendOnly, AuditEvent, AuditSeal
from .connection import ConnectedFeature, Connection
from .enterprise import Enterprise
from .server import Server, ServerName
from .tokens import AccessToken

__all__ = [
    "AccessToken",
    "AppendOnly",
    "AuditEvent",
    "AuditSeal",
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
