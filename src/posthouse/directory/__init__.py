"""Who lives here: domains, accounts, aliases, credentials, and which residents an address means.

Addresses go in, residents come out, cached by the epoch of the store. RFC 5321 3.4, 5233.
"""
