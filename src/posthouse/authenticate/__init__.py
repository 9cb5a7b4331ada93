"""Second station: which host, which person. Passwords and SASL; slows down those who guess.

A claim goes in, a resident or a refusal comes out. RFC 4954, 3501 6.2, 5802.
"""
