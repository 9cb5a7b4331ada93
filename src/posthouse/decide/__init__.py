"""Third station: may this sender, this recipient, this letter in? Rules are pure, in the order of
the config.

A question goes in, None or a `Refusal` comes out. RFC 5321 3.3, 3.6, 7.
"""
