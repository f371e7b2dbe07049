"""Which rules decide who is one person and who consumes."""

# Raised by the release that changes a rule: everybody is then decided again, in one edition (ENGINEERING §9).
RULES_VERSION = 1
