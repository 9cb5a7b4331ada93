"""The embedded engine: one file, one writing process (`scribe.py`), readers in every worker.

Values come in over a socket, results and notices of change go out. Begin with `scribe.py`.
"""
