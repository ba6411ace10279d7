"""The command line: one typer app whose commands read flags, call the floors below and print what came out.

    toolgemma quickstart | run | prepare | lint | show | train | evaluate | compare | report | mirrors | info | doctor |
        plan

A `ToolgemmaError` is printed as one message and exits with 2; `lint` exits with 1 where the data has errors, `doctor`
where a config can't run; an interruption exits with 130 (Ctrl-C) or 143 (SIGTERM). Anything else is our bug and keeps
its traceback. Heavy libraries are imported by the command that needs them, so that `--help` answers at once.
"""

import errno
import sys

import typer

from toolgemma.cli import commands, mirrors, options
from toolgemma.cli.doctor import doctor
from toolgemma.cli.plan import plan
from toolgemma.errors import ToolgemmaError

app = typer.Typer(
    name="toolgemma",
    help="Fine-tune Gemma 3 1B to call tools, and prove honestly that it got better.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for command in (
    commands.quickstart,
    commands.run,
    commands.prepare,
    commands.lint,
    commands.show,
    commands.train,
    commands.evaluate,
    commands.compare,
    commands.report,
    mirrors.mirrors,
    commands.info,
    doctor,
    plan,
):
    app.command()(command)


def main(command: str | None = None) -> None:
    """Run the command line; `command` puts a command's name before the arguments, as the scripts do."""
    options.print_what_the_terminal_lacks()
    arguments = sys.argv[1:] if command is None else [command, *sys.argv[1:]]
    try:
        app(args=arguments, prog_name="toolgemma")
    except ToolgemmaError as error:
        options.print_error(str(error))
        raise SystemExit(2) from None
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        options.print_error(f"no space left on the disk ({error.filename or 'unknown file'}); free some and run again")
        raise SystemExit(2) from None
