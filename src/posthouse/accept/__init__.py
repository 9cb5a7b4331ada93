"""First station, the doors: SMTP, submission, LMTP; pickup and retrieval later.

A connection comes in, letters go to `queue.intake`. Begin with `smtp.py` and `letter_in.py`, which
all doors share. RFC 5321, 6409, 2033.
"""
