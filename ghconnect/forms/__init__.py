"""Forms of the pages; what they accept is decided by the use cases."""

from .sign_in import SignInForm

__all__ = ["SignInForm"]
