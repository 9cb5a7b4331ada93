"""Reading letters and octets, and finding them by conditions, on every engine. RFC 3501 6.4.4"""

from typing import get_args

import pytest
from tests.letters import RECEIVED, letter
from tests.store.engines import ALL, Engine

from posthouse.store.contract import Condition, EmailField, PlacementField
from posthouse.store.values import (
    BODY_INLINE_OCTETS_MAX,
    DELETED,
    FLAGGED,
    INBOX,
    SEEN,
    Append,
    Expunge,
    Place,
)


def test_every_field_can_be_read(engine: Engine) -> None:
    """Each field of a letter comes back as it was given, in the order asked for."""
    account = engine.account()
    given = {
        "header_octets": 77,
        "envelope": b'("env\x00elope")',
        "bodystructure": b'("TEXT" "PLAIN" NIL)',
        "parts": b"\x93\x00\x01\x02",
        "sent": -86_400,
        "sent_day": -1,
        "from_key": "ANN",
        "to_key": "BOB",
        "cc_key": "ÇİD",
        "subject_key": "北京",
        "is_reply": True,
        "from_text": "ann lee <ann@example.org>",
        "to_text": "bob",
        "cc_text": "cid",
        "bcc_text": "dee",
        "subject_text": "re: 北京",
        "subject": "Re: 北京",
        "message_id": "x@y",
        "preview": "Good day \U0001f980",
        "has_attachment": True,
    }
    sent = letter(references=("a@b", "c@d"), **given)
    [placed] = engine.one(sent.deliver(Place(account, INBOX, SEEN, "k"), received=12345)).places
    fields = (*get_args(PlacementField), *get_args(EmailField), "octets")

    [row] = engine.rows(account, INBOX, *fields)
    found = dict(zip(fields, row, strict=True))

    assert {name: found[name] for name in given} == given
    assert found["references"] == "a@b c@d"
    assert (found["uid"], found["email"], found["modseq"]) == (1, placed.email, placed.modseq)
    assert (found["flags"], found["keywords"], found["received"]) == (SEEN, "k", 12345)
    assert found["saved"] == RECEIVED
    assert (found["body"], found["size"]) == (sent.body.id, len(sent.octets))
    assert found["render_version"] == sent.rendered.version
    assert found["octets"] == sent.octets
    assert isinstance(found["thread"], int)
    for name in fields:
        assert engine.rows(account, INBOX, name) == [found[name]]
    assert engine.rows(account, INBOX, *reversed(fields)) == [row[::-1]]


def test_letters_come_in_the_order_of_uids(engine: Engine) -> None:
    """Ranges pick letters, ascending; UIDs that do not exist are passed over."""
    account = engine.account()
    engine.do(*[letter().append(account, INBOX) for _ in range(9)])
    engine.one(Expunge(account, INBOX, ((4, 5),), any_flag=True))

    for uids, expected in [
        (ALL, [1, 2, 3, 6, 7, 8, 9]),
        (((3, 6),), [3, 6]),
        (((1, 1), (3, 4), (8, 99)), [1, 3, 8, 9]),
        (((4, 5),), []),
        (((10, 2**32 - 1),), []),
        ((), []),
    ]:
        assert engine.rows(account, INBOX, "uid", uids=uids) == expected
        assert engine.find(account, INBOX, uids=uids) == expected
    assert engine.uids(account, INBOX) == [1, 2, 3, 6, 7, 8, 9]
    assert engine.uids(account, INBOX, 3, 7) == [3, 6, 7]
    assert engine.uids(account, INBOX, 10) == []


def test_many_single_uids(engine: Engine) -> None:
    """A set of hundreds of separate UIDs is read whole."""
    account = engine.account()
    engine.one(Append(account, INBOX, tuple(letter().appended() for _ in range(1500))))
    odd = tuple((uid, uid) for uid in range(1, 1501, 2))

    assert engine.rows(account, INBOX, "uid", uids=odd) == list(range(1, 1501, 2))
    assert engine.find(account, INBOX, uids=odd) == list(range(1, 1501, 2))


