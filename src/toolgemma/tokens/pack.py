"""Rows packed into one sequence, each shared prefix once: a forest, laid out depth first.

    row A   <bos> s y s  a b        token      <bos> s y s  a b  c d e
    row B   <bos> s y s  c d e      position     0   1 2 3  4 5  4 5 6
                                    end          9   9 9 9  6 6  9 9 9     where the subtree ends

Token i sees token j if j <= i < end[j]: then j is i or one of its ancestors, so each row sees itself and nothing else.
That one test is all of the attention mask (in a sliding layer also position[i] - position[j] < window). Positions run
along the row. A hidden state predicts the next token of every branch, and a prediction that several rows share counts
once for each of them: summed loss and gradients are those of the separate rows (arXiv 2511.00413).

Without sharing every row is a tree of its own: plain packing with exact boundaries.

Costs: a sort of the rows and one pass over their tokens, in numpy; milliseconds for a step. Dropout is drawn for a
token, so rows that share a token share its dropout.
"""

import bisect
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from toolgemma.tokens.encode import IGNORED, Encoded

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tree:
    """Who sees whom in a pack of T tokens: `positions` (T,) along the row, `ends` (T,) one past the subtree."""

    positions: Ints
    ends: Ints

    def __len__(self) -> int:
        return len(self.ends)


@dataclass(frozen=True, slots=True)
class Pack:
    """T tokens `ids` under `tree`, and M predictions: the token at `sources[m]` predicts `targets[m]` in `weights[m]`
    rows; `parts[m]` is an index into PARTS. `row_tokens` is the sum of the rows' lengths, at least T."""

    ids: Ints
    tree: Tree
    sources: Ints
    targets: Ints
    parts: Ints
    weights: Ints
    rows: int
    row_tokens: int


@dataclass(slots=True)
class _Bin:
    ranks: list[int] = field(default_factory=list)
    """Its rows, by their place in the order of their ids: neighbours share the longest prefixes."""
    tokens: int = 0


def pack(rows: Sequence[Encoded], *, share: bool = True) -> Pack:
    """All of `rows` in one pack; `share`: equal prefixes once."""
    ordered = sorted(rows, key=lambda row: row.ids) if share else rows
    ids: list[int] = []
    positions: list[int] = []
    ends: list[int] = []
    path: list[int] = []  # place of each token of the row before
    predictions: Counter[tuple[int, int, int]] = Counter()
    previous: tuple[int, ...] = ()
    for row in ordered:
        shared = shared_length(previous, row.ids) if share else 0
        for place in path[shared:]:
            ends[place] = len(ids)
        path[shared:] = range(len(ids), len(ids) + len(row) - shared)
        ids += row.ids[shared:]
        positions += range(shared, len(row))
        ends += [0] * (len(row) - shared)
        for place in range(1, len(row)):
            if row.labels[place] != IGNORED:
                predictions[path[place - 1], row.labels[place], row.parts[place]] += 1
        previous = row.ids
    for place in path:
        ends[place] = len(ids)
    entries = np.array(sorted((*key, count) for key, count in predictions.items()), dtype=np.int64).reshape(-1, 4)
    return Pack(
        np.array(ids, dtype=np.int64),
        Tree(np.array(positions, dtype=np.int64), np.array(ends, dtype=np.int64)),
        sources=entries[:, 0].copy(),
        targets=entries[:, 1].copy(),
        parts=entries[:, 2].copy(),
        weights=entries[:, 3].copy(),
        rows=len(rows),
        row_tokens=sum(map(len, rows)),
    )


def arrange(rows: Sequence[Encoded], max_tokens: int, *, share: bool = True) -> list[list[Encoded]]:
    """Group rows into packs of at most `max_tokens` tokens each; a row that is longer gets a pack of its own.

    Longest row first, each goes where it adds the fewest tokens, then where least room is left (best fit). The same
    rows in any order give groups of the same sizes.
    """
    bins: list[_Bin] = []
    ordered = sorted(rows, key=lambda row: row.ids)
    for rank in sorted(range(len(ordered)), key=lambda rank: (-len(ordered[rank]), rank)):
        best: tuple[int, int, _Bin] | None = None
        for bin in bins:
            added = len(ordered[rank]) - (_known(bin, rank, ordered) if share else 0)
            room = max_tokens - bin.tokens - added
            if room >= 0 and (best is None or (added, room) < best[:2]):
                best = (added, room, bin)
        if best is None:
            bins.append(_Bin())
            best = (len(ordered[rank]), 0, bins[-1])
        bisect.insort(best[2].ranks, rank)
        best[2].tokens += best[0]
    return [[ordered[rank] for rank in bin.ranks] for bin in bins]


def _known(bin: _Bin, rank: int, ordered: Sequence[Encoded]) -> int:
    """How many tokens of the row a bin already holds."""
    place = bisect.bisect(bin.ranks, rank)
    neighbours = bin.ranks[max(0, place - 1) : place + 1]
    return max((shared_length(ordered[other].ids, ordered[rank].ids) for other in neighbours), default=0)


def shared_length(left: tuple[int, ...], right: tuple[int, ...]) -> int:
    """Length of the longest common prefix."""
    low, high = 0, min(len(left), len(right))
    if left[:high] == right[:high]:
        return high
    while high - low > 1:  # left[:low] == right[:low], left[:high] != right[:high]
        middle = (low + high) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle
    return low
