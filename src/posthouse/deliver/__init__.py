"""Fifth station: into mailboxes; later to other hosts, programs and back as bounces.

An accepted letter goes in, placements come out. RFC 5321 4.4, 5228.
"""
