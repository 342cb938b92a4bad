"""The bodies people sit in, their terms and constituencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import pghistory
from django.contrib.postgres.fields import DateRangeField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Func, Q
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.models import Area
from accounts.permissions import Permission
from accounts.roles import ScopeKind
from representatives import places

if TYPE_CHECKING:
    from datetime import date

    from accounts.access import Grant
    from accounts.models import User


class Validity(Func):
    """daterange(from, to, '[)') for exclusion constraints."""

    function = "DATERANGE"
    output_field = DateRangeField()


def check_order(begins_on: date | None, ends_on: date | None) -> None:
    """Said of the field, so that the constraints on `Validity` are left alone: PostgreSQL has no range from late to early."""
    if begins_on is not None and ends_on is not None and ends_on < begins_on:
        raise ValidationError({"ends_on": _("“至”不能早于“自”。")})


class CongressLevel(models.TextChoices):
    """五级代表。"""

    NATION = "nation", _("全国")
    PROVINCE = "province", _("省")
    CITY = "city", _("市")
    COUNTY = "county", _("县")
    TOWN = "town", _("乡镇")


WIDER_THAN_A_COUNTY = (CongressLevel.NATION, CongressLevel.PROVINCE, CongressLevel.CITY)


def reached(grant: Grant, path: str) -> Q:
    """The divisions a grant reaches, from the field `path` that leads to an area; the code is the path downwards."""
    if grant.scope == ScopeKind.SITE:
        return Q()
    found = Q(pk__in=[])
    for county_code in grant.county_codes:
        found |= Q(**{f"{path}__code__startswith": county_code[:6]})
    if grant.town_code:
        found |= Q(**{f"{path}__code__startswith": grant.town_code[:9]})
    return found


class BodyQuerySet(models.QuerySet):
    body_path = ""

    def visible_to(self, user: User) -> Self:
        """Bodies of one's own area and of the county it lies in, and the wider ones in which people of every county sit."""
        grants = access.grants_with(user, Permission.REPRESENTATIVE_VIEW)
        if not grants:
            return self.none()
        seen = Q(**{f"{self.body_path}level__in": WIDER_THAN_A_COUNTY})
        for grant in grants:
            if grant.scope == ScopeKind.SITE:
                return self.all()
            seen |= reached(grant, f"{self.body_path}area")
            if grant.town_code:  # the county's representatives sit at the town's stations
                seen |= Q(**{f"{self.body_path}area__code": f"{grant.town_code[:6]}000000"})
            if grant.scope == ScopeKind.STATION:
                seen |= Q(**{f"{self.body_path}area__code__in": places.area_codes_of(user)})
        return self.filter(seen)


class OfBodyQuerySet(BodyQuerySet):
    body_path = "body__"


class OfTermQuerySet(BodyQuerySet):
    body_path = "term__body__"


@pghistory.track()
class Body(models.Model):
    """A people's congress, its standing committee, a town presidium, or a street assembly."""

    class Kind(models.TextChoices):
        CONGRESS = "congress", _("人民代表大会")
        STANDING_COMMITTEE = "standing_committee", _("人大常委会")
        PRESIDIUM = "presidium", _("乡镇人大主席团")
        STREET_COMMITTEE = "street_committee", _("人大街道工委")
        STREET_ASSEMBLY = "street_assembly", _("街道议政代表会")

    name = models.CharField(_("名称"), max_length=80, unique=True)
    kind = models.CharField(_("类别"), max_length=20, choices=Kind)
    level = models.CharField(_("级别"), max_length=10, choices=CongressLevel)
    area = models.ForeignKey(Area, verbose_name=_("区划"), on_delete=models.PROTECT, related_name="+")

    objects: ClassVar[models.Manager] = BodyQuerySet.as_manager()

    class Meta:
        verbose_name = _("会议机构")
        verbose_name_plural = _("会议机构")
        ordering = ["area__code", "kind"]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class CongressTerm(models.Model):
    """届: one term of one body."""

    body = models.ForeignKey(Body, verbose_name=_("机构"), on_delete=models.PROTECT, related_name="terms")
    number = models.PositiveSmallIntegerField(_("第几届"))
    begins_on = models.DateField(_("开始"))
    ends_on = models.DateField(_("结束"), null=True, blank=True)

    objects: ClassVar[models.Manager] = OfBodyQuerySet.as_manager()

    class Meta:
        verbose_name = _("届")
        verbose_name_plural = _("届")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["body", "number"], name="term_number_once")]

    def __str__(self) -> str:
        return f"{self.body}第{self.number}届"


@pghistory.track()
class Constituency(models.Model):
    """选区: the villages that elect together."""

    term = models.ForeignKey(
        CongressTerm, verbose_name=_("届"), on_delete=models.PROTECT, related_name="constituencies"
    )
    name = models.CharField(_("名称"), max_length=60)
    seats = models.PositiveSmallIntegerField(_("应选代表数"), default=1)
    areas = models.ManyToManyField(
        Area, verbose_name=_("包含的区划"), blank=True, related_name="constituencies"
    )

    objects: ClassVar[models.Manager] = OfTermQuerySet.as_manager()

    class Meta:
        verbose_name = _("选区")
        verbose_name_plural = _("选区")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["term", "name"], name="constituency_name_once")]

    def __str__(self) -> str:
        return self.name
