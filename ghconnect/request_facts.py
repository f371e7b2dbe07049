"""The request under way, for whoever records a deed; empty in workers and commands."""

from contextvars import ContextVar

# (request id, client address)
request_facts: ContextVar[tuple[str, str]] = ContextVar("request_facts", default=("", ""))
