"""What is left of root: two capabilities, held by the supervisor alone, raised only while used.

capabilities(7), prctl(2). Where there are none (no Linux) nothing is held and nothing happens.
Never fails: what the kernel does not give is simply not held.
"""

import ctypes
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

DAC_READ_SEARCH: Final = 2
"""Reads files that the user may not: a certificate that only root can read."""
NET_BIND_SERVICE: Final = 10
"""Opens ports below 1024."""
KEPT: Final = frozenset({DAC_READ_SEARCH, NET_BIND_SERVICE})
"""What a reload may need after root is given up."""

_VERSION_3: Final = 0x20080522
_PR_CAPBSET_READ: Final = 23
_PR_CAPBSET_DROP: Final = 24
_PR_SET_KEEPCAPS: Final = 8
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_CLEAR_ALL: Final = 4
_LAST_POSSIBLE: Final = 63

_LIBRARY: Final = ctypes.CDLL(None) if sys.platform == "linux" else None


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Words(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def held() -> frozenset[int]:
    """What this process may raise: its permitted set."""
    return _bits(_get()[1])


def keep_only(wanted: Iterable[int]) -> None:
    """Gives up all but these, for ever; those that stay are not effective until raised."""
    if _LIBRARY is None:
        return
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    _set(0, _mask(wanted) & _get()[1])


@contextmanager
def raised(capability: int) -> Iterator[None]:
    """Meanwhile it is effective, if it is held at all."""
    effective, permitted = _get()
    more = effective | (_mask((capability,)) & permitted)
    if more == effective:
        yield
        return
    _set(more, permitted)
    try:
        yield
    finally:
        _set(effective, permitted)


def survive_change_of_user() -> None:
    """The permitted set stays when the last user id of root goes."""
    _prctl(_PR_SET_KEEPCAPS, 1)


def limit_to_nothing() -> None:
    """No program that is started from here can ever be given a capability."""
    for capability in range(_LAST_POSSIBLE + 1):
        if _prctl(_PR_CAPBSET_READ, capability) == 1:
            _prctl(_PR_CAPBSET_DROP, capability)


def gain_nothing() -> None:
    """From here on no exec gives more than we have: set-user-id bits mean nothing."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def _prctl(option: int, argument: int) -> int:
    if _LIBRARY is None:
        return -1
    result: int = _LIBRARY.prctl(option, ctypes.c_ulong(argument), *[ctypes.c_ulong(0)] * 3)
    return result


def _get() -> tuple[int, int]:
    """Effective and permitted set as masks."""
    if _LIBRARY is None:
        return 0, 0
    words = (_Words * 2)()
    if _LIBRARY.capget(ctypes.byref(_Header(_VERSION_3, 0)), words) != 0:
        return 0, 0
    low, high = words
    return low.effective | high.effective << 32, low.permitted | high.permitted << 32


def _set(effective: int, permitted: int) -> None:
    if _LIBRARY is None:
        return
    words = (_Words * 2)(
        _Words(effective & 0xFFFFFFFF, permitted & 0xFFFFFFFF, 0),
        _Words(effective >> 32, permitted >> 32, 0),
    )
    _LIBRARY.capset(ctypes.byref(_Header(_VERSION_3, 0)), words)


def _mask(capabilities: Iterable[int]) -> int:
    return sum(1 << capability for capability in set(capabilities))


def _bits(mask: int) -> frozenset[int]:
    return frozenset(number for number in range(_LAST_POSSIBLE + 1) if mask >> number & 1)
