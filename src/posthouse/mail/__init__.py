"""The letter itself: addresses, header fields, MIME structure, text. Pure: octets in, values out.

Begin with `header.py` and `structure.py`. RFC 5322, 2045-2049, 2047, 2231, 6531, 6532.
"""
