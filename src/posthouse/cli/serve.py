"""Runs the servers in the foreground until SIGTERM or Ctrl-C.

  posthouse serve --config /etc/posthouse/posthouse.toml

SIGTERM and SIGINT drain and stop, SIGHUP reads configuration and certificates again. Prints one
line `posthouse ready` with the bound addresses when every listener accepts; events go to standard
error. Started as root it becomes the `user` of the configuration.
"""

import argparse

from posthouse.cli.house import read_config


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Only --config, which every command has."""


def run(arguments: argparse.Namespace) -> int:
    from posthouse.app.serve import serve

    return serve(read_config(arguments))
