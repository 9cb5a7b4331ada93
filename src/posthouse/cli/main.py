"""The command `posthouse`: finds the subcommand, imports only that one, turns what it raises into
words and a code.

This path imports neither asyncio nor msgspec nor rich, so that `--help` costs little more than an
empty interpreter.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from posthouse.cli import exits
from posthouse.cli.commands import COMMANDS, GROUPS

if TYPE_CHECKING:
    import argparse

USAGE = "usage: posthouse [--config FILE] COMMAND [...]"


def main(words: list[str] | None = None) -> int:
    """Runs one command; gives the exit code. Never a traceback for the user."""
    words = sys.argv[1:] if words is None else words
    try:
        return _run(words)
    except exits.Stop as stop:
        _say(f"posthouse: {stop.sentence}")
        if stop.hint:
            _say(f"hint: {stop.hint}")
        return stop.code
    except BrokenPipeError:
        # The reader of our output has gone; point stdout elsewhere so that the exit is quiet.
        sys.stdout = open("/dev/null", "w", encoding="utf-8")  # noqa: SIM115, PTH123
        return exits.OK
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - a user gets a sentence and a code, whatever it is
        _say(f"posthouse: a fault of ours: {type(error).__name__}: {error} ({_place(error)})")
        return exits.INTERNAL


def _run(words: list[str]) -> int:
    config, words = _take_config(words)
    if not words or words[0] in ("-h", "--help", "help"):
        if len(words) > 1 and words[0] == "help":
            return _run([words[1], "--help"])
        sys.stdout.write(help_text())
        return exits.OK if words else exits.USAGE
    if words[0] in ("-V", "--version", "version"):
        from posthouse.base.version import VERSION

        sys.stdout.write(f"posthouse {VERSION}\n")
        return exits.OK
    name, rest = words[0], words[1:]
    if name not in COMMANDS:
        raise exits.Stop(exits.USAGE, f"there is no command {name!r}", _near(name))
    module: Any = import_module(f"posthouse.cli.{COMMANDS[name].module}")
    parser = parser_of(name, module)
    arguments = parser.parse_args(rest)
    arguments.config = config
    code: int = module.run(arguments)
    return code


def parser_of(name: str, module: Any) -> "argparse.ArgumentParser":
    """The parser of a subcommand; wrong usage ends with 64, not argparse's 2."""
    import argparse

    class Parser(argparse.ArgumentParser):
        def __init__(self, *words: Any, **options: Any) -> None:  # also of each action
            super().__init__(*words, **{**options, "allow_abbrev": False})

        def error(self, message: str) -> Any:
            self.print_usage(sys.stderr)
            raise exits.Stop(exits.USAGE, message, f"{self.prog} --help")

    parser = Parser(
        prog=f"posthouse {name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    return parser


def help_text() -> str:
    """What `posthouse --help` prints, from the table alone."""
    lines = [USAGE, "", "Posthouse: the whole of e-mail in one program.", ""]
    for title, commands in GROUPS.items():
        lines.append(f"{title}:")
        lines += [f"  {name:<12}{command.summary}" for name, command in commands.items()]
        lines.append("")
    lines.append(
        "posthouse COMMAND --help explains a command; --config FILE names the configuration."
    )
    return "\n".join(lines) + "\n"


def _take_config(words: list[str]) -> tuple[str, list[str]]:
    """Takes --config out of the words, wherever it stands before a `--`."""
    config, rest = "", []
    i = 0
    while i < len(words):
        word = words[i]
        if word == "--":
            rest += words[i:]
            break
        if word == "--config":
            if i + 1 >= len(words):
                raise exits.Stop(
                    exits.USAGE, "--config wants a file", "--config /etc/posthouse/posthouse.toml"
                )
            config = words[i + 1]
            i += 1
        elif word.startswith("--config="):
            config = word.partition("=")[2]
        else:
            rest.append(word)
        i += 1
    return config, rest


def _place(error: Exception) -> str:
    """File and line of ours where it happened."""
    place, trace = "", error.__traceback__
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename
        if "posthouse" in path:
            place = f"{path.rpartition('posthouse/')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _near(name: str) -> str:
    import difflib

    close = difflib.get_close_matches(name, COMMANDS, 1)
    return f"did you mean {close[0]!r}?" if close else "posthouse --help lists the commands"


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
