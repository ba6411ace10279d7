# ruff: noqa: E501
"""Rows of the pre-training text as ids: conversations, runs of random ids to copy, lists of random words to choose from.

Every row is (ids, answers): for each id the number of the answer that it belongs to, 0 where it is only read.
"""

import random
from collections.abc import Callable, Sequence

from transformers import PreTrainedTokenizerFast

from toolgemma.sample.text import everyday, words
from toolgemma.sample.text.forms import Turn

CONTROL = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"]
PAD, EOS, BOS, _, START, END = range(6)
LENGTH = 384
"""Ids of a row of runs or of matches."""

Row = tuple[list[int], list[int]]


def encode(turns: Sequence[Turn], tokenizer: PreTrainedTokenizerFast) -> Row:
    """Ids in Gemma's turn layout; for each the number of the answer that it belongs to, 0 where it is only read."""
    backend = tokenizer.backend_tokenizer
    newline = backend.encode("\n", add_special_tokens=False).ids
    ids, answers = [BOS], [0]
    for number, (role, text) in enumerate(turns, 1):
        head = [START, *backend.encode(f"{role}\n", add_special_tokens=False).ids]
        body = [*backend.encode(text, add_special_tokens=False).ids, END]
        ids += [*head, *body, *newline]
        answers += [0] * len(head) + [number if role == "model" else 0] * len(body) + [0] * len(newline)
    return ids, answers


def row_of_runs(rng: random.Random, vocabulary: int) -> Row:
    """Random ids: a run that comes again and again; or runs that are written once more and keys whose values are asked for.

    Every entry of the vocabulary learns to be copied, whatever stands before it.
    """
    ids, answers, number = [BOS], [0], 0

    def run(low: int, high: int) -> list[int]:
        return [rng.randrange(len(CONTROL), vocabulary) for _ in range(rng.randint(low, high))]

    def write(read: list[int], answer: list[int]) -> None:
        nonlocal ids, answers, number
        number += 1
        ids += [*read, *answer]
        answers += [0] * len(read) + [number] * len(answer)

    if rng.random() < 0.3:
        again = run(2, 30)
        write(again, again * (LENGTH // len(again)))
    while len(ids) < LENGTH:
        if rng.random() < 0.5:
            repeated = run(2, 40)
            write([START, *repeated, END, START], [*repeated, END])
            continue
        is_, ends = run(1, 2), run(1, 1)
        pairs = [(run(1, 2), run(1, 7)) for _ in range(rng.randint(2, 8))]
        shown = [token for key, value in pairs for token in (*key, *is_, *value, *ends)]
        for key, value in rng.sample(pairs, rng.randint(1, len(pairs))):
            write([*shown, START, *key, *is_], [*value, *ends])
            shown = []
    return ids[:LENGTH], answers[:LENGTH]


def row_of_matches(rng: random.Random, tokenizer: PreTrainedTokenizerFast) -> Row:
    """Options of random ids, wishes that share ids with one of them or with none, the option's name: choosing by what is the same.

    The layout is that of the text, the words are runs of one to three random ids, in half of the lists English ones.
    Options and wishes share some words that tell nothing, and a wish may share one word with a wrong option where it
    shares two with the right one. Each list has its own difficulty, from two options of one word to eight of six.
    """
    ids, answers, number = [BOS], [0], 0

    def text(said: str) -> list[int]:
        return list(tokenizer.backend_tokenizer.encode(said, add_special_tokens=False).ids)

    while len(ids) < LENGTH:
        level = rng.random()

        def upto(most: float, least: int = 1, level: float = level) -> int:
            return rng.randint(least, least + round((most - least) * level))

        glue = text(" ") if rng.random() < 0.5 else []

        def word(longest: float = 3.0, glue: list[int] = glue, upto: Callable[[float], int] = upto) -> list[int]:
            if glue:
                return text(rng.choice(everyday.WORDS))
            return [rng.randrange(len(CONTROL), len(tokenizer)) for _ in range(upto(longest))]

        def mixed(words: list[list[int]], glue: list[int] = glue) -> list[int]:
            return [token for run in rng.sample(words, len(words)) for token in (*glue, *run)][len(glue) :]

        kind, title, about = rng.choice(words.CONTAINERS), rng.choice(words.TITLES), rng.choice(words.ABOUT)
        before, between, after, opens, closes = map(
            text,
            rng.choice(
                [
                    ("- ", ": ", "\n", "", ""),
                    ("", ": ", "\n", "", ""),
                    (f'{{"{title}": "', f'", "{about}": "', '"}\n', "", ""),
                    (f'{{"{kind}": {{"{title}": "', f'", "{about}": "', '"}}\n', "", ""),
                    (f'{{"{title}": "', f'", "{about}": "', '"}\n', f'{{"{kind}": "', '"}'),
                ]
            ),
        )
        common = [word(2) for _ in range(upto(5))]
        options = [(word(), [word() for _ in range(upto(6))]) for _ in range(upto(8, 2))]
        read = [BOS, START, *text("user\n")] if len(ids) == 1 else [START, *text("user\n")]
        for name, own in options:
            read += [*before, *name, *between, *mixed([*own, *rng.choices(common, k=upto(4, 0))]), *after]
        read += text("\n")
        for _ in range(rng.randint(3, 8)):
            name, own = rng.choice(options)
            shared = rng.sample(own, rng.randint(1, min(3, len(own))))
            answer = [*opens, *name, *closes]
            if rng.random() < 0.2:
                shared, answer = [], text("none")
            elif len(shared) > 1 and rng.random() < 0.5:
                shared.append(rng.choice(rng.choice(options)[1]))
            strange = [word() for _ in range(upto(5, 0 if shared else 1))]
            read += [
                *mixed([*shared, *strange, *rng.choices(common, k=upto(4, 0))]),
                END,
                *text("\n"),
                START,
                *text("model\n"),
            ]
            number += 1
            ids += [*read, *answer, END]
            answers += [0] * len(read) + [number] * (len(answer) + 1)
            read = [*text("\n"), START, *text("user\n")]
        ids += text("\n")
        answers += [0] * (len(ids) - len(answers))
    return ids[1 : LENGTH + 1], answers[1 : LENGTH + 1]
