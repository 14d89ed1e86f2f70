"""Ctrl-C, and being told to stop, for runs that write: one sentence, and nothing left behind."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator

from hepatica.diagnostics import Diagnostic, Invalid

_GRACE = 10.0
"""Seconds in which a second Ctrl-C does not disturb the clearing away after the first."""


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Tell an interruption in one sentence; SIGTERM is one, too, so that scratch files go.

    Raises `Invalid` (D319). What goes wrong only because of the interruption is not told: a
    signal for the whole group of processes ends Spark's Java under our feet.
    """
    first = float("-inf")

    def stop(number: int, frame: object) -> None:
        nonlocal first
        if time.monotonic() - first > _GRACE:
            first = time.monotonic()
            raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    # What runs in the background of a shell is not meant to hear Ctrl-C.
    heard = {number: old for number, old in before.items() if old not in (None, signal.SIG_IGN)}
    for number in heard:
        signal.signal(number, stop)
    try:
        yield
    except BaseException as error:
        if not _by_interruption(error):
            raise
        left = [d for d in getattr(error, "diagnostics", ()) if d.code == "D317"]
        text = "interrupted" if left else "interrupted; no half-written result was left"
        help = "run it again; with a folder as OUT, files that are done are not done again"
        raise Invalid([*left, Diagnostic("D319", "error", text, help=help)]) from None
    finally:
        for number, old in heard.items():
            signal.signal(number, old)


def _by_interruption(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__context__
    return False
