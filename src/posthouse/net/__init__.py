"""The hands on the network: listening sockets, connections, TLS, DNS, lines to other hosts.
The only folder with sockets of peers.

Drives the cores of `wire`; begin with `connection.py`. RFC 8446, 3207, 8314.
"""
