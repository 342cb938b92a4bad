"""What is done to accounts. security.md 1.1 item 6: system, security and audit administrators are three people."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import actions
from accounts.access import has_permission, roles_of
from accounts.models import Area, Membership, User
from accounts.permissions import Permission
from accounts.roles import ROLE_PERMISSIONS, SEPARATE_ROLES, Role
from tests.county import make_user

pytestmark = pytest.mark.django_db


def fresh(user):
    return User.objects.get(pk=user.pk)


# --- roles


def test_a_role_is_granted_over_an_area_and_holds_at_once(county):
    actions.grant_role(county.nobody, role=Role.TOWN_OFFICE, area=county.towns[0], by=county.security_admin)

    assert has_permission(fresh(county.nobody), Permission.REQUEST_ASSIGN, over=county.towns[0])
    assert not has_permission(fresh(county.nobody), Permission.REQUEST_ASSIGN, over=county.towns[1])


def test_the_history_names_who_granted_it(county):
    membership = actions.grant_role(
        county.nobody, role=Role.LEADER, area=county.county, by=county.security_admin
    )

    event = Membership.pgh_event_model.objects.get(pgh_obj_id=membership.pk)
    assert event.pgh_context.metadata == {"user": county.security_admin.pk, "action": "grant_role"}


def test_an_ended_role_holds_no_more_and_stays_on_record(county):
    membership = county.town_office.memberships.get()

    actions.end_membership(membership, by=county.security_admin)

    assert roles_of(fresh(county.town_office)) == set()
    assert Membership.objects.filter(pk=membership.pk).exists()


def test_a_role_may_begin_and_end_on_a_day(county):
    today = timezone.localdate()
    actions.grant_role(
        county.nobody, role=Role.LEADER, area=county.county, by=county.security_admin,
        valid_from=today + timedelta(days=1), valid_to=today + timedelta(days=8),
    )  # fmt: skip

    assert roles_of(fresh(county.nobody)) == set()
    assert Membership.objects.in_force(today + timedelta(days=1)).filter(user=county.nobody).exists()
    assert not Membership.objects.in_force(today + timedelta(days=8)).filter(user=county.nobody).exists()


@pytest.mark.parametrize("separate", sorted(SEPARATE_ROLES))
@pytest.mark.parametrize("other", [role for role in Role if role not in SEPARATE_ROLES])
def test_none_of_the_three_administrators_holds_another_role(county, separate, other):
    bound = {"area": county.county} if other in (Role.TOWN_OFFICE, Role.COUNTY_OFFICE, Role.LEADER) else {}
    bound = {"unit": county.units["urban"]} if other in (Role.UNIT_OFFICER, Role.UNIT_HEAD) else bound
    one, two = make_user("甲", username="one"), make_user("乙", username="two")
    actions.grant_role(one, role=separate, by=county.security_admin)
    actions.grant_role(two, role=other, by=county.security_admin, **bound)

    with pytest.raises(ValidationError, match="互不兼任"):
        actions.grant_role(one, role=other, by=county.security_admin, **bound)
    with pytest.raises(ValidationError, match="互不兼任"):
        actions.grant_role(two, role=separate, by=county.security_admin)
    assert Membership.objects.filter(user__in=[one, two]).count() == 2


def test_the_table_itself_refuses_two_of_the_three(county):
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.create(user=county.auditor, role=Role.SYSADMIN)


def test_a_role_to_come_counts_as_well(county):
    later = timezone.localdate() + timedelta(days=30)
    actions.grant_role(county.nobody, role=Role.AUDITOR, by=county.security_admin, valid_from=later)

    with pytest.raises(ValidationError, match="审计管理员"):
        actions.grant_role(county.nobody, role=Role.SYSADMIN, by=county.security_admin)


def test_none_of_the_three_sees_residents_and_the_auditor_changes_nothing():
    for role in SEPARATE_ROLES:
        assert not {Permission.REQUEST_VIEW, Permission.PERSONAL_REVEAL} & ROLE_PERMISSIONS[role]
    verbs = {right.value.rsplit(".", 1)[1] for right in ROLE_PERMISSIONS[Role.AUDITOR]}
    assert verbs <= {"view", "status"}


@pytest.mark.parametrize(
    ("role", "bound", "words"),
    [
        (Role.TOWN_OFFICE, None, "要选管辖的区划"),
        (Role.TOWN_OFFICE, "unit", "要选管辖的区划"),
        (Role.UNIT_HEAD, None, "要选所在的单位"),
        (Role.UNIT_HEAD, "area", "要选所在的单位"),
        (Role.STATION_CLERK, "area", "不选区划"),
        (Role.AUDITOR, "unit", "不选区划"),
    ],
)
def test_a_role_is_bound_to_what_it_asks_for(county, role, bound, words):
    over = {"area": {"area": county.county}, "unit": {"unit": county.units["urban"]}}.get(bound, {})

    with pytest.raises(ValidationError, match=words):
        actions.grant_role(county.nobody, role=role, by=county.security_admin, **over)


def test_the_same_role_twice_is_refused_in_words(county):
    with pytest.raises(ValidationError):
        actions.grant_role(
            county.town_office, role=Role.TOWN_OFFICE, area=county.towns[0], by=county.security_admin
        )


@pytest.mark.parametrize("by", ["clerk", "county_office", "sysadmin", "auditor", "leader", "nobody"])
def test_only_the_security_administrator_grants_ends_and_disables(county, by):
    other = county.users[by]
    with pytest.raises(PermissionDenied):
        actions.grant_role(county.nobody if by != "nobody" else county.rep, role=Role.STATION_CLERK, by=other)
    with pytest.raises(PermissionDenied):
        actions.end_membership(county.town_office.memberships.get(), by=other)
    with pytest.raises(PermissionDenied):
        actions.disable_user(county.town_office, by=other)
    with pytest.raises(PermissionDenied):
        actions.unlock_user(county.town_office, by=other)


def test_nobody_does_it_to_themselves(county):
    me = county.security_admin
    with pytest.raises(PermissionDenied):
        actions.grant_role(me, role=Role.STATION_CLERK, by=me)
    with pytest.raises(PermissionDenied):
        actions.end_membership(me.memberships.get(), by=me)
    with pytest.raises(PermissionDenied):
        actions.disable_user(me, by=me)


def test_a_disabled_user_holds_no_rights(county):
    actions.disable_user(county.county_office, by=county.security_admin)

    assert roles_of(fresh(county.county_office)) == set()


def test_no_superuser_can_be_made(county):
    with pytest.raises(ValueError, match="create_first_administrator"):
        User.objects.create_superuser("root", password="x")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=county.clerk.pk).update(is_superuser=True)


# --- the first administrator. security.md 1.1 item 5


def first(*arguments):
    said = StringIO()
    call_command("create_first_administrator", *arguments, stdout=said)
    return said.getvalue()


def test_the_first_administrator_is_a_named_person_who_must_change_the_password(client):
    said = first("li.anquan", "李安全")

    user = User.objects.get()
    assert (user.display_name, user.must_change_password) == ("李安全", True)
    assert roles_of(user) == {Role.SECURITY_ADMIN}
    password = said.rsplit(" ", 1)[1].strip()
    assert user.check_password(password)
    client.post("/login/", {"username": "li.anquan", "password": password})
    assert client.get("/admin/")["Location"] == "/account/password/"


def test_there_is_one_first_administrator_of_each_kind():
    first("li.anquan", "李安全")
    first("wang.xitong", "王系统", "--role", "sysadmin")
    first("zhao.shenji", "赵审计", "--role", "auditor")

    with pytest.raises(CommandError, match="already"):
        first("other", "另一人")
    with pytest.raises(CommandError):
        first("li.anquan", "李安全", "--role", "sysadmin")
    assert User.objects.count() == 3


def test_a_bad_user_name_makes_nobody():
    with pytest.raises(CommandError):
        first("有 空格", "李安全")
    assert not User.objects.exists()


# --- divisions


def test_a_new_name_runs_through_the_full_names_below(county):
    town = county.towns[0]
    town.name = "石桥街道"

    actions.save_area(town, by=county.county_office)

    assert Area.objects.get(pk=town.pk).pinyin == "shiqiaojiedao"
    assert Area.objects.get(pk=county.villages[0].pk).full_name == "南岭省云州市云岭县石桥街道牛场村"
    assert Area.objects.get(pk=county.villages[2].pk).full_name == "南岭省云州市云岭县柳溪镇柳溪村"
