"""The command `rnnlab` and its exit codes.

0: success. 2: an error of the user, with one line on stderr. 1: an error of rnnlab, with a
traceback, or a failed check (`gradcheck`), with one line. 130: Ctrl-C.
"""

from __future__ import annotations

import io
import os
import select
import sys
from collections.abc import Sequence

import click

from rnnlab.cli.bench import bench
from rnnlab.cli.cells import cells
from rnnlab.cli.fit import fit
from rnnlab.cli.gradcheck import gradcheck
from rnnlab.cli.groups import Commands
from rnnlab.cli.output import say
from rnnlab.cli.plot import plot
from rnnlab.cli.predict import predict
from rnnlab.cli.report import report
from rnnlab.cli.run import run
from rnnlab.cli.status import status
from rnnlab.cli.tasks import tasks
from rnnlab.version import __version__

USER_ERROR = 2
INTERRUPTED = 130


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def commands() -> None:
    """Study recurrent cells: how far they remember, and how their gradients travel.

    \b
    rnnlab run copy-task        train the cells and compare their recall (minutes)
    rnnlab run gradient-flow    measure how far back gradients reach
    rnnlab fit DATA.csv         train cells on a table of your own; rnnlab predict uses them
    rnnlab cells show lstm      a cell's equations, derived backward step and parameters
    rnnlab tasks show adding    a task's settings, its chance level and a sample
    rnnlab COMMAND --help       all options of a command
    """  # noqa: D301  # \b makes click keep the line breaks below it


for command in (
    run,
    status,
    report,
    fit,
    predict,
    plot,
    cells,
    tasks,
    gradcheck,
    bench,
):
    commands.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Arguments of the process by default.

    Returns
    -------
    int
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(
            stream, io.TextIOWrapper
        ):  # labels may hold characters that the terminal cannot show
            stream.reconfigure(errors="backslashreplace")
    try:
        with commands.make_context("rnnlab", words) as context:
            commands.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.exceptions.NoArgsIsHelpError as no_command:
        say(no_command.format_message(), err=True)
        return USER_ERROR
    except click.ClickException as error:
        say(f"Error: {' '.join(error.format_message().split())}", err=True)
        return USER_ERROR
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        if not _reader_has_gone():
            raise
    return 0


def _reader_has_gone() -> bool:
    """Return whether stdout has no reader, as in `rnnlab cells | head -1`, and discard the rest."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)  # 0: errors only
    if not poll.poll(0):
        return False
    # else Python would print an error at exit, when it flushes stdout
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True
