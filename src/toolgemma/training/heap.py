"""Give freed memory that the C library keeps for itself back to the system, where that is much.

glibc's heap keeps freed blocks below 32 MiB for later. Rows of ever other lengths leave holes that the next row's
blocks don't fit into, so that a training on a CPU held nearly twice of what it used (docs/performance.md).
"""

import ctypes
import platform

import psutil

KEPT_BYTES = 3 * 2**30
"""So much may stay: pages given back have to be cleared by the system before their next use."""


class Heap:
    """Called between the passes of a training, when little is in use: gives back what is far above the least seen."""

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._kept = kept_bytes
        self._process = psutil.Process()
        self._library = ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None
        self._least = self._resident()

    def give_back(self) -> bool:
        """Give free pages back where more than `kept_bytes` were added since the last time; whether it was done."""
        if self._library is None or self._resident() - self._least <= self._kept:
            return False
        self._library.malloc_trim(ctypes.c_size_t(0))
        self._least = self._resident()
        return True

    def _resident(self) -> int:
        return int(self._process.memory_info().rss)
