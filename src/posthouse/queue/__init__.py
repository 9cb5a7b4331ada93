"""Fourth station: the promise made by 250. `intake.py` takes an accepted letter and makes it
durable, `runner.py` tries what waits for other hosts.

A letter goes in, an answer comes out after stable storage has it. RFC 5321 4.1.1.4, 4.5.4, 6.1.
"""
