"""What is said on connections, one folder a protocol. Pure: octets in, questions out; answers in,
octets out.

No socket, clock, thread or database. `net.connection` drives every core here. RFC 5321, 3501,
9051, 1939.
"""
