"""Letters and names in Chinese, as programs of our days and of the nineties write them."""

import base64
from typing import Final

from outside.clients import Smtp
from outside.server import Server

DRAFTS: Final = "草稿"
"""A mailbox's name as people see it."""
DRAFTS_WIRE: Final = "&g0l6Pw-"
"""The same name in modified UTF-7, as IMAP4rev1 says it. RFC 3501 5.1.3"""
SUBJECT: Final = "会议通知"
BODY: Final = "明天下午三点开会，请准时。"
GB_SUBJECT: Final = "价格：€镕"
GB_BODY: Final = "㐀 是 GB18030 的四字节字，朱镕基的镕也是。"
"""Signs that GB 2312 lacks, one of four octets among them."""


def word(text: str, charset: str) -> bytes:
    """An encoded word. RFC 2047 2"""
    octets = base64.b64encode(text.encode(charset))
    return b"=?%b?B?%b?=" % (charset.encode(), octets)


def letter(subject: str, body: str, charset: str) -> bytes:
    """A letter whose body stands in 8-bit octets of this character set."""
    return (
        b"From: =?GB2312?B?wO7A1w==?= <lilei@example.net>\r\nTo: bob@example.org\r\n"
        b"Subject: " + word(subject, charset) + b"\r\n"
        b"Date: Tue, 24 Nov 2026 10:00:00 +0800\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=" + charset.encode() + b"\r\n"
        b"Content-Transfer-Encoding: 8bit\r\n\r\n" + body.encode(charset) + b"\r\n"
    )


UTF8_LETTER: Final = letter(SUBJECT, BODY, "utf-8")
GB_LETTER: Final = letter(GB_SUBJECT, GB_BODY, "gb18030")


GBK_SUBJECT: Final = "价格：镕"
GBK_BODY: Final = "朱镕基的镕不在 GB 2312 里，在 GBK 里。"
GBK_LETTER: Final = letter(GBK_SUBJECT, GBK_BODY, "gbk")
"""For programs from before GB 18030."""


def deliver_chinese(server: Server, address: str, second: bytes = GB_LETTER) -> None:
    """Two letters come: the first in UTF-8, the second in GB18030."""
    with Smtp(server.ports["smtp"]) as smtp:
        for octets in (UTF8_LETTER, second):
            assert smtp.deliver(octets, address) == 250