def test_a_read_over_changes(engine: Engine) -> None:
    """A sliced read that goes on while letters come and go neither fails nor repeats a UID."""
    account = engine.account()
    engine.one(Append(account, INBOX, tuple(letter().appended() for _ in range(900))))

    async def read() -> list[int]:
        seen: list[int] = []
        async for rows in engine.store.letters(account, INBOX, ALL, ("uid", "octets")):
            seen += [row[0] for row in rows]
            await engine.store.commit(Expunge(account, INBOX, ((1, 400),), any_flag=True))
            await engine.store.commit(letter().append(account, INBOX))
        return seen

    seen = engine.run(read())
    assert seen == sorted(set(seen))
    assert set(range(401, 901)) <= set(seen)


def test_octets_in_pieces(engine: Engine) -> None:
    """A body is read from any octet on, as many as there are."""
    account = engine.account()
    sent = letter(size=3000)
    engine.one(sent.deliver(Place(account, INBOX)))
    whole, body = sent.octets, sent.body.id

    for first, count in [(0, -1), (0, 0), (0, 1), (7, 100), (2999, 1), (2999, 5), (3000, 5),
                         (5000, 5), (10, -1), (3000, -1), (0, 99_999)]:  # fmt: skip
        expected = whole[first:] if count < 0 else whole[first : first + count]
        assert engine.run(engine.store.octets(body, first, count)) == expected
    assert engine.run(engine.store.octets(body)) == whole


def test_octets_at_the_inline_limit(engine: Engine) -> None:
    """A body of exactly BODY_INLINE_OCTETS_MAX comes with its letter."""
    account = engine.account()
    sent = letter(size=BODY_INLINE_OCTETS_MAX)
    engine.one(sent.deliver(Place(account, INBOX)))

    assert engine.rows(account, INBOX, "octets") == [sent.octets]


def test_octets_of_nothing(engine: Engine) -> None:
    """KeyError for a body that is not there."""
    with pytest.raises(KeyError):
        engine.run(engine.store.octets(b"\xff" * 16))


# ---- find

LETTERS = [
    # subject, from, flags, keywords, size
    ("Lunch on Monday", "Ann Lee <ann@example.org>", 0, "", 600),
    ("Re: Lunch on Monday", "bob@example.net", SEEN, "$Work", 700),
    ("去北京的火车票", "王小明 <wang@example.cn>", FLAGGED, "travel", 800),
    ("100% off_now", "shop@example.com", SEEN | DELETED, "$Junk travel", 900),
    ("straße und İstanbul", "eve@example.org", SEEN | FLAGGED, "", 1000),
]

