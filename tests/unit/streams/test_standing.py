"""A partition stands still where records wait and it does not move."""

from streams.standing import Standing

HERE, THERE = (0, 0), (0, 1)


def test_what_has_caught_up_does_not_stand() -> None:
    standing = Standing()
    assert standing.note({HERE: 5}, {HERE: 5}, 0.0) == {}
    assert standing.note({HERE: 5}, {HERE: 5}, 90.0) == {}
    assert standing.note({HERE: 6}, {HERE: 5}, 91.0) == {HERE: 1.0}  # perhaps since it was last seen caught up


def test_each_partition_has_its_own_time() -> None:
    standing = Standing()
    ends = {HERE: 9, THERE: 9}
    assert standing.note(ends, {HERE: 1, THERE: 1}, 0.0) == {HERE: 0.0, THERE: 0.0}
    assert standing.note(ends, {HERE: 2, THERE: 1}, 5.0) == {HERE: 0.0, THERE: 5.0}


def test_a_partition_that_nobody_has_begun_stands_too() -> None:
    standing = Standing()
    assert standing.note({HERE: 3}, {}, 0.0) == {HERE: 0.0}
    assert standing.note({HERE: 4}, {}, 30.0) == {HERE: 30.0}


def test_what_could_not_be_asked_begins_anew() -> None:
    standing = Standing()
    standing.note({HERE: 3}, {HERE: 1}, 0.0)
    standing.forget()
    assert standing.note({HERE: 3}, {HERE: 1}, 300.0) == {HERE: 0.0}
