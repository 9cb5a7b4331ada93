"""Sixth station, the owner side: mailboxes read and changed. IMAP and POP3; JMAP and
ManageSieve later.

Commands come in from `wire`, answers go out from `store`. RFC 3501, 9051, 1939.
"""
