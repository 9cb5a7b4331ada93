"""Hypothesis without deadlines: tests of linear time measure processor time themselves."""

from hypothesis import settings

settings.register_profile("mail", deadline=None)
settings.load_profile("mail")
