"""Breaks the engine with real processes, and counts what came of it."""
