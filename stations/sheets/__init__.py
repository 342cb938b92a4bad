"""The registers of the stations, in from sheets as offices keep them."""

from stations.sheets.days import ReceptionResource
from stations.sheets.people import RepresentativeResource, StaffResource
from stations.sheets.places import StationResource

__all__ = ["ReceptionResource", "RepresentativeResource", "StaffResource", "StationResource"]
