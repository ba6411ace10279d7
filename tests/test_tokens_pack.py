"""Packs: nothing lost, nothing doubled, every row readable along its path; groups within their budget."""

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolgemma.tokens.collate import StepCollator
from toolgemma.tokens.encode import IGNORED, Encoded
from toolgemma.tokens.pack import arrange, pack, shared_length


def make_row(ids, trained=(), part=0):
    labels = tuple(id if place in trained else IGNORED for place, id in enumerate(ids))
    return Encoded(tuple(ids), labels, tuple(part if place in trained else -1 for place in range(len(ids))))


def paths(packed):
    """The ids of every leaf's path, root first, and those of every supervised prediction with its weight."""
    T = len(packed.tree)
    ends, positions = packed.tree.ends.tolist(), packed.tree.positions.tolist()

    def path(token):
        places = [place for place in range(token + 1) if ends[place] > token]
        assert [positions[place] for place in places] == list(range(len(places)))
        return tuple(packed.ids[place] for place in places)

    leaves = [path(token) for token in range(T) if ends[token] == token + 1]
    predictions = Counter()
    for source, target, part, weight in zip(
        packed.sources.tolist(), packed.targets.tolist(), packed.parts.tolist(), packed.weights.tolist(), strict=True
    ):
        predictions[path(source), target, part] += weight
    return leaves, predictions


ROWS = st.lists(
    st.tuples(st.lists(st.integers(1, 3), min_size=1, max_size=9), st.sets(st.integers(0, 8)), st.integers(0, 2)).map(
        lambda row: make_row(*row)
    ),
    min_size=1,
    max_size=9,
)


@settings(deadline=None)
@given(ROWS, st.booleans())
def test_every_row_can_be_read_back_and_every_prediction_is_there(rows, share):
    packed = pack(rows, share=share)
    leaves, predictions = paths(packed)
    texts = {row.ids for row in rows}
    if share:
        inner = {text for text in texts if any(other != text and other[: len(text)] == text for other in texts)}
        assert sorted(leaves) == sorted(texts - inner)  # each once
        assert len(packed.ids) == len({row.ids[: place + 1] for row in rows for place in range(len(row))})
    else:
        assert leaves == [row.ids for row in rows]
        assert packed.row_tokens == len(packed.ids)
    expected = Counter(
        (row.ids[:place], row.labels[place], row.parts[place])
        for row in rows
        for place in range(1, len(row))
        if row.labels[place] != IGNORED
    )
    assert predictions == expected
    assert (packed.rows, packed.row_tokens) == (len(rows), sum(map(len, rows)))


def test_the_example_of_the_module():
    rows = [make_row([1, 2, 3, 2, 10, 11], {4, 5}), make_row([1, 2, 3, 2, 20, 21, 22], {4, 5, 6}, part=2)]
    packed = pack(rows)
    assert packed.ids.tolist() == [1, 2, 3, 2, 10, 11, 20, 21, 22]
    assert packed.tree.positions.tolist() == [0, 1, 2, 3, 4, 5, 4, 5, 6]
    assert packed.tree.ends.tolist() == [9, 9, 9, 9, 6, 6, 9, 9, 9]
    assert packed.sources.tolist() == [3, 3, 4, 6, 7]
    assert packed.targets.tolist() == [10, 20, 11, 21, 22]
    assert packed.parts.tolist() == [0, 2, 0, 2, 2]


@settings(deadline=None)
@given(ROWS, st.integers(1, 40), st.booleans(), st.integers(0, 3))
def test_groups_hold_every_row_once_within_the_budget(rows, budget, share, seed):
    shuffled = rows.copy()
    random.Random(seed).shuffle(shuffled)
    groups = arrange(shuffled, budget, share=share)
    assert sorted((row for group in groups for row in group), key=repr) == sorted(rows, key=repr)
    for group in groups:
        assert len(pack(group, share=share).ids) <= budget or len(group) == 1
    sizes = [[len(row) for row in group] for group in arrange(rows, budget, share=share)]
    assert [[len(row) for row in group] for group in groups] == sizes


def test_rows_go_where_they_share_the_most():
    left, right = [1, *[5] * 50], [1, *[6] * 50]
    rows = [make_row([*trunk, tail, tail]) for tail in (7, 8, 9) for trunk in (left, right)]
    groups = arrange(rows, 60)
    assert [{row.ids[1] for row in group} for group in groups] in ([{5}, {6}], [{6}, {5}])
    assert len(arrange(rows, 60, share=False)) == 6
    assert len(arrange(rows, 120)) == 1


@settings(deadline=None)
@given(st.lists(st.integers(0, 2), max_size=20), st.lists(st.integers(0, 2), max_size=20), st.integers(0, 20))
def test_shared_length(left, right, common):
    left, right = tuple(left[:common] + left), tuple(left[:common] + right)
    expected = next((place for place, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1]),
                    min(len(left), len(right)))  # fmt: skip
    assert shared_length(left, right) == expected


@pytest.mark.parametrize(("max_tokens", "share", "shapes"), [
    (None, False, [(2, 5), (1, 4)]),  # padded, in their order
    (9, False, [(1, 9), (1, 4)]),
    (9, True, [(1, 8)]),
])  # fmt: skip
def test_a_step_is_laid_out(max_tokens, share, shapes):
    rows = [make_row([1, 2, 3, 4, 5], {3, 4}), make_row([1, 2, 9, 9], {3}), make_row([1, 2, 9, 8], {0, 2})]
    batches = StepCollator(0, batch_size=2, max_tokens=max_tokens, share=share)(rows)["batches"]
    assert [tuple(batch["input_ids"].shape) for batch in batches] == shapes
    assert sum(batch["tokens"] for batch in batches) == 13
    assert sum(batch["supervised"] for batch in batches) == 4  # the first token of a row is predicted by nothing
    assert sum(batch["rows"] for batch in batches) == 3
