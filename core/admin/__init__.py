"""The admin's base classes, and the admin of core's own tables."""

from core.admin import registered
from core.admin.base import CappedPaginator, HouseAdmin, HouseInline, ReadOnlyAdmin
from core.admin.history import AuditedAdmin
from core.admin.tables import table_of

__all__ = [
    "AuditedAdmin",
    "CappedPaginator",
    "HouseAdmin",
    "HouseInline",
    "ReadOnlyAdmin",
    "registered",
    "table_of",
]
