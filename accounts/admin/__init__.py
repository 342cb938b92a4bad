"""People and reference data in the admin."""

from accounts.admin import people, reference

__all__ = ["people", "reference"]
