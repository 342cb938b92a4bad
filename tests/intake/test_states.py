"""The states as the resident and the desks read them."""

from core.workflow import State
from intake.models.states import STATES


def test_every_state_has_words_for_the_desk_and_for_the_resident():
    for state in STATES:
        assert isinstance(state, State)
        assert str(state.label)
        assert str(state.public_label)
        assert state.station in (1, 2, 3, 4)


def test_names_and_labels_are_unique():
    assert len({state.name for state in STATES}) == len(STATES)
    assert len({str(state.label) for state in STATES}) == len(STATES)


def test_the_resident_reads_no_office_word():
    for state in STATES:
        for word in ("交办", "改派", "签发", "分办", "办件", "事项", "办理中", "流程"):
            assert word not in str(state.public_label)
