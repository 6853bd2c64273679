from hypothesis import given
from hypothesis import strategies as st

from services.access import OwnerLists, Permission, Rules, judge

PERSON, OTHER, GROUP = 7, 8, -100


def of_person(rule: Permission) -> Rules:
    return {PERSON: rule}


def of_group(rule: Permission) -> Rules:
    return {GROUP: rule}


def in_private(lists: OwnerLists, rules: Rules) -> Permission:
    return judge(lists, rules, PERSON, PERSON)


def in_group(lists: OwnerLists, rules: Rules) -> Permission:
    return judge(lists, rules, PERSON, GROUP)


def test_closed_by_default() -> None:
    assert in_private(OwnerLists(), {}) is Permission.REFUSED
    assert in_group(OwnerLists(), {}) is Permission.REFUSED


def test_open_access_lets_everybody_in() -> None:
    assert in_private(OwnerLists(is_open=True), {}) is Permission.ALLOWED
    assert in_group(OwnerLists(is_open=True), {}) is Permission.ALLOWED


def test_somebody_allowed_may_use_the_bot_anywhere() -> None:
    for lists, rules in (
        (OwnerLists(user_ids=frozenset({PERSON})), {}),
        (OwnerLists(), of_person(Permission.ALLOWED)),
    ):
        assert in_private(lists, rules) is Permission.ALLOWED
        assert in_group(lists, rules) is Permission.ALLOWED


def test_in_an_allowed_group_everybody_may_but_not_in_private() -> None:
    for lists, rules in (
        (OwnerLists(chat_ids=frozenset({GROUP})), {}),
        (OwnerLists(), of_group(Permission.ALLOWED)),
    ):
        assert in_group(lists, rules) is Permission.ALLOWED
        assert in_private(lists, rules) is Permission.REFUSED


def test_an_allowed_chat_id_of_a_person_is_no_pass() -> None:
    assert in_private(OwnerLists(chat_ids=frozenset({PERSON})), {}) is Permission.REFUSED


lists_of = st.builds(
    OwnerLists,
    is_open=st.booleans(),
    user_ids=st.sets(st.sampled_from([PERSON, OTHER])).map(frozenset),
    chat_ids=st.sets(st.just(GROUP)).map(frozenset),
    admin_ids=st.sets(st.just(OTHER)).map(frozenset),
)


@given(lists_of, st.sampled_from([*Permission, None]))
def test_a_deny_beats_every_allow(lists: OwnerLists, group_rule: Permission | None) -> None:
    rules = dict(of_person(Permission.REFUSED))
    if group_rule is not None:
        rules.update(of_group(group_rule))
    assert in_private(lists, rules) is Permission.REFUSED
    assert in_group(lists, rules) is Permission.REFUSED


@given(lists_of, st.sampled_from([Permission.ALLOWED, None]))
def test_in_a_denied_group_only_admins_may(lists: OwnerLists, rule: Permission | None) -> None:
    rules = dict(of_group(Permission.REFUSED))
    if rule is not None:
        rules.update(of_person(rule))
    assert in_group(lists, rules) is Permission.REFUSED
    assert in_group(lists, {**rules, **of_person(Permission.ADMIN)}) is Permission.ADMIN


@given(st.sampled_from([*Permission, None]), st.sampled_from([*Permission, None]))
def test_nothing_shuts_out_an_admin_of_the_environment(
    person_rule: Permission | None, group_rule: Permission | None
) -> None:
    rules: dict[int, Permission] = {}
    if person_rule is not None:
        rules.update(of_person(person_rule))
    if group_rule is not None:
        rules.update(of_group(group_rule))
    lists = OwnerLists(admin_ids=frozenset({PERSON}))
    assert in_private(lists, rules) is Permission.ADMIN
    assert in_group(lists, rules) is Permission.ADMIN
