"""The grammar of commands: one pattern a command, its pieces named as in RFC 5321's ABNF.

All patterns are linear and match from behind the verb. Tolerated beyond the RFC: one space after
the colon (4.1.1.2 forbids it, old clients send it) and spaces at the end (4.1.1). Source routes are
taken and dropped (appendix C).
"""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

# RFC 5321 4.1.2, 4.1.3; octets above 127 are UTF8-non-ascii (RFC 6531 3.3) and are checked as UTF-8
# afterwards.
ATEXT: Final = rb"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\xff-]"
DOT_STRING: Final = ATEXT + rb"+(?:\." + ATEXT + rb"+)*"
QUOTED_STRING: Final = rb'"(?:[ !#-\[\]-~\x80-\xff]|\\[ -~])*"'
SUB_DOMAIN: Final = rb"[A-Za-z0-9\x80-\xff]+(?:-+[A-Za-z0-9\x80-\xff]+)*"
DOMAIN: Final = SUB_DOMAIN + rb"(?:\." + SUB_DOMAIN + rb")*"
ADDRESS_LITERAL: Final = rb"\[[0-9A-Za-z:.-]+\]"
MAILBOX: Final = rb"(?:%b|%b)@(?:%b|%b)" % (DOT_STRING, QUOTED_STRING, DOMAIN, ADDRESS_LITERAL)
A_D_L: Final = rb"@%b(?:,@%b)*:" % (DOMAIN, DOMAIN)
PARAMETERS: Final = rb"((?: +[!-~\x80-\xff]+)*) *\Z"

HELLO: Final = re.compile(rb" +([!-~]{1,255}) *\Z")
# RFC 5321 4.1.1.1 wants a Domain or address literal; names with underscores are everywhere and the
# name proves nothing (4.1.4), so any one printable word is taken and the house may look closer.
MAIL: Final = re.compile(rb"(?i: FROM:) ?(<(?:(?:%b)?(%b))?>)%b" % (A_D_L, MAILBOX, PARAMETERS))
RCPT: Final = re.compile(
    rb"(?i: TO:) ?(<(?:(?:%b)?(%b)|((?i:Postmaster)))>)%b" % (A_D_L, MAILBOX, PARAMETERS)
)
BDAT: Final = re.compile(rb" +([0-9]{1,20})(?: +((?i:LAST)))? *\Z")
AUTH: Final = re.compile(rb" +([A-Za-z0-9_-]{1,20})(?: +(=|[A-Za-z0-9+/]+={0,2}))? *\Z")
BASE64: Final = re.compile(  # RFC 4648 4, with the padding it wants and no more
    rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\Z"
)
ONE_STRING: Final = re.compile(rb"(?: [ -~\x80-\xff]*)?\Z")

MAIL_START: Final = re.compile(rb"(?i: FROM:)")
RCPT_START: Final = re.compile(rb"(?i: TO:)")
CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f]")

XTEXT: Final = re.compile(rb"(?:[!-*,-<>-~]|\+[0-9A-F]{2})+\Z")  # RFC 3461 4
ORCPT: Final = re.compile(rb"[A-Za-z0-9-]+;(?:[!-*,-<>-~]|\+[0-9A-F]{2})+\Z")  # RFC 3461 4.2
ORCPT_UTF8: Final = re.compile(rb"(?i:utf-8);[!-*,-<>-~\x80-\xff]+\Z")  # RFC 6533 3
SIZE: Final = re.compile(rb"[0-9]{1,20}\Z")  # RFC 1870 3


def literal_is_address(mailbox: bytes) -> bool:
    """Whether the address literal of the mailbox is an address. RFC 5321 4.1.3

    IPv6 is the only tag that was ever registered; others are refused.
    """
    literal = mailbox[mailbox.rindex(b"[") + 1 : -1].decode("ascii")
    try:
        if literal[:5].upper() == "IPV6:":
            IPv6Address(literal[5:])
        else:
            IPv4Address(literal)
    except AddressValueError:
        return False
    return True


def is_utf8(octets: bytes) -> bool:
    """RFC 3629; without overlong forms and surrogates."""
    try:
        octets.decode()
    except UnicodeDecodeError:
        return False
    return True
