"""Addresses of envelopes and of the directory: local part and domain, in one normal form.

Strict, unlike `mailboxes.py` which reads what stands in letters: an `Address` can be delivered to.
Raises ValueError, with a text that says what was found and what is allowed, and nothing else.
RFC 5321 4.1.2, RFC 6531 3.3, RFC 5890.
"""

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

ADDRESS_LENGTH_MAX: Final = 1000
"""Characters looked at; no address that fits the limits below has so many."""
LOCAL_OCTETS_MAX: Final = 64
"""RFC 5321 4.5.3.1.1, counted in UTF-8 (RFC 6531 3.3)."""
DOMAIN_OCTETS_MAX: Final = 253
"""RFC 1035 2.3.4, without the final dot, in the form that DNS sees."""
LABEL_OCTETS_MAX: Final = 63

# The form of nearly all addresses: atext and dots, an ASCII host name.
_PLAIN: Final = re.compile(r"([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64})@([A-Za-z0-9._-]+)")
_ATOM: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+")
_DOT_STRING: Final = re.compile(rf"{_ATOM.pattern}(?:\.{_ATOM.pattern})*")
# Dots at any place are read without quotes (old Japanese mobile addresses) and written with them.
_LOOSE_DOT_STRING: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\x80-\U0010ffff-]+")
_QUOTED: Final = re.compile(r'"((?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*)"')
_ESCAPE: Final = re.compile(r"\\(.)")
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?")
# Controls, white space, marks that turn the direction of text, and what is no character. Joiners
# stay: scripts of India need them.
_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\xa0\u1680\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f\u2066-\u2069\u3000"
    "\ufeff\ufffe\uffff\ud800-\udfff]"
)


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox. Equal only when written alike; compare `key` to ask whether it is the same."""

    local: str
    """Without quotes and escapes, in NFC, case as written."""
    domain: str
    """A-labels in lower case, or an address literal with its brackets."""

    @property
    def text(self) -> str:
        """The address as it is sent, without brackets."""
        return f"{quote_local(self.local)}@{self.domain}"

    def __str__(self) -> str:
        return self.unicode

    @property
    def unicode(self) -> str:
        """The address for people, the domain in U-labels."""
        return f"{quote_local(self.local)}@{domain_to_unicode(self.domain)}"

    @property
    def key(self) -> str:
        """The same for all ways to write this mailbox here: case folded. RFC 5321 2.4 lets us."""
        return f"{fold_local(self.local)}@{self.domain}"

    @property
    def is_ascii(self) -> bool:
        """Whether it can be sent without SMTPUTF8."""
        return self.local.isascii()

    @property
    def is_literal(self) -> bool:
        """Whether the domain is an IP address in brackets."""
        return self.domain.startswith("[")


def parse_address(text: str) -> Address:
    """Reads local@domain, without brackets around it. Raises ValueError."""
    match = _PLAIN.fullmatch(text)
    if match is not None and len(match[2]) <= DOMAIN_OCTETS_MAX:
        return Address(match[1], normal_domain(match[2]))
    if len(text) > ADDRESS_LENGTH_MAX:
        raise ValueError(f"an address has at most 318 octets, found {len(text)} characters")
    if text.startswith('"'):
        quoted = _QUOTED.match(text)
        if quoted is None:
            raise ValueError(f"a quoted local part ends with a quote, found {_shown(text)}")
        local = unicodedata.normalize("NFC", _ESCAPE.sub(r"\1", quoted[1]))
        rest = text[quoted.end() :]
        if not rest.startswith("@"):
            raise ValueError(
                f'expected "@domain" after the quoted local part, found {_shown(rest)}'
            )
        domain = rest[1:]
    else:
        local, sign, domain = text.rpartition("@")
        if not sign:
            raise ValueError(f"an address is local@domain, found {_shown(text)}")
        local = _plain_local(local)
    _check_local(local)
    return Address(local, normal_domain(domain))


def _plain_local(local: str) -> str:
    if not local:
        raise ValueError("an address has a local part before the @, found nothing")
    if not _LOOSE_DOT_STRING.fullmatch(local):
        raise ValueError(
            f"a local part without quotes has letters, digits, dots and !#$%&'*+/=?^_`{{|}}~-, "
            f"found {_shown(local)}"
        )
    return unicodedata.normalize("NFC", local)


def _check_local(local: str) -> None:
    if _UNSEEN.search(local):
        raise ValueError(f"a local part has visible characters only, found {_shown(local)}")
    octets = len(local.encode("utf-8"))
    if octets > LOCAL_OCTETS_MAX:
        raise ValueError(f"a local part has at most {LOCAL_OCTETS_MAX} octets, found {octets}")


def quote_local(local: str) -> str:
    """The local part as it is written in an address. RFC 5321 4.1.2"""
    if _DOT_STRING.fullmatch(local):
        return local
    return '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"'


def fold_local(local: str) -> str:
    """The local part without case, for comparing."""
    if local.isascii():
        return local.lower()
    folded = unicodedata.normalize("NFC", local).casefold()
    return unicodedata.normalize("NFC", folded)


def split_subaddress(local: str, separator: str = "+") -> tuple[str, str | None]:
    """The user and the detail of `user+detail`; None when there is no separator. RFC 5233

    A separator at the front belongs to the user. With no separator set ("") nothing is split.
    """
    at = local.find(separator, 1) if separator else -1
    if at < 0:
        return local, None
    return local[:at], local[at + len(separator) :]


# ---- domains


@lru_cache(maxsize=4096)
def normal_domain(text: str) -> str:
    """A domain in the form we compare and send: A-labels in lower case. Raises ValueError."""
    if text.startswith("["):
        return _literal(text)
    if not text:
        raise ValueError("an address has a domain after the @, found nothing")
    if len(text) > DOMAIN_OCTETS_MAX + 1:
        raise ValueError(f"a domain has at most {DOMAIN_OCTETS_MAX} octets, found {len(text)}")
    name = text.lower() if text.isascii() else _to_ascii(text)
    name = name.removesuffix(".")
    if len(name) > DOMAIN_OCTETS_MAX:
        raise ValueError(f"a domain has at most {DOMAIN_OCTETS_MAX} octets, found {len(name)}")
    for label in name.split("."):
        if not label:
            raise ValueError(f"a domain has no empty label, found {_shown(text)}")
        if len(label) > LABEL_OCTETS_MAX:
            raise ValueError(f"a label has at most {LABEL_OCTETS_MAX} octets, found {len(label)}")
        # The underscore is no host name's, and some are in use all the same.
        if not _LABEL.fullmatch(label):
            raise ValueError(
                f"a label has letters, digits and inner hyphens, found {_shown(label)}"
            )
    if label.isdigit():
        raise ValueError(f"an IP address stands in brackets, as [192.0.2.1], found {_shown(text)}")
    return name


def _to_ascii(text: str) -> str:
    """U-labels to A-labels: UTS 46 mapping, non-transitional, IDNA 2008. RFC 5891"""
    import idna  # half a megabyte of tables, needed by few

    try:
        return idna.encode(text, uts46=True, transitional=False).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as error:
        why = str(error).encode("ascii", "backslashreplace").decode("ascii")
        raise ValueError(
            f"a domain has labels allowed by IDNA 2008, found {_shown(text)}: {why[:200]}"
        ) from error


@lru_cache(maxsize=1024)
def domain_to_unicode(domain: str) -> str:
    """A domain for people: U-labels where they are valid, else as it is. Never raises."""
    if "xn--" not in domain or len(domain) > DOMAIN_OCTETS_MAX:
        return domain
    import idna

    labels = []
    for label in domain.split("."):
        if label.startswith("xn--"):
            with suppress(idna.IDNAError, UnicodeError):
                label = idna.decode(label)
        labels.append(label)
    return ".".join(labels)


def _literal(text: str) -> str:
    """An address literal in its shortest form. RFC 5321 4.1.3"""
    if not text.endswith("]"):
        raise ValueError(f"an address literal ends with ], found {_shown(text)}")
    from ipaddress import IPv4Address, IPv6Address  # slow to load, needed by few

    inner = text[1:-1]
    try:
        if inner[:5].lower() == "ipv6:" and "%" not in inner:
            return f"[IPv6:{IPv6Address(inner[5:]).compressed}]"
        return f"[{IPv4Address(inner)}]"
    except ValueError as error:
        raise ValueError(
            f"an address literal is [192.0.2.1] or [IPv6:2001:db8::1], found {_shown(text)}"
        ) from error


def _shown(text: str) -> str:
    """What was found, safe for a log line and not too long."""
    return ascii(text[:40])
