"""[submission]: what our own people may send, and what is done with it first. RFC 6409"""

from dataclasses import dataclass
from typing import Final

from posthouse.base.settings import setting

WHOSE: Final = ("own", "received", "domain", "any")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionSettings:
    """[submission] - letters of our own people. RFC 6409"""

    envelope_sender: str = setting(
        "received",
        "Whose address MAIL may name: own (the account's, with subaddresses), received (each "
        "whose letters come to the account, aliases too), domain (any of a domain here), any.",
        choices=WHOSE,
    )
    header_sender: str = setting(
        "received",
        "The same for From and Sender in the letter. RFC 6409 6.1",
        choices=WHOSE,
    )
    on_behalf: bool = setting(
        False,
        "From may be anybody's where a Sender of the user says who wrote. RFC 5322 3.6.2",
    )
    resending: bool = setting(
        False,
        "From may be anybody's where a Resent-From of the user says who sends it again. "
        "RFC 5322 3.6.6",
    )
    null_sender: bool = setting(
        True, "The empty sender is allowed, as read receipts need it. RFC 8098 3"
    )
    body_line_octets_max: int = setting(
        998,
        "Longest line of a letter's text without its CRLF; longer ones are broken by others on "
        "the way. RFC 5322 2.1.1",
        least=998,
        most=1_000_000,
    )
    header_octets_max: int = setting(
        262_144, "Largest header of a letter.", least=4096, most=2 * 1024 * 1024
    )
    resolvable: str = setting(
        "no",
        "Whose domains must be found in the DNS: no, senders (MAIL, From, Sender, Reply-To) or "
        "all (recipients too).",
        choices=("no", "senders", "all"),
    )
    client_in_received: bool = setting(
        False, "Received tells the client's address and name; the log and the trace always do."
    )
    old_auth_line: bool = setting(
        True, "EHLO says AUTH=LOGIN too, for clients of before 1999 (Outlook Express, Netscape)."
    )
    failed_logins_max: int = setting(
        5, "Failed log-ins of one session; then it ends.", least=1, most=100
    )
    letters_per_hour_max: int = setting(
        1_000, "Letters of one account in an hour, counted in each worker; 0: no limit.", least=0
    )
    letters_per_day_max: int = setting(
        5_000, "Letters of one account in a day, counted in each worker; 0: no limit.", least=0
    )
    recipients_per_hour_max: int = setting(
        5_000, "Recipients of one account in an hour, counted in each worker; 0: none.", least=0
    )
    recipients_per_day_max: int = setting(
        20_000, "Recipients of one account in a day, counted in each worker; 0: none.", least=0
    )
