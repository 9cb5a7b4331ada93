"""Joins the parts: configuration, processes, reload, drain. The only place that knows every folder.

Begin with `serve.py` (processes) and `build.py` (one worker, put together).
"""
