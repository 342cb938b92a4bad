"""Cases over the API: lists and details as this person may see them, and the corridor of steps.

Apart from `core.api`, whose classes DRF reads while its own views are being imported.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response

from core import steps
from core.api import problem
from core.models import Case

MOST_CHOICES = 300


class ChoiceSerializer(serializers.Serializer):
    value = serializers.CharField()
    label = serializers.CharField()


class StepFieldSerializer(serializers.Serializer):
    """One thing to fill in."""

    name = serializers.CharField()
    label = serializers.CharField()
    required = serializers.BooleanField()
    type = serializers.ChoiceField(choices=["string", "integer", "boolean", "date"])
    help = serializers.CharField()
    max_length = serializers.IntegerField(allow_null=True)
    choices = ChoiceSerializer(many=True)


class OpenStepSerializer(serializers.Serializer):
    """A step open to this person now."""

    name = serializers.CharField()
    label = serializers.CharField()
    danger = serializers.BooleanField()
    fields_ = StepFieldSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field]:
        known = super().get_fields()
        known["fields"] = known.pop("fields_")  # `fields` is a serializer's own attribute
        return known


def check_types(form_class: Any, given: dict[str, Any]) -> dict[str, list[str]]:
    """JSON is typed and forms are not: refuse unknown names, and a list where a word belongs."""
    errors: dict[str, list[str]] = {}
    for name, value in given.items():
        field = form_class.base_fields.get(name)
        if field is None:
            errors[name] = ["没有这一项。"]
        elif value is not None and type(value) not in _json_types(field):
            errors[name] = ["类型不对。"]
    return errors


def _json_types(field: forms.Field) -> tuple[type, ...]:
    if isinstance(field, forms.BooleanField):
        return (bool,)
    if isinstance(field, forms.IntegerField):
        return (int,)
    if isinstance(field, forms.ModelChoiceField):
        return (int, str)
    return (str,)


class CaseViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """Cases of one kind as this person may see them, their open steps, and the corridor every door takes them by."""

    lookup_field = "public_id"
    lookup_value_regex = "[a-z0-9]{10,12}"
    model: ClassVar[type[Case]]

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return self.model.objects.none()
        return self.model.objects.visible_to(self.request.user)

    @extend_schema(responses=OpenStepSerializer(many=True))
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def steps(self, request: Any, **_names: Any) -> Response:
        """现在能走哪些步骤，每一步要填什么。"""
        case = self.get_object()
        table = steps.steps_of(type(case))
        rows = [
            {
                "name": each.name,
                "label": str(each.label),
                "danger": each.danger,
                "fields": _describe(table[each.name].form(case=case, by=request.user)),
            }
            for each in steps.open_steps(case, to=request.user)
        ]
        return Response(OpenStepSerializer(rows, many=True).data)

    @extend_schema(request=OpenApiTypes.OBJECT, responses={200: OpenApiTypes.OBJECT})
    @action(detail=True, methods=["post"], url_path=r"steps/(?P<verb>[a-z_]+)", url_name="step")
    def step(self, request: Any, verb: str, **_names: Any) -> Response:
        """走一步。内容就是 `steps/` 里列出的各项；`version` 是看到的版本，别人先改了就答 409。"""
        case = self.get_object()
        table = steps.steps_of(type(case))
        if verb not in table:
            raise Http404
        steps.require_right(case, verb, request.user)
        wrong = check_types(table[verb].form, request.data)
        if wrong:
            raise exceptions.ValidationError(wrong)
        taken = steps.take(table[verb], case=case, by=request.user, data=request.data)
        if not taken.ok:
            errors = {
                name or "": [str(words) for words in found] for name, found in taken.form.errors.items()
            }
            title = errors.pop("__all__", ["有内容要改。"])[0]
            return problem(taken.status, title, errors)
        fresh = self.get_queryset().filter(pk=case.pk).first()
        # A step may take the case out of one's own sight: handed back, escalated.
        return Response(
            self.get_serializer(fresh).data if fresh is not None else {"public_id": case.public_id}
        )


def _describe(form: steps.StepForm) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "label": str(field.label or name),
            "required": field.required,
            "type": _word_for(field),
            "help": str(field.help_text),
            "max_length": getattr(field, "max_length", None),
            "choices": [
                {"value": str(getattr(value, "value", value)), "label": str(label)}
                for value, label in getattr(field, "choices", ())
                if str(value)
            ][:MOST_CHOICES],
        }
        for name, field in form.fields.items()
        if not isinstance(field, forms.FileField)
    ]


def _word_for(field: forms.Field) -> str:
    if isinstance(field, forms.BooleanField):
        return "boolean"
    if isinstance(field, (forms.IntegerField, forms.ModelChoiceField)):
        return "integer"
    return "date" if isinstance(field, forms.DateField) else "string"
