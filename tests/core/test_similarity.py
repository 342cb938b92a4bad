"""Similar words: suggested to a person, the most alike first, and never a near-miss above the threshold."""

from core.similarity import rank, spaced, terms

LAMP = "牛场组进村路口的路灯半个多月不亮了，晚上看不见路"
CANDIDATES = [
    (1, "进村路口那盏路灯坏了半个月，天黑看不见"),
    (2, "柳溪村自来水浑浊，有味道"),
    (3, "牛场组的路口有一棵枯树，怕倒下来"),
    (4, "村口路灯不亮"),
]


def test_the_same_matter_in_other_words_comes_first():
    found = rank(LAMP, CANDIDATES)

    assert found[0][0] == 1
    assert not {2, 3} & {pk for pk, _score in found}
    assert all(0 < score <= 1.0001 for _pk, score in found)


def test_at_most_so_many_are_suggested_and_equals_stand_in_order():
    assert len(rank(LAMP, [(n, LAMP) for n in range(9)])) == 3
    assert [pk for pk, _score in rank(LAMP, [(2, LAMP), (1, LAMP)], top=2)] == [1, 2]


def test_nothing_is_like_nothing():
    assert rank("", CANDIDATES) == rank(LAMP, []) == rank("，。!", [(1, "……")]) == []
    assert rank(LAMP, [(1, "")]) == []


def test_words_people_use_for_one_another_count_as_the_same():
    plain = rank("公厕坏了", [(1, "卫生间失灵")], threshold=0)
    assert plain[0][1] > 0.9


def test_marks_digits_and_width_do_not_matter():
    assert spaced("路灯，不亮！１２3 ＡＢ") == "路 灯 不 亮 a b"
    assert len(spaced("长" * 5000)) == 2000
    assert terms("路灯 路灯")["路灯"] == 2
