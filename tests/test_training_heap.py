"""What the C library keeps is given back, and only where it is much."""

import platform

import psutil
import pytest
import torch

from toolgemma.training.heap import Heap

MIB = 2**20
pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps freed blocks like this")


def freed_with_holes(mebibytes: int) -> list[torch.Tensor]:
    """Fill and free blocks of 1 MiB; some between them stay in use, so that the heap can't shrink from its end."""
    large = torch.ones(30 * MIB, dtype=torch.uint8)
    del large  # from now on blocks up to 30 MiB come from the heap
    blocks = [torch.ones(MIB, dtype=torch.uint8) for _ in range(mebibytes)]
    return blocks[::50]


def resident() -> int:
    return int(psutil.Process().memory_info().rss)


def test_holes_are_given_back():
    heap = Heap(kept_bytes=100 * MIB)
    stays = freed_with_holes(400)
    before = resident()
    assert heap.give_back()
    assert before - resident() > 250 * MIB
    assert all(bool((block == 1).all()) for block in stays)


def test_little_is_left_alone():
    heap = Heap(kept_bytes=100 * MIB)
    stays = freed_with_holes(50)
    assert not heap.give_back()
    assert len(stays) == 1
