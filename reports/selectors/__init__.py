"""Reads across several apps, as frozen dataclasses. Nothing here writes."""
