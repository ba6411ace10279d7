"""Ctrl-C and SIGTERM: finish the step, save, leave.

    first signal    sets a flag; training.checkpoint saves at the end of the step and training ends with `Interrupted`
    second signal   whatever it did before we listened: Ctrl-C aborts at once

Only the main thread can listen; elsewhere signals keep their meaning. Imports nothing heavy.
"""

import logging
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

logger = logging.getLogger(__name__)


class Interrupted(Exception):  # noqa: N818 - a wish, not an error
    """Training was asked to stop and has saved `checkpoint`; `exit_code` is what shells expect: 130 or 143."""

    def __init__(self, signum: int, checkpoint: Path) -> None:
        super().__init__(f"stopped by {signal.Signals(signum).name}; saved {checkpoint}, go on with --resume")
        self.checkpoint = checkpoint
        self.exit_code = 128 + signum


class Stop:
    """A context in which the first SIGINT or SIGTERM only sets `signum`."""

    def __init__(self) -> None:
        self.signum: int | None = None
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> "Stop":
        if threading.current_thread() is threading.main_thread():
            for signum in (signal.SIGINT, signal.SIGTERM):
                self._previous[signum] = signal.signal(signum, self._on_signal)
        return self

    def __exit__(self, *exception: object) -> None:
        self._restore()

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        self.signum = signum
        self._restore()
        logger.warning("stopping: the step is finished and saved first; once more aborts at once")

    def _restore(self) -> None:
        for signum, handler in self._previous.items():
            signal.signal(signum, handler if handler is not None else signal.SIG_DFL)
        self._previous.clear()
