"""A boundary moves: towns merge, a village changes hands, a county is renamed. Nothing that stands there may be lost.

Every table that says where its rows lie is found by its columns, so that an app above need not be called:
`county_code` and `town_code` are rewritten, foreign keys to the division are pointed at its successor. Cases keep
pointing at the village of their day; their scope columns move, so that whoever is responsible now sees them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import Count, Exists, Model, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Area, Membership
from core.models import ActorKind, Case
from core.workflow import fire_many

Pair = tuple[Area, Area]
# The line of every case's table by which it moves along.
RELOCATE = "relocate"
WRITTEN_AT_ONCE = 5_000


def pairs_of(old: Area, new: Area) -> list[Pair]:
    """The division and all below it, each with its successor: the one of the same name, else what it came to lie in."""
    found = {old.pk: new}
    heirs = {(area.parent_id, area.name): area for area in Area.objects.in_force().below(new)}
    pairs = [(old, new)]
    for area in Area.objects.in_force().below(old).exclude(pk=old.pk).order_by("code"):
        above = found.get(area.parent_id, new)
        found[area.pk] = heirs.get((above.pk, area.name), above)
        pairs.append((area, found[area.pk]))
    return pairs


def check(old: Area, new: Area) -> None:
    """Raises ValidationError when one cannot follow the other."""
    if old.pk == new.pk:
        raise ValidationError(_("新旧区划不能是同一个。"))
    if old.level != new.level or old.level not in (Area.Level.COUNTY, Area.Level.TOWN, Area.Level.VILLAGE):
        raise ValidationError(_("新旧区划要同一级：县对县、乡对乡、村对村。"))
    if new.valid_to is not None:
        raise ValidationError(_("“%(name)s”已经停用，请选一个在用的。") % {"name": new.name})


def move(pairs: list[Pair], *, by: Any) -> dict[str, int]:
    """Rewrite every table for these pairs; how many rows of each kind moved."""
    moved: dict[str, int] = {}
    action_id = uuid4()
    for model in placed_models():
        if issubclass(model, Case):
            _write_down(model, pairs, by=by, action_id=action_id)
        count = sum(_move_codes(model, old, new) for old, new in pairs)
        if count:
            moved[str(model._meta.verbose_name)] = count
    for old, new in pairs:
        _move_memberships(old, new)
        for model, name in _pointing_models():
            model._default_manager.filter(**{name: old}).update(**{name: new})
        for through, name, other in _pointing_tables():
            _move_links(through, name, other, old, new)
    _end(pairs)
    return moved


def _write_down(model: type[Case], pairs: list[Pair], *, by: Any, action_id: UUID) -> None:
    """One event for each case that moves, however many of the pairs it lies in, all of one action."""
    here = Q()
    for old, _new in pairs:
        here |= _lies_in(model, old)
    ids = model._default_manager.filter(here).order_by("pk").values_list("pk", flat=True).iterator()
    facts = {"from": pairs[0][0].code, "to": pairs[0][1].code}
    while stretch := list(islice(ids, WRITTEN_AT_ONCE)):
        fire_many(
            model,
            RELOCATE,
            dict.fromkeys(stretch, facts),
            by=by,
            actor_kind=ActorKind.USER,
            action_id=action_id,
        )


def counts(pairs: list[Pair]) -> dict[str, int]:
    """How many rows of each kind would move."""
    found = {}
    for model in placed_models():
        where = Q()
        for old, _new in pairs:
            where |= _lies_in(model, old)
        if number := model._default_manager.filter(where).count():
            found[str(model._meta.verbose_name)] = number
    return found


def in_use(areas: Collection[Area]) -> dict[Area, list[str]]:
    """What still points at these divisions, in words: stations, units, roles that would stand in a place that is no more."""
    found: dict[int, list[str]] = {}
    ids = [area.pk for area in areas]
    held: list[tuple[type[Model], str]] = [*_pointing_models(), (Membership, "area")]
    for model, name in held:
        rows: Any = model._default_manager
        rows = rows.not_ended() if model is Membership else rows.all()
        counted = rows.filter(**{f"{name}__in": ids}).order_by().values_list(name).annotate(n=Count("pk"))
        for pk, n in counted:
            found.setdefault(pk, []).append(f"{model._meta.verbose_name} {n}")
    return {area: found[area.pk] for area in areas if area.pk in found}


def placed_models() -> list[type[Model]]:
    """Tables whose rows carry the codes of the county and the town they lie in."""
    return [model for model in apps.get_models() if _carries_codes(model) and not _is_history(model)]


def _carries_codes(model: type[Model]) -> bool:
    return {"county_code", "town_code"} <= {field.name for field in model._meta.concrete_fields}


def _is_history(model: type[Model]) -> bool:
    return hasattr(model, "pgh_tracked_model")


def _lies_in(model: type[Model], area: Area) -> Q:
    if area.level == Area.Level.COUNTY:
        return Q(county_code=area.code)
    if area.level == Area.Level.TOWN:
        return Q(town_code=area.code)
    names = [
        field.name
        for field in model._meta.concrete_fields
        if field.remote_field is not None and field.remote_field.model is Area
    ]
    return Q(pk__in=[]) if not names else Q(*[(name, area) for name in names], _connector=Q.OR)


def _move_codes(model: type[Model], old: Area, new: Area) -> int:
    codes = {"county_code": new.county_code, "town_code": new.town_code}
    if old.level == Area.Level.COUNTY:
        del codes["town_code"]  # each of its towns has a pair of its own
    return model._default_manager.filter(_lies_in(model, old)).update(**codes)


def _relations() -> Iterator[Any]:
    relations: list[Any] = list(Area._meta.related_objects)
    for relation in relations:
        if not _is_history(relation.related_model) and relation.related_model not in (Area, Membership):
            yield relation


def _pointing_models() -> list[tuple[type[Model], str]]:
    return [
        (relation.related_model, relation.field.name)
        for relation in _relations()
        if not relation.many_to_many and not issubclass(relation.related_model, Case)
    ]


def _pointing_tables() -> list[tuple[type[Model], str, str]]:
    return [
        (relation.through, relation.field.m2m_reverse_field_name(), relation.field.m2m_field_name())
        for relation in _relations()
        if relation.many_to_many
    ]


def _move_links(through: type[Model], name: str, other: str, old: Area, new: Area) -> None:
    rows = through._default_manager.filter(**{name: old})
    there = through._default_manager.filter(**{name: new, other: OuterRef(other)})
    rows.filter(Exists(there)).delete()
    rows.update(**{name: new})


def _move_memberships(old: Area, new: Area) -> None:
    """Whoever was responsible for the old division is for the new one; who already was is so once."""
    held = Membership.objects.not_ended().filter(area=old)
    twice = Membership.objects.not_ended().filter(area=new, user=OuterRef("user"), role=OuterRef("role"))
    held.filter(Exists(twice)).update(valid_to=timezone.localdate())
    held.update(area=new)


def _end(pairs: list[Pair]) -> None:
    today = timezone.localdate()
    Area.objects.in_force().filter(pk__in=[old.pk for old, _new in pairs]).update(valid_to=today)
    links = Area.successors.through
    links._default_manager.bulk_create(
        [links(from_area_id=old.pk, to_area_id=new.pk) for old, new in pairs], ignore_conflicts=True
    )
