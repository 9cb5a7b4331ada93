"""First station, the doors: SMTP now; submission, LMTP, pickup and retrieval later.

A connection comes in, letters go to `queue.intake`. RFC 5321.
"""
