"""The IMAP station: what each command does to the store. Begin with `session.py`. RFC 3501."""
