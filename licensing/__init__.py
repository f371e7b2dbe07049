"""licensing: what connected servers report, and who holds a license."""
