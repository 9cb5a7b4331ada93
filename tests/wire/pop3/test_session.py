"""Limits and times of a session; the rest is in the transcripts."""

from pop3_talk import server_of


def test_silence_is_borne_longer_after_log_in() -> None:
    """Ten minutes at least after log-in, less before. RFC 1939 3"""
    assert server_of({}).idle_seconds == 180
    assert server_of({"open": "yes"}).idle_seconds == 600


def test_nothing_is_heard_after_the_end() -> None:
    """What comes behind QUIT is dropped."""
    core = server_of({})
    core.receive(b"QUIT\r\n")
    assert core.next_question() is None
    core.receive(b"CAPA\r\n")
    assert core.next_question() is None
    assert core.take_output().count(b"\r\n") == 2
    core.shut_down()
    assert core.take_output() == b""


def test_a_refusal_takes_the_place_of_the_greeting() -> None:
    """A client that comes too late hears no +OK first. RFC 1939 4"""
    core = server_of({})
    core.shut_down()

    assert core.closing
    assert core.take_output().startswith(b"-ERR [SYS/TEMP] ")
