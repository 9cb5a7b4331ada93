"""The real doors over TLS, from outside: STARTTLS and implicit; LMTP on its socket."""

import imaplib
import poplib
import smtplib
import ssl
from pathlib import Path

from app_house import REAL, Running

CONFIG = """\
workers = 1
[listen]
smtp = ["127.0.0.1:0"]
imap = ["127.0.0.1:0"]
imaps = ["127.0.0.1:0"]
submission = ["127.0.0.1:0"]
submissions = ["127.0.0.1:0"]
lmtp = ["unix:lmtp.sock"]
pop3 = ["127.0.0.1:0"]
pop3s = ["127.0.0.1:0"]
http = []
"""


def test_all_protocols_in_both_ways(tmp_path: Path) -> None:
    """The certificate made at first start is for localhost, and all doors speak TLS with it."""
    with Running(tmp_path, CONFIG, REAL) as house:
        house.ready()
        trust = ssl.create_default_context(cafile=house.data / "certificate.pem")
        with smtplib.SMTP("localhost", house.port("smtp"), timeout=20) as smtp:
            assert smtp.starttls(context=trust)[0] == 220
            assert smtp.ehlo("me.example.org")[0] == 250
            assert "starttls" not in smtp.esmtp_features
            assert smtp.docmd("NOOP")[0] == 250
        with imaplib.IMAP4("localhost", house.port("imap"), timeout=20) as imap:
            assert imap.starttls(trust)[0] == "OK"
            assert imap.noop()[0] == "OK"
        with imaplib.IMAP4_SSL("localhost", house.port("imaps"), ssl_context=trust) as imaps:
            assert imaps.noop()[0] == "OK"
        with smtplib.SMTP("localhost", house.port("submission"), timeout=20) as mail:
            assert mail.starttls(context=trust)[0] == 220
            mail.ehlo("me.example.org")
            assert mail.esmtp_features["auth"].split()[0] == "SCRAM-SHA-256"
            assert mail.docmd("MAIL FROM:<>")[0] == 530
        with smtplib.SMTP_SSL(
            "localhost", house.port("submissions"), timeout=20, context=trust
        ) as mail:
            assert mail.noop()[0] == 250
        with smtplib.LMTP(str(house.data / "lmtp.sock")) as lmtp:
            assert lmtp.docmd("LHLO me")[0] == 250
        pop3 = poplib.POP3("localhost", house.port("pop3"), timeout=20)
        pop3.stls(trust)
        pop3.quit()
        poplib.POP3_SSL("localhost", house.port("pop3s"), timeout=20, context=trust).quit()
        assert house.status()["totals"]["tls_handshakes_total"] == 7
        assert house.status()["totals"]["faults_total"] == 0
