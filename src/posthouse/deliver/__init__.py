"""Fifth station: into mailboxes, to other hosts, and back as bounces; programs later.

An accepted letter goes in; placements, conversations with other hosts and reports come out. Begin
with `local.py` and `remote.py`. RFC 5321 4.4, 5; 3464.
"""
