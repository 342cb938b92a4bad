"""Who may do what, written by hand: every role, in every relation to a request, against every verb of the table."""

import pytest

from accounts.roles import Role
from core.models import ActorKind
from intake import rules
from intake.models import AccusedUnit, ConstituentRequest
from intake.workflow import WORKFLOW
from stations.models import StationStaff
from tests.county import LONG_AGO, make_user

STATION = "clerk station_head"
OFFICES = "town_office county_office"
UNIT = "unit_officer unit_head"

# Verb → who may, among all the people of the county, for a request of this station in the hands of this unit.
RIGHTS = {
    "register": f"{STATION} {OFFICES}",
    "reject": f"{STATION} {OFFICES}",
    "answer": f"{STATION} {OFFICES}",
    "refer": f"{STATION} {OFFICES}",
    "handle": f"{STATION} {OFFICES}",
    "assign": f"station_head {OFFICES}",
    "hand_back": UNIT,
    "refuse_return": f"station_head {OFFICES}",
    "reassign": f"station_head {OFFICES}",
    "coordinate": f"station_head {OFFICES}",
    "escalate": OFFICES,
    "hand_down": "county_office",
    "ask": f"{STATION} {OFFICES} {UNIT}",
    "supplement": f"{STATION} {OFFICES}",
    "carry_on": f"{STATION} {OFFICES}",
    "refer_along": "",
    "withdraw": f"{STATION} {OFFICES}",
    "request_extension": UNIT,
    "extend": OFFICES,
    "refuse_extension": OFFICES,
    "split": f"{STATION} {OFFICES}",
    "merge": f"{STATION} {OFFICES}",
    "unmerge": f"{STATION} {OFFICES}",
    "absorb": f"{STATION} {OFFICES}",
    "release": f"{STATION} {OFFICES}",
    "submit_reply": UNIT,
    "send_back_draft": "unit_head",
    "sign": "unit_head",
    "report_result": f"{STATION} {OFFICES}",
    "feed_back": f"{STATION} {OFFICES}",
    "promise": f"{STATION} {OFFICES}",
    "promise_along": "",
    "log_call": f"{STATION} {OFFICES}",
    "rate": f"{STATION} {OFFICES}",
    "rate_partly": f"{STATION} {OFFICES}",
    "send_back": f"{STATION} {OFFICES}",
    "dispute": f"{STATION} {OFFICES}",
    "settle": f"{STATION} {OFFICES}",
    "lapse": f"{STATION} {OFFICES}",
    "close_disputed": "county_office",
    "archive": f"{STATION} {OFFICES}",
    "follow": f"{STATION} {OFFICES}",
    "mark_urgent": f"{STATION} {OFFICES}",
    "contacted": f"{STATION} {OFFICES}",
    "recategorise": f"{STATION} {OFFICES}",
    "publish": f"{STATION} {OFFICES}",
    "unpublish": f"{STATION} {OFFICES}",
    "add": f"{STATION} {OFFICES}",
    "note": f"{STATION} {OFFICES} {UNIT} rep",
    "urge": f"station_head {OFFICES} rep",
    "remind": "",
    "relocate": "",
}
# What has gone up to the county is the county's to triage and to assign.
COUNTY_ONLY = {
    "escalated": "refer assign withdraw follow mark_urgent contacted recategorise publish unpublish add",
    "disputed": "assign follow mark_urgent contacted recategorise publish unpublish add",
}


@pytest.fixture
def request_of_unit(county):
    return county.assigned(follower=county.representative)


def may(county, request, verb):
    rule = WORKFLOW.transitions[verb].rule
    return {name for name, user in county.users.items() if rule(user, request)}


def as_if(request, verb, state, county):
    """The request as the rule meets it in this state."""
    request.state = state
    request.unit = None if verb == "report_result" else county.units["urban"]
    request.master = county.extra["master"] if verb == "unmerge" else None
    return request


def test_each_step_is_open_to_these_people_and_no_others(county, request_of_unit):
    county.extra["master"] = county.registered()
    wrong = {}
    for verb, line in RIGHTS.items():
        for state in WORKFLOW.transitions[verb].sources:
            if (verb, state) == ("feed_back", "merged"):
                continue
            wanted = set(line.split())
            if verb in COUNTY_ONLY.get(state, "").split():
                wanted = {"county_office"}
            found = may(county, as_if(request_of_unit, verb, state, county), verb)
            if found != wanted:
                wrong[verb, state] = found ^ wanted

    assert wrong == {}


