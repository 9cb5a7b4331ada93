"""Posthouse (驿站): the whole of e-mail in one program. Begin reading at
docs/the-way-of-a-letter.md."""
