"""The command `posthouse`, one file a subcommand, imported only when it is called.

Words from the shell go in; text or JSON and an exit code of sysexits.h come out. Begin with
`main.py`.
"""
