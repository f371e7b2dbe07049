"""Who is connected to what."""

from .access import Invitation, Membership, Role, Source, User
from .audit import AppendOnly, AuditCut, AuditEvent, AuditHeads, AuditSeal
from .connection import ConnectedFeature, Connection
from .enterprise import Enterprise
from .server import Server, ServerName
from .tokens import AccessToken

__all__ = [
    "AccessToken",
    "AppendOnly",
    "AuditCut",
    "AuditEvent",
    "AuditHeads",
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
