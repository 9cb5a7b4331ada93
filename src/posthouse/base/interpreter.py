"""How a process of ours sets up the interpreter. One place, because forgetting it starves every
thread.

Beside a busy event loop a thread waits up to the switch interval for the interpreter; at the
default of 5 ms it got one
turn a second (docs/decisions/002-processes.md), at 20 microseconds about a thousand, for 5 to 7 %
of the loop.
"""

import sys
from typing import Final

SWITCH_SECONDS: Final = 20e-6


def prepare_loop_process() -> None:
    """Call in every process that runs an event loop, before the loop starts."""
    sys.setswitchinterval(SWITCH_SECONDS)
