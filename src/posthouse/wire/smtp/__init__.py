"""SMTP as spoken: grammar, the server core and its replies. LMTP is a flag. RFC 5321, 2033.

Octets come in by `receive`, questions go out by `next_question`; begin with `server.py`.
"""
