"""Doors of licensing for scripts."""