FINDS = [
    ([], [1, 2, 3, 4, 5]),
    ([("subject_text", "contains", "lunch")], [1, 2]),
    ([("subject_text", "contains", "unch on mon")], [1, 2]),
    ([("subject_text", "contains", "")], [1, 2, 3, 4, 5]),
    ([("subject_text", "contains", "北京")], [3]),
    ([("subject_text", "contains", "京")], [3]),
    ([("subject_text", "contains", "京火")], []),
    ([("subject_text", "contains", "火车票")], [3]),
    ([("from_text", "contains", "小")], [3]),
    ([("subject_text", "contains", "%")], [4]),
    ([("subject_text", "contains", "0% off_")], [4]),
    ([("subject_text", "contains", "f_n")], [4]),
    ([("subject_text", "contains", "h%n")], []),
    ([("subject_text", "contains", "h_o")], []),
    ([("subject_text", "contains", "'")], []),
    ([("subject_text", "contains", "strasse")], [5]),
    ([("from_text", "contains", "example.org")], [1, 5]),
    ([("flags", "bits_on", SEEN)], [2, 4, 5]),
    ([("flags", "bits_on", SEEN | FLAGGED)], [5]),
    ([("flags", "bits_off", SEEN)], [1, 3]),
    ([("flags", "bits_off", SEEN | FLAGGED)], [1]),
    ([("flags", "bits_on", SEEN), ("flags", "bits_off", DELETED)], [2, 5]),
    ([("keywords", "word", "travel")], [3, 4]),
    ([("keywords", "word", "TRAVEL")], [3, 4]),
    ([("keywords", "word", "$junk")], [4]),
    ([("keywords", "word", "trave")], []),
    ([("keywords", "word", "ravel")], []),
    ([("keywords", "word", "Junk")], []),
    ([("keywords", "no_word", "travel")], [1, 2, 5]),
    ([("keywords", "no_word", "trav")], [1, 2, 3, 4, 5]),
    ([("size", "less", 800)], [1, 2]),
    ([("size", "at_least", 800)], [3, 4, 5]),
    ([("size", "equal", 900)], [4]),
    ([("size", "at_least", 700), ("size", "less", 1000)], [2, 3, 4]),
    ([("uid", "at_least", 4)], [4, 5]),
    ([("received", "less", RECEIVED + 2)], [1, 2]),
    ([("received", "at_least", RECEIVED + 3)], [4, 5]),
    ([("sent_day", "equal", RECEIVED // 86_400)], [1, 2, 3, 4, 5]),
    ([("sent_day", "less", RECEIVED // 86_400)], []),
    ([("saved", "at_least", RECEIVED)], [1, 2, 3, 4, 5]),
    ([("message_id", "equal", "number2@example.org")], [2]),
    ([("subject_text", "contains", "lunch"), ("from_text", "contains", "bob")], [2]),
    ([("subject_text", "contains", "北京"), ("flags", "bits_on", SEEN)], []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("conditions", "expected"), FINDS, ids=lambda value: str(value).replace(" ", "")[:60]
)
def test_find(
    engine: Engine, conditions: list[tuple[str, str, str | int]], expected: list[int]
) -> None:
    """All conditions must be met; text is found anywhere, also inside a word and in Chinese."""
    account = engine.account()
    for number, (subject, sender, flags, keywords, size) in enumerate(LETTERS, 1):
        each = letter(
            subject, sender=sender, size=size, message_id=f"number{number}@example.org"
        ).appended(flags, keywords, received=RECEIVED + number - 1)
        engine.one(Append(account, INBOX, (each,)))
    asked = [Condition(field, test, value) for field, test, value in conditions]  # type: ignore[arg-type]

    assert engine.find(account, INBOX, *asked) == expected
    assert engine.find(account, INBOX, *asked, uids=((2, 3),)) == [
        uid for uid in expected if uid in {2, 3}
    ]


def test_find_by_modseq(engine: Engine) -> None:
    """SEARCH MODSEQ: at least this one. RFC 7162 3.1.5"""
    account = engine.account()
    given = [engine.one(letter().append(account, INBOX)).modseq for _ in range(4)]

    assert engine.find(account, INBOX, Condition("modseq", "at_least", given[2])) == [3, 4]


def test_find_among_accounts(engine: Engine) -> None:
    """Only letters of the mailbox asked for are found."""
    ann, bob = engine.account("ann"), engine.account("bob")
    work = engine.create(ann, "Work")
    engine.do(
        letter("secret").append(ann, INBOX),
        letter("secret").append(ann, work),
        letter("secret").append(ann, work),
        letter("secret").append(bob, INBOX),
    )
    secret = Condition("subject_text", "contains", "secret")

    assert engine.find(ann, INBOX, secret) == [1]
    assert engine.find(ann, work, secret) == [1, 2]
    assert engine.find(bob, INBOX, secret) == [1]


def test_find_in_many(engine: Engine) -> None:
    """A search over more letters than a slice finds first and last."""
    account = engine.account()
    letters = [letter("needle" if n % 400 == 0 else "hay").appended() for n in range(1201)]
    engine.one(Append(account, INBOX, tuple(letters)))
    needle = Condition("subject_text", "contains", "eedl")

    assert engine.find(account, INBOX, needle) == [1, 401, 801, 1201]
