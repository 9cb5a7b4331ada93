"""Exit codes."""

import os

from posthouse.cli import exits


def test_codes_are_those_of_sysexits() -> None:
    """The numbers that scripts know from sysexits.h."""
    assert exits.USAGE == os.EX_USAGE
    assert exits.DATA == os.EX_DATAERR
    assert exits.UNAVAILABLE == os.EX_UNAVAILABLE
    assert exits.INTERNAL == os.EX_SOFTWARE
    assert exits.TEMPORARY == os.EX_TEMPFAIL
    assert exits.PERMISSION == os.EX_NOPERM
    assert exits.CONFIG == os.EX_CONFIG
    assert exits.OK == os.EX_OK


def test_a_stop_has_all_that_is_to_be_said() -> None:
    """Sentence, hint and code."""
    stop = exits.Stop(65, "it is wrong", "do it right")
    assert (stop.code, stop.sentence, stop.hint, str(stop)) == (
        65, "it is wrong", "do it right", "it is wrong",
    )  # fmt: skip
