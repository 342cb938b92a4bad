"""The one corridor: site, admin and API take a step by the same form and the same action."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_lazy as _

from core.workflow import NotAllowed, StaleCase, Transition, WorkflowError, available

if TYPE_CHECKING:
    from core.models import Case


class StepForm(forms.Form):
    """What a person must fill in to take a step. `version` is the state of the case the form was shown with."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, case: Case, by: Any, **kwargs: Any) -> None:
        self.case, self.by = case, by
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            self.initial.setdefault("version", case.event_seq)

    def arguments(self) -> dict[str, Any]:
        """The action's keyword arguments, from the cleaned fields."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


@dataclass(frozen=True)
class Step:
    """One line: the transition's verb, the form a person fills in, the action that does it."""

    name: str
    form: type[StepForm]
    action: Callable[..., Any]
    # Words for the button when they should differ from the transition's.
    label: Any = ""
    danger: bool = False


_tables: dict[str, dict[str, Step]] = {}


def register(model: type[Case], steps: list[Step]) -> None:
    """Make an app's table of steps known; called once, by its AppConfig."""
    _tables[model.label] = {step.name: step for step in steps}


def steps_of(model: type[Case]) -> Mapping[str, Step]:
    return _tables[model.label]


def step_of(case: Case, verb: str) -> Step:
    """Raises KeyError for a verb that is no step."""
    return _tables[case.label][verb]


@dataclass(frozen=True)
class OpenStep:
    """A step open to this person now: what a page needs for its button."""

    name: str
    label: Any
    danger: bool


def open_steps(case: Case, *, to: Any) -> list[OpenStep]:
    steps = _tables[case.label]
    return [
        OpenStep(name=move.name, label=_label(steps[move.name], move), danger=steps[move.name].danger)
        for move in available(case, to=to)
        if move.name in steps
    ]


def require_right(case: Case, verb: str, user: Any) -> None:
    """Raises PermissionDenied when the step is open but not this person's: no form of it need be read for them."""
    move = case.workflow.transitions[verb]
    if case.state in move.sources and not move.rule(user, case):
        raise PermissionDenied


def _label(step: Step, move: Transition) -> Any:
    return step.label or move.label


@dataclass
class Taken:
    """What came of trying a step: `status` is the HTTP answer every door gives (200, 403, 409, 422)."""

    form: StepForm
    status: int
    result: Any = None

    @property
    def ok(self) -> bool:
        return self.status == 200


def take(
    step: Step, *, case: Case, by: Any, data: Mapping[str, Any], files: Mapping[str, Any] | None = None
) -> Taken:
    """Validate the step's form and run its action. A refusal is an error of the form; what was typed stays in it."""
    form = step.form(data, files, case=case, by=by)
    if not form.is_valid():
        return Taken(form, 422)
    try:
        result = step.action(case, by=by, version=form.cleaned_data.get("version"), **form.arguments())
    except StaleCase as problem:
        form.add_error(None, problem.message)
        return Taken(form, 409)
    except NotAllowed as problem:
        form.add_error(None, problem.message)
        return Taken(form, 403)
    except WorkflowError as problem:
        form.add_error(None, problem.message)
        return Taken(form, 409)
    except forms.ValidationError as problem:
        _blame(form, problem)
        return Taken(form, 422)
    return Taken(form, 200, result)


def _blame(form: StepForm, problem: forms.ValidationError) -> None:
    """Put an action's refusal where it belongs: to the field it names, if the form shows that field."""
    if not hasattr(problem, "error_dict"):
        form.add_error(None, problem)
        return
    for name, errors in problem.error_dict.items():
        for error in errors:
            form.add_error(name if name in form.fields else None, error)


class NoteForm(StepForm):
    """A step that asks for a reason in words."""

    note = forms.CharField(label=_("说明"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
