"""The command line: parse, call, print."""

from funnelsim.cli.commands import main

__all__ = ["main"]
