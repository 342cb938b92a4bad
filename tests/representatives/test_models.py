from datetime import date

import pytest
from django.db import IntegrityError
from django.utils import timezone

from representatives import actions, rules
from representatives.models import Body, Mandate, Person
from tests.county import LONG_AGO, make_representative

pytestmark = pytest.mark.django_db


def test_pinyin_and_phone_index_follow_the_name_and_number(county):
    person = Person.objects.create(name="韦建平", phone="138 0000 2746")

    assert person.pinyin == "weijianping"
    assert Person.objects.get(phone_index=person.phone_index) == person


def test_one_person_may_hold_several_mandates_but_not_the_same_twice(county):
    person = county.representative
    county_term = person.mandates.get().term
    town = Body.objects.create(name="石桥镇人民代表大会", kind="congress", level="town", area=county.towns[0])
    town_term = town.terms.create(number=12, begins_on=LONG_AGO)

    Mandate.objects.create(person=person, term=town_term, begins_on=LONG_AGO)
    assert {mandate.level for mandate in person.mandates.all()} == {"county", "town"}

    with pytest.raises(IntegrityError):
        Mandate.objects.create(person=person, term=county_term, begins_on=date(2024, 1, 1))


def test_who_is_in_office_depends_on_the_day(county):
    mandate = county.representative.mandates.get()

    actions.end_mandate(mandate, on=date(2026, 5, 1), reason="辞职", by=county.county_office)

    assert county.representative in Person.objects.in_office(date(2026, 4, 30))
    assert county.representative not in Person.objects.in_office(date(2026, 5, 1))


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("clerk", True), ("station_head", True), ("town_office", True), ("county_office", True),
        ("leader", True), ("sysadmin", True), ("rep", True), ("other_clerk", False),
        ("other_town_office", False), ("foreign_office", False), ("unit_officer", False),
        ("auditor", False), ("nobody", False),
    ],
)  # fmt: skip
def test_who_sees_a_representative(county, who, sees):
    assert (
        Person.objects.visible_to(getattr(county, who)).filter(pk=county.representative.pk).exists() is sees
    )


def test_offices_of_the_county_see_its_bodies_and_the_wider_ones(county):
    city = Body.objects.create(
        name="云州市人民代表大会", kind="congress", level="city", area=county.county.parent
    )
    foreign = Body.objects.create(
        name="青川县人民代表大会", kind="congress", level="county", area=county.elsewhere
    )
    ours = county.representative.mandates.get().term.body

    assert set(Body.objects.visible_to(county.county_office)) == {ours, city}
    assert set(Body.objects.visible_to(county.clerk)) == {ours, city}
    assert foreign in Body.objects.visible_to(county.foreign_office)
    assert not Body.objects.visible_to(county.unit_officer).exists()
    assert set(Mandate.objects.visible_to(county.county_office)) == {county.representative.mandates.get()}
    assert not Mandate.objects.visible_to(county.foreign_office).exists()


def test_a_person_with_a_town_mandate_is_seen_by_that_town(county):
    town = Body.objects.create(name="柳溪镇人民代表大会", kind="congress", level="town", area=county.towns[1])
    person = make_representative("罗国栋", town)

    assert person in Person.objects.visible_to(county.other_town_office)
    assert person in Person.objects.visible_to(county.county_office)
    assert person not in Person.objects.visible_to(county.town_office)


def test_the_phone_is_not_copied_into_history(county):
    Person.objects.filter(pk=county.representative.pk).update(occupation="护士长")

    event = Person.pgh_event_model if hasattr(Person, "pgh_event_model") else None
    tracked = {field.name for field in (event or Person.pgh_event_models["update"])._meta.get_fields()}
    assert "occupation" in tracked
    assert not {"phone", "phone_index"} & tracked


def test_ending_a_mandate_asks_for_a_reason_and_a_right(county):
    from django.core.exceptions import PermissionDenied, ValidationError

    mandate = county.representative.mandates.get()

    with pytest.raises(ValidationError):
        actions.end_mandate(mandate, on=timezone.localdate(), reason=" ", by=county.county_office)
    with pytest.raises(ValidationError):
        actions.end_mandate(mandate, on=date(1999, 1, 1), reason="辞职", by=county.county_office)
    for by in (county.clerk, county.other_town_office, county.foreign_office, county.rep):
        with pytest.raises(PermissionDenied):
            actions.end_mandate(mandate, on=timezone.localdate(), reason="辞职", by=by)


def test_a_town_office_looks_at_the_countys_bodies_as_a_clerk_does_and_changes_none(county):
    body = Body.objects.get(area=county.county)
    foreign = Body.objects.create(
        name="青川县人民代表大会", kind=Body.Kind.CONGRESS, level="county", area=county.elsewhere
    )

    for user in (county.clerk, county.town_office, county.other_town_office):
        assert set(Body.objects.visible_to(user)) == {body}, user
        assert set(Mandate.objects.visible_to(user)) == set(body.terms.get().mandates.all()), user
        assert foreign not in Body.objects.visible_to(user)
    assert not rules.may_manage_body(county.town_office, body)
