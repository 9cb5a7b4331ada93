"""IMAP as spoken: grammar, the server core, rendered answers, number sets. RFC 3501, 9051.

Octets come in by `receive`, parsed commands go out by `next_question`; begin with `server.py`.
"""
