"""POP3 as it is spoken: `server.py` reads commands, `drop.py` numbers the letters, `letter.py`
sends one. Octets in, questions out; answers in, octets out. RFC 1939, 2449, 2595, 5034, 6856.
"""
