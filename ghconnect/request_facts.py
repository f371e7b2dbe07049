"""The request under way, for whoever records a deed; empty in workers and commands."""

from contextvars import ContextVar

# (request id, client address)
request_facts: ContextVar[tuple[str, str]] = ContextVar("request_facts", default=("", ""))
# The token a script came with, as its audit events name it.
acting: ContextVar[str] = ContextVar("acting", default="")
