"""The letter itself: addresses, header fields, MIME structure, text. Pure: octets in, values out.

Begin with `render.py`, which computes once what is kept of a letter; it stands on `header.py` and
`structure.py`. `address.py` has the addresses of envelopes and of the directory, `mailboxes.py`
reads those in header fields. RFC 5322, 2045-2049, 2047, 2231, 5256, 6531, 6532.
"""
