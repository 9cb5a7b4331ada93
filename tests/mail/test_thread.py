import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.header import Header
from posthouse.mail.thread import (
    ID_OCTETS_MAX,
    REFERENCES_MAX,
    SUBJECT_LENGTH_MAX,
    base_subject,
    message_id,
    message_ids,
    references,
    thread_keys,
    thread_subject,
)


@pytest.mark.parametrize(
    ("subject", "base", "is_reply"),
    [
        ("", "", False),
        ("plan", "plan", False),
        ("  the \t plan ", "the plan", False),
        ("Re: plan", "plan", True),
        ("RE : plan", "plan", True),
        ("Re:", "", True),
        ("Fw: plan", "plan", True),
        ("Fwd: plan", "plan", True),
        ("Fwdx: plan", "Fwdx: plan", False),
        ("Reply: plan", "Reply: plan", False),
        ("re re: plan", "re re: plan", False),
        ("Re: Fwd: re:plan", "plan", True),
        ("Re[2]: plan", "plan", True),
        ("Re [2] : plan", "plan", True),
        ("[list] plan", "plan", False),
        ("[list] Re: plan", "plan", True),
        ("[a][b]  Re: plan", "plan", True),
        ("Re: [list] Re: plan", "plan", True),
        ("Re: [list] plan", "plan", True),
        ("[list]", "[list]", False),
        ("Re: [list]", "[list]", True),
        ("[a][b]", "[b]", False),
        ("[open plan", "[open plan", False),
        ("[a[b]] plan", "[a[b]] plan", False),
        ("plan (fwd)", "plan", True),
        ("plan (FWD) (fwd) ", "plan", True),
        ("plan(fwd)", "plan", True),
        ("plan (x)", "plan (x)", False),
        ("(fwd)", "", True),
        ("[fwd: plan]", "plan", True),
        ("[Fwd: Re: plan (fwd)]", "plan", True),
        ("Re: [fwd: [list] plan]", "plan", True),
        ("[fwd: plan] more", "more", False),
        ("[fwd: plan", "[fwd: plan", False),
        ("回复：计划", "回复：计划", False),
        ("Re: 计划", "计划", True),
    ],
)
def test_base_subject(subject: str, base: str, is_reply: bool) -> None:
    """The base subject is what RFC 5256 2.1 says."""
    assert base_subject(subject) == (base, is_reply)


@pytest.mark.parametrize(
    ("base", "subject"),
    [
        ("计划", "计划"),
        ("回复：计划", "计划"),
        ("回复: 转发：计划", "计划"),
        ("RE：计划", "计划"),
        ("答复: 计划", "计划"),
        ("回覆：計劃", "計劃"),
        ("轉寄: 計劃", "計劃"),
        ("AW: PLAN", "PLAN"),
        ("SV: AW[2]: PLAN", "PLAN"),
        ("TR : PLAN", "PLAN"),
        ("AWAY: PLAN", "AWAY: PLAN"),
        ("回复：", "回复："),
        ("回复的计划", "回复的计划"),
    ],
)
def test_thread_subject(base: str, subject: str) -> None:
    """A reply in another language stays in its thread."""
    assert thread_subject(base) == subject


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        (None, []),
        (b"", []),
        (b"no id", []),
        (b"<a@b>", ["a@b"]),
        (b"<a@b> <c@d>\t<e@f>", ["a@b", "c@d", "e@f"]),
        (b"<a@b><c@d>", ["a@b", "c@d"]),
        (b"Your letter of today <a@b> (x)", ["a@b"]),
        (b"<a @ b>", ["a@b"]),
        (b'<"a"@b>', ["a@b"]),
        (b'<"a\\"c"@b>', ['a"c@b']),
        (b"<no-at-sign>", ["no-at-sign"]),
        (b"<a@b", []),
        (b"<>", []),
        (b"<<a@b>>", ["a@b"]),
        ("<李@b>".encode(), ["李@b"]),
        (
            b"<" + b"x" * ID_OCTETS_MAX + b"> <" + b"y" * (ID_OCTETS_MAX + 1) + b">",
            ["x" * ID_OCTETS_MAX],
        ),
    ],
)
def test_message_ids(value: bytes | None, ids: list[str]) -> None:
    """Ids are what stands in brackets, quoting disregarded."""
    assert message_ids(value) == ids


def test_newest_references() -> None:
    """Of very many references the newest are kept."""
    value = b" ".join(b"<%d@a>" % n for n in range(REFERENCES_MAX + 5))
    found = message_ids(value)
    assert len(found) == REFERENCES_MAX
    assert found[-1] == f"{REFERENCES_MAX + 4}@a"


@pytest.mark.parametrize(
    ("header", "own", "earlier"),
    [
        (b"", "", ()),
        (b"Message-ID:\r\n", "", ()),
        (b"Message-ID: <a@b>\r\n", "a@b", ()),
        (b"Message-ID: a@b\r\n", "a@b", ()),
        (b"Message-ID: " + b"x" * 2000 + b"\r\n", "", ()),
        (b"Message-ID: <a@b>\r\nReferences: <c@d>\r\n <e@f> <c@d>\r\n", "a@b", ("c@d", "e@f")),
        (b"References: <c@d>\r\nIn-Reply-To: <x@y>\r\n", "", ("c@d",)),
        (b"References: none\r\nIn-Reply-To: <x@y> <z@z>\r\n", "", ("x@y",)),
    ],
)
def test_references(header: bytes, own: str, earlier: tuple[str, ...]) -> None:
    """References count; without any, the first id answered to. RFC 5256 3"""
    found = Header(header)
    assert message_id(found) == own
    assert references(found) == earlier


def test_thread_keys() -> None:
    """Letters of one thread share a key, those of another subject or id do not."""
    first = thread_keys("a@b", (), "PLAN")
    reply = thread_keys("c@d", ("a@b",), "PLAN")
    assert first[0] == reply[1]
    assert len(set(first + reply)) == 2
    assert thread_keys("a@b", (), "OTHER") != first
    # Kept in stores: the same for ever.
    assert first == (2170781042767079061,)
    assert thread_keys("李@b", (), "计划") == (4211649150397064956,)
    assert all(-(2**63) <= key < 2**63 for key in (*first, *reply))


@given(st.lists(st.sampled_from(["[", "]", "re", ":", "fwd", "(fwd)", " ", "a"]) | st.text()))
def test_base_subject_settles(pieces: list[str]) -> None:
    """A base subject is its own base subject, as far as it is looked at."""
    base, _ = base_subject("".join(pieces)[:SUBJECT_LENGTH_MAX])
    assert len(base) <= SUBJECT_LENGTH_MAX
    assert base_subject(base) in {(base, False), (base_subject(base)[0], True)}
    thread_subject(base)


@given(st.lists(st.sampled_from([b"<", b">", b"@", b'"', b"\\", b" "]) | st.binary()))
def test_ids_never_raise(pieces: list[bytes]) -> None:
    """Any octets have ids or none."""
    value = b"".join(pieces)
    header = Header(b"Message-Id: %b\r\nReferences: %b\r\n" % (value, value))
    thread_keys(message_id(header), references(header), "")


@pytest.mark.parametrize("unit", ["[a]", "re:", "[", "re ", "(fwd)", "[fwd:", "回复：", " "])
def test_linear(unit: str) -> None:
    """Whatever is repeated in a subject takes no long time."""
    begun = time.process_time()
    base_subject(unit * 50_000)
    thread_subject(unit * (SUBJECT_LENGTH_MAX // len(unit)))
    assert time.process_time() - begun < 0.5
