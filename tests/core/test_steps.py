"""The corridor: one form and one action for every door, and a clear answer whatever happens."""

import pytest
from django import forms
from django.core.exceptions import ValidationError

from core.steps import Step, StepForm, open_steps, step_of, steps_of, take
from core.workflow import NotAllowed, NotOpen, StaleCase
from intake.models import ConstituentRequest


class WordForm(StepForm):
    word = forms.CharField(max_length=5)


def step(action):
    return Step("note", WordForm, action)


def raising(problem):
    def action(case, **kwargs):
        raise problem

    return action


def test_a_step_runs_its_action_with_what_was_filled_in(county):
    seen = {}

    def action(case, **kwargs):
        seen.update(kwargs, case=case)
        return "done"

    request = county.receive()

    taken = take(step(action), case=request, by=county.clerk, data={"word": " 好 ", "version": "1"})

    assert (taken.ok, taken.status, taken.result) == (True, 200, "done")
    assert seen == {"case": request, "by": county.clerk, "version": 1, "word": "好"}


def test_a_form_that_is_not_in_order_never_reaches_the_action(county):
    taken = take(
        step(raising(AssertionError)), case=county.receive(), by=county.clerk, data={"word": "太长了太长了"}
    )

    assert (taken.ok, taken.status) == (False, 422)
    assert taken.form.data["word"] == "太长了太长了"


@pytest.mark.parametrize(
    ("problem", "status", "where"),
    [
        (StaleCase("刚有人改过"), 409, "__all__"),
        (NotOpen("现在不能"), 409, "__all__"),
        (NotAllowed("您不能"), 403, "__all__"),
        (ValidationError("不行"), 422, "__all__"),
        (ValidationError({"word": "这个词不行"}), 422, "word"),
        (ValidationError({"elsewhere": "别处不行"}), 422, "__all__"),
    ],
)
def test_a_refusal_is_an_error_of_the_form_and_what_was_typed_stays(problem, status, where, county):
    taken = take(step(raising(problem)), case=county.receive(), by=county.clerk, data={"word": "好"})

    assert taken.status == status
    assert list(taken.form.errors) == [where]
    assert taken.form.data["word"] == "好"


def test_a_form_carries_the_version_it_was_shown_with(county):
    request = county.registered()

    assert WordForm(case=request, by=county.clerk).initial["version"] == 2
    assert "version" not in WordForm({"word": "x"}, case=request, by=county.clerk).initial


def test_the_buttons_are_the_steps_that_are_open(county):
    request = county.receive()

    names = [each.name for each in open_steps(request, to=county.clerk)]

    assert names[:2] == ["register", "reject"]
    assert "remind" not in names
    dangers = {each.name for each in open_steps(request, to=county.clerk) if each.danger}
    assert {"reject", "withdraw"} <= dangers
    labels = {each.name: str(each.label) for each in open_steps(request, to=county.clerk)}
    assert (labels["withdraw"], labels["register"]) == ("群众要求撤回", "登记受理")
    assert open_steps(request, to=county.nobody) == []


def test_a_verb_that_is_no_step_is_unknown(county):
    with pytest.raises(KeyError):
        step_of(county.receive(), "remind")
    assert set(steps_of(ConstituentRequest)) >= {"register", "assign", "rate"}
