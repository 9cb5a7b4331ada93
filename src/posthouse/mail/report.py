"""Delivery reports: the letter that says what became of a letter. RFC 3464, 6522, 6533, 3834

Pure: facts in, octets out. Nothing of the other side gets in but as one printable line.
"""

from dataclasses import dataclass
from typing import Final

DIAGNOSTIC_CHARACTERS_MAX: Final = 900
"""A line has at most 998 octets. RFC 5322 2.1.1"""
RECIPIENTS_SHOWN_MAX: Final = 50
"""In the part for people; the part for programs has all."""

SUBJECTS: Final = {
    "failed": "Your letter could not be delivered",
    "delayed": "Your letter is delayed",
    "relayed": "Your letter was passed on",
    "delivered": "Your letter was delivered",
}
FIRST_WORDS: Final = {
    "failed": "Your letter could not be delivered to these recipients. It will not be tried again.",
    "delayed": "Your letter has not reached these recipients yet. It will be tried further; you"
    " need not do anything.",
    "relayed": "Your letter was passed on to a host that does not report deliveries.",
    "delivered": "Your letter was delivered.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedRecipient:
    """One recipient. Addresses as people and programs read them, not xtext."""

    address: str
    action: str
    """failed, delayed, relayed, delivered. RFC 3464 2.3.3"""
    status: str
    """RFC 3463."""
    said: str
    """The whole answer, as "550 5.1.1 no such user"."""
    original: str = ""
    """ "rfc822;bob@example.net": what the sender had written. RFC 3464 2.3.1"""
    host: str = ""
    """Who gave the answer; "": this host itself."""
    tries_until: str = ""
    """A date-time: of a delay, when we will give up. RFC 3464 2.3.9"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report about one letter."""

    hostname: str
    to: str
    recipients: tuple[ReportedRecipient, ...]
    letter: str
    """The id under which this house knows the letter."""
    arrived: str
    """date-time"""
    date: str
    """date-time of the report"""
    message_id: str
    envelope_id: str = ""
    """Not xtext. RFC 3464 2.2.1"""
    original: bytes = b""
    """The header of the letter, or all of it."""
    is_whole: bool = False


def write_report(report: Report) -> bytes:
    """The letter, CRLF ended."""
    worst = report.recipients[0].action
    is_utf8 = not all(
        text.isascii()
        for recipient in report.recipients
        for text in (recipient.address, recipient.original)
    )
    boundary = f"report-{report.message_id.partition('@')[0]}"
    kind = "global-delivery-status" if is_utf8 else "delivery-status"
    header = (
        f"From: Mail Delivery System <mailer-daemon@{report.hostname}>\r\n"
        f"To: <{report.to}>\r\n"
        f"Subject: {SUBJECTS[worst]}\r\n"
        f"Date: {report.date}\r\n"
        f"Message-ID: <{report.message_id}>\r\n"
        "Auto-Submitted: auto-replied\r\n"  # RFC 3834 5
        "MIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status;\r\n"
        f'\tboundary="{boundary}"\r\n'
        "\r\n"
    )
    parts = [
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n" + _for_people(report, worst),
        f"Content-Type: message/{kind}\r\n"
        + ("Content-Transfer-Encoding: 8bit\r\n" if is_utf8 else "")
        + "\r\n"
        + _for_programs(report, is_utf8=is_utf8),
    ]
    text = header + "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    return (
        text.encode("utf-8", "replace")
        + f"--{boundary}\r\n".encode()
        + _original(report)
        + f"\r\n--{boundary}--\r\n".encode()
    )


def xtext_decoded(text: str) -> str:
    """What xtext stands for. RFC 3461 4; raw UTF-8 stays (RFC 6533 3)"""
    pieces = text.split("+")
    found = [pieces[0].encode()]
    for piece in pieces[1:]:
        try:
            found.append(bytes.fromhex(piece[:2]) + piece[2:].encode())
        except ValueError:
            found.append(b"+" + piece.encode())
    return one_line(b"".join(found).decode("utf-8", "replace"))


def one_line(text: str, most: int = DIAGNOSTIC_CHARACTERS_MAX) -> str:
    """Printable, without line ends, not too long."""
    return "".join(c if c.isprintable() else " " for c in text[:most]).strip()


def _for_people(report: Report, worst: str) -> str:
    lines = [FIRST_WORDS[worst], ""]
    for recipient in report.recipients[:RECIPIENTS_SHOWN_MAX]:
        lines.append(f"  <{one_line(recipient.address)}>")
        by = f"{one_line(recipient.host)} said: " if recipient.host else ""
        lines.append(f"    {by}{one_line(recipient.said)}")
        if recipient.tries_until:
            lines.append(f"    It will be tried until {recipient.tries_until}.")
    more = len(report.recipients) - RECIPIENTS_SHOWN_MAX
    if more > 0:
        lines.append(f"  and {more} more.")
    whole = "The letter" if report.is_whole else "The beginning of the letter"
    lines += [
        "",
        f"{whole} is attached. This host knows it as {report.letter}.",
        f"This report was written by {report.hostname}; nobody reads answers to it.",
        "",
    ]
    return "\r\n".join(lines)


def _for_programs(report: Report, *, is_utf8: bool) -> str:
    lines = [f"Reporting-MTA: dns; {report.hostname}"]
    if report.envelope_id:
        lines.append(f"Original-Envelope-Id: {one_line(report.envelope_id)}")
    lines += [f"Arrival-Date: {report.arrived}", f"X-Letter: {report.letter}", ""]
    for recipient in report.recipients:
        if recipient.original:
            kind, _, address = recipient.original.partition(";")
            lines.append(f"Original-Recipient: {one_line(kind)}; {one_line(address)}")
        # RFC 6533 3: a type of its own for addresses with UTF-8
        kind = "rfc822" if recipient.address.isascii() or not is_utf8 else "utf-8"
        lines += [
            f"Final-Recipient: {kind}; {one_line(recipient.address)}",
            f"Action: {recipient.action}",
            f"Status: {recipient.status}",
        ]
        if recipient.host:
            lines.append(f"Remote-MTA: dns; {one_line(recipient.host)}")
            said = one_line(recipient.said)
            if not is_utf8:
                said = said.encode("ascii", "replace").decode("ascii")
            lines.append(f"Diagnostic-Code: smtp; {said}")
        if recipient.tries_until:
            lines.append(f"Will-Retry-Until: {recipient.tries_until}")
        lines += [f"Last-Attempt-Date: {report.date}", ""]
    return "\r\n".join(lines)


def _original(report: Report) -> bytes:
    """The letter itself, or its header. RFC 6522 4, RFC 6533 5"""
    octets = report.original
    is_ascii = octets.isascii()
    if report.is_whole:
        kind = "message/rfc822" if is_ascii else "message/global"
    else:
        kind = "text/rfc822-headers" if is_ascii else "message/global-headers"
    encoding = "7bit" if is_ascii else "8bit"
    head = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + octets
