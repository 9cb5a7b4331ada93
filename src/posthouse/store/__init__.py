"""What is kept: one contract, several engines. Writes are values (`values.py`), reads are
`contract.py`.

No SQL and no notion of an engine leaves its own folder. Begin with `contract.py`, then
`docs/how-durability-works.md`.
"""
