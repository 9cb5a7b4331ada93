"""The POP3 station: one INBOX for one session at a time. Begin with `session.py`. RFC 1939."""
