"""What can be computed about a claim: SASL exchanges now; SPF, DKIM, DMARC, ARC, DANE later. Pure.

A claim and what we know go in, a verdict comes out. RFC 4422, 4616, 5802, 7677.
"""
