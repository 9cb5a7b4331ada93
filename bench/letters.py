"""The letters of the scans: the same ones for every server and every run, given their number."""

import base64
from random import Random

TEXT = """
the of mail server queue letter post house river mountain 邮件 服务器 投递 account invoice meeting
budget report delay train paper green stone answer question window winter summer garden
"""
WORDS = TEXT.split()


def letter(number: int, size: int, chance: Random) -> bytes:
    """A letter of about `size` octets; two of three are answers, one in 1,000 has the needle."""
    i = number
    subject = base64.b64encode(" ".join(chance.choices(WORDS, k=5)).encode()).decode()
    parent = f"<m{max(0, i - chance.randint(1, 20))}@bench.test>"
    clock = f"{i // 60 % 60:02}:{i % 60:02}"
    lines = [
        f"Received: from a.outside.test by mail.bench.test; Mon, 23 Nov 2026 10:{clock} +0000",
        f"From: Sender {i % 97} <s{i % 97}@outside.test>",
        "To: U0 <u0@bench.test>",
        f"Subject: {'Re: ' if i % 3 else ''}=?utf-8?B?{subject}?=",
        f"Date: Mon, {1 + i % 28} Nov 2026 {i // 3600 % 24:02}:{clock} +0000",
        f"Message-ID: <m{i}@bench.test>",
    ]
    if i % 3:
        lines += [f"In-Reply-To: {parent}", f"References: {parent}"]
    lines += [
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "\r\n",
    ]
    head = "\r\n".join(lines).encode()
    body: list[bytes] = []
    octets = len(head)
    while octets < size:
        line = (" ".join(chance.choices(WORDS, k=9)) + "\r\n").encode()
        body.append(line)
        octets += len(line)
    if i % 1000 == 7:
        body.append(b"needleinhaystack\r\n")
    return head + b"".join(body)
