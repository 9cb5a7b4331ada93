"""Sixth station, the owner side: mailboxes read and changed. IMAP now; POP3, JMAP, ManageSieve
later.

Commands come in from `wire`, answers go out from `store`. RFC 3501, 9051.
"""