def test_the_table_of_rights_has_a_line_for_every_verb_and_every_role_stands_in_the_county(county):
    assert set(RIGHTS) == set(WORKFLOW.transitions)
    held = {m.role for user in county.users.values() for m in user.memberships.all()}
    assert held == set(Role.values)


def test_a_representative_who_does_not_follow_it_may_nothing(county):
    request = county.assigned()

    assert not [verb for verb in RIGHTS if county.rep.username in may(county, request, verb)]


def test_a_unit_that_had_it_before_may_nothing(county, request_of_unit):
    request_of_unit.unit = county.units["water"]

    assert may(county, request_of_unit, "submit_reply") == {"other_officer"}
    assert not rules.may_see(county.unit_officer, _kept(request_of_unit))


def test_an_accused_unit_may_nothing_and_sees_nothing(county, request_of_unit):
    AccusedUnit.objects.create(request=request_of_unit, unit=county.units["urban"])

    for verb in ("submit_reply", "hand_back", "request_extension", "sign", "ask"):
        assert not may(county, request_of_unit, verb) & {"unit_officer", "unit_head"}
    for user in (county.unit_officer, county.unit_head):
        assert not rules.may_see(user, request_of_unit)
        assert not rules.may_reveal(user, request_of_unit)


def test_a_merge_is_undone_only_until_the_master_is_assigned(county):
    request = county.registered()
    request.state, request.master = "merged", county.registered()

    for state, wanted in {"registered": True, "handling": True, "assigned": False, "replied": False}.items():
        request.master.state = state
        assert rules.may_unmerge(county.clerk, request) is wanted


def test_a_merged_request_is_not_told_by_itself(county):
    request = county.registered()
    request.state = "merged"

    assert not rules.may_tell(county.clerk, request)


def test_the_station_reports_only_what_no_unit_has(county, request_of_unit):
    assert not rules.may_report_result(county.clerk, request_of_unit)


VISIBLE = {
    "clerk", "station_head", "town_office", "county_office", "unit_officer", "unit_head", "rep", "leader",
}  # fmt: skip


def test_these_people_see_a_request_and_no_others(county, request_of_unit):
    seen = {name for name, user in county.users.items() if rules.may_see(user, request_of_unit)}

    assert seen == VISIBLE


def test_a_confidential_request_is_kept_from_leaders(county, request_of_unit):
    ConstituentRequest.objects.filter(pk=request_of_unit.pk).update(is_confidential=True)

    seen = {name for name, user in county.users.items() if rules.may_see(user, request_of_unit)}

    assert seen == VISIBLE - {"leader"}


@pytest.mark.parametrize(
    ("visibility", "is_confidential", "wanted"),
    [
        ("station", False, {"clerk", "station_head", "town_office", "county_office"}),
        (
            "handlers",
            False,
            {"clerk", "station_head", "town_office", "county_office", "unit_officer", "unit_head", "rep"},
        ),
        ("handlers", True, {"clerk", "station_head", "town_office", "county_office"}),
    ],
)
def test_who_may_open_the_contact_is_what_the_resident_chose(
    visibility, is_confidential, wanted, county, request_of_unit
):
    request_of_unit.visibility, request_of_unit.is_confidential = visibility, is_confidential

    assert {n for n, user in county.users.items() if rules.may_reveal(user, request_of_unit)} == wanted


def test_a_clerk_whose_posting_ended_may_nothing(county):
    from datetime import date

    request = county.receive()
    gone = make_user("离任", (Role.STATION_CLERK, None), username="gone")
    StationStaff.objects.create(
        station=county.station, user=gone, begins_on=LONG_AGO, ends_on=date(2025, 1, 1)
    )

    assert not rules.may_register(gone, request)
    assert not rules.may_see(gone, request)


def test_an_inactive_user_may_nothing(county):
    request = county.receive()
    county.clerk.is_active = False

    assert not rules.may_register(county.clerk, request)


def test_no_person_may_what_only_the_system_does(county, request_of_unit):
    for verb, move in WORKFLOW.transitions.items():
        if ActorKind.USER not in move.actors:
            assert may(county, request_of_unit, verb) == set()


def _kept(request):
    request.save(update_fields=["unit"])
    return request
