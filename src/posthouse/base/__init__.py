"""The ground: clock, ids, settings, errors, log, metrics. The only users of time and of chance.

Nothing here knows mail. Every other folder may import this one; it imports none of them.
"""
