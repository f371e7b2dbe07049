"""What connected servers report, and who holds a license."""

from .accounts import Account, Address, CloudAccount, LicenseRow, RowAccount
from .alerts import Alert, AlertDelivery, Alerting, AlertReceiver, AttentionItem
from .among import Among
from .cloud import CloudFact, CloudSource
from .exports import ExportChunk, ExportJob
from .people import BridgeItem, FacetCounts, Match, Person, SearchTerm, Seat
from .recounts import Recount
from .saved import SavedView
from .sync import (
    DueSync,
    Lacked,
    RunChange,
    RunChunk,
    ServerPicture,
    StagedAccount,
    StagedAddress,
    StagedRow,
    StagedRowAccount,
    SyncRun,
)
from .twice import TwiceCandidate, TwiceDecision, TwiceExclusion, TwiceFound, TwicePerson
from .usage import CloudPicture, Edition, GitHubCount, GitHubSync, ServerStatistics

__all__ = [
    "Account",
    "Address",
    "Alert",
    "AlertDelivery",
    "AlertReceiver",
    "Alerting",
    "Among",
    "AttentionItem",
    "BridgeItem",
    "CloudAccount",
    "CloudFact",
    "CloudPicture",
    "CloudSource",
    "DueSync",
    "Edition",
    "ExportChunk",
    "ExportJob",
    "FacetCounts",
    "GitHubCount",
    "GitHubSync",
    "Lacked",
    "LicenseRow",
    "Match",
    "Person",
    "Recount",
    "RowAccount",
    "RunChange",
    "RunChunk",
    "SavedView",
    "SearchTerm",
    "Seat",
    "ServerPicture",
    "ServerStatistics",
    "StagedAccount",
    "StagedAddress",
    "StagedRow",
    "StagedRowAccount",
    "SyncRun",
    "TwiceCandidate",
    "TwiceDecision",
    "TwiceExclusion",
    "TwiceFound",
    "TwicePerson",
]
