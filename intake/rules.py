"""Who may do what with a request. Each predicate is built on the permission table and the case's place."""

from __future__ import annotations

from typing import Any

from accounts.access import Grant, grants_with
from accounts.permissions import Permission as P
from accounts.roles import ScopeKind
from intake.models import ConstituentRequest
from stations.models import stations_of

Request = ConstituentRequest


def _over(user: Any, request: Request, permission: P) -> bool:
    """Whether a grant with this right reaches the request: by station, area, unit or as its follower."""
    return any(_reaches(grant, user, request) for grant in grants_with(user, permission))


def _reaches(grant: Grant, user: Any, request: Request) -> bool:
    if grant.scope == ScopeKind.STATION:
        return request.station_id in stations_of(user)
    if grant.scope == ScopeKind.UNIT:
        return grant.unit_id is not None and grant.unit_id == request.unit_id
    if grant.scope == ScopeKind.AREA:
        if grant.county_codes:
            return request.county_code in grant.county_codes
        return request.town_code == grant.town_code
    return request.follower is not None and request.follower.user_id == user.pk


def _county(user: Any, request: Request, permission: P) -> bool:
    return any(
        grant.county_codes and request.county_code in grant.county_codes
        for grant in grants_with(user, permission)
    )


def may_register(user: Any, request: Request) -> bool:
    return _over(user, request, P.REQUEST_REGISTER)


def may_triage(user: Any, request: Request) -> bool:
    """An escalated or disputed case has left the station: the county office triages it."""
    if request.state in ("escalated", "disputed"):
        return _county(user, request, P.REQUEST_TRIAGE)
    return _over(user, request, P.REQUEST_TRIAGE)


def may_assign(user: Any, request: Request) -> bool:
    if request.state in ("escalated", "disputed"):
        return _county(user, request, P.REQUEST_ASSIGN)
    return _over(user, request, P.REQUEST_ASSIGN)


def may_escalate(user: Any, request: Request) -> bool:
    return _over(user, request, P.REQUEST_ESCALATE)


def may_hand_down(user: Any, request: Request) -> bool:
    return _county(user, request, P.REQUEST_ESCALATE)


def may_ask(user: Any, request: Request) -> bool:
    """The station asks; a unit asks through its own desk, and the question reaches the resident all the same."""
    return may_triage(user, request) or may_reply(user, request)


def may_reply(user: Any, request: Request) -> bool:
    """The unit now in charge. Not one the request complains about, and not one that merely had it before."""
    return (
        request.unit_id is not None
        and _over(user, request, P.REQUEST_REPLY)
        and not _is_accused(user, request)
    )


def may_hand_back(user: Any, request: Request) -> bool:
    """A wrong assignment goes back once per unit, and after two returns only through a coordination meeting."""
    return may_reply(user, request)


def may_sign(user: Any, request: Request) -> bool:
    return (
        request.unit_id is not None
        and _over(user, request, P.REQUEST_SIGN)
        and not _is_accused(user, request)
    )


def may_extend(user: Any, request: Request) -> bool:
    return _over(user, request, P.REQUEST_EXTEND)


def may_report_result(user: Any, request: Request) -> bool:
    """The station reports what it handled itself; a redone case of a unit is the unit's to answer."""
    return request.unit_id is None and _over(user, request, P.REQUEST_TRIAGE)


def may_feed_back(user: Any, request: Request) -> bool:
    return _over(user, request, P.REQUEST_FEEDBACK)


def may_tell(user: Any, request: Request) -> bool:
    """A merged request is told its master's result when the master is, not by itself."""
    return request.state != "merged" and may_feed_back(user, request)


def may_lapse(user: Any, request: Request) -> bool:
    """Staff close an unrated case only after three tries to reach the resident; the system when the window is over."""
    return _over(user, request, P.REQUEST_CLOSE)


def may_close(user: Any, request: Request) -> bool:
    return _over(user, request, P.REQUEST_CLOSE)


def may_merge(user: Any, request: Request) -> bool:
    return _over(user, request, P.REQUEST_MERGE)


def may_unmerge(user: Any, request: Request) -> bool:
    """A merge may be undone until the master is handed to a unit."""
    return (
        may_merge(user, request)
        and request.master is not None
        and request.master.state in ("registered", "handling")
    )


def may_note(user: Any, request: Request) -> bool:
    """Whoever works on it: leaders read."""
    return any(_over(user, request, right) for right in (P.REQUEST_TRIAGE, P.REQUEST_REPLY, P.REQUEST_FOLLOW))


def may_urge(user: Any, request: Request) -> bool:
    return _over(user, request, P.REQUEST_ASSIGN) or _over(user, request, P.REQUEST_FOLLOW)


def may_reveal(user: Any, request: Request) -> bool:
    """Full contact: staff of the place with the right; handlers and the follower only where the resident allowed it."""
    return _over(user, request, P.PERSONAL_REVEAL) or (
        request.visibility == "handlers"
        and not request.is_confidential
        and (_over(user, request, P.REQUEST_REPLY) or _over(user, request, P.REQUEST_FOLLOW))
        and not _is_accused(user, request)
    )


def may_see(user: Any, request: Request) -> bool:
    """The same answer as `visible_to`, for one request: attachments and events ask it."""
    return ConstituentRequest.objects.visible_to(user).filter(pk=request.pk).exists()


def nobody(user: Any, request: Request) -> bool:
    return False


def _is_accused(user: Any, request: Request) -> bool:
    units = [grant.unit_id for grant in grants_with(user, P.REQUEST_REPLY) if grant.unit_id is not None]
    return bool(units) and any(each.unit_id in units for each in request.accused.all())
