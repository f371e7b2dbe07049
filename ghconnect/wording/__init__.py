"""Every sentence the console says by key: errors, states, verdicts, rules, reasons (PRODUCT §6).

Keys and parameters are stored and passed on; words are made here, at the last moment, in the reader's
language. A key nobody knows is said plainly, never hidden.
"""

from __future__ import annotations

from .attention import attention, verb
from .checks import check
from .matches import hold, reason, rule, verdict
from .problems import problem
from .remedies import name, remedy
from .savings import actor, cause, fix, message
from .saying import listed, sentences
from .states import GITHUB_STATES, STATES, Said, github_state, state

__all__ = [
    "GITHUB_STATES",
    "STATES",
    "Said",
    "actor",
    "attention",
    "cause",
    "check",
    "fix",
    "github_state",
    "hold",
    "listed",
    "message",
    "name",
    "problem",
    "reason",
    "remedy",
    "rule",
    "sentences",
    "state",
    "verb",
    "verdict",
]
