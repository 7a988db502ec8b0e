# SPDX-License-Identifier: GPL-3.0-or-later
"""The door of the command line: `neuralboard COMMAND ...`.

Each folder owns its commands; here is only the table of them. The one that is called is loaded,
the others are names with a line of help, so that `neuralboard process` never waits for torch.

Exit codes: 0 done, 1 an input failed, 2 wrong usage, 130 interrupted. Never a traceback, unless
NEURALBOARD_TRACEBACK=1 asks for one.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from neuralboard.early_stop import STOPPED, end_watch

__all__ = ["COMMANDS", "main"]


class Command(NamedTuple):
    """Where a command is, its line in the help, the extra of pip that it needs."""

    target: str
    help: str
    extra: str = ""


COMMANDS: dict[str, Command] = {
    "process": Command("neuralboard.cli:process", "Run audio files through a chain of boxes."),
    "meter": Command("neuralboard.cli_meter:meter", "Tell the loudness and peaks of files."),
    "batch": Command(
        "neuralboard.cli_batch:batch", "Run folders of audio files through a chain of boxes."
    ),
    "separate": Command(
        "neuralboard.cli_separate:separate", "Part a recording into stems, one file each."
    ),
    "mix": Command("neuralboard.mixing.cli:mix", "Render a mix file: tracks, buses, loudness."),
    "mix-init": Command(
        "neuralboard.mixing.cli:mix_init", "Write a first mix file for a folder of stems."
    ),
    "live": Command(
        "neuralboard.cli_live:live", "Play a microphone through a chain of boxes, live.", "live"
    ),
    "boxes": Command("neuralboard.cli_boxes:boxes", "List all boxes, or one with its parameters."),
    "check": Command("neuralboard.cli_check:check", "Test a box against the contract."),
    "models": Command("neuralboard.effects.cli:models", "List the models that are shipped."),
    "inspect": Command("neuralboard.effects.cli:inspect", "Show what is in a model file."),
    "bench": Command(
        "neuralboard.benchmarks.cli:bench", "Measure quality and speed, against others.", "bench"
    ),
    "train": Command("neuralboard.training.cli:train", "Train a model from a recipe.", "train"),
    "export": Command("neuralboard.training.cli:export", "Write a model file.", "train"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        from neuralboard import console
    except ModuleNotFoundError as error:  # typer or rich
        print(f"error: the command line needs {error.name}: pip install {error.name}",
              file=sys.stderr)  # fmt: skip
        return 2
    console.show_warnings_as_lines()
    try:
        with _signals_as_exits():
            code = _run(words)
            sys.stdout.flush()
    except console.UsageError as error:
        console.say(f"error: {console.one_line(error)}", "red")
        code = console.WRONG_USAGE
    except KeyboardInterrupt:
        console.say(STOPPED)
        code = console.INTERRUPTED
    except BrokenPipeError:
        _point_standard_output_nowhere()
        code = console.FAILED
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else console.FAILED
    except Exception as error:
        if os.environ.get("NEURALBOARD_TRACEBACK") == "1":
            raise
        console.say(f"error: {console.one_line(error)}", "red")
        code = console.FAILED
    return code


def _run(words: list[str]) -> int:
    import typer

    from neuralboard import console

    wanted = _wanted(words)
    app = _app(wanted)
    end_watch()
    try:
        result = typer.main.get_command(app)(
            args=words or ["--help"], prog_name="neuralboard", standalone_mode=False
        )
    except typer.Abort:
        raise KeyboardInterrupt from None
    except Exception as error:
        # Typer's own usage errors, in whatever module its version keeps them.
        message = getattr(error, "format_message", None)
        if not callable(message):
            raise
        raise console.UsageError(f"{message()} (see neuralboard {_help_of(wanted)})") from None
    if result == console.INTERRUPTED:  # what Typer makes of Ctrl-C, without a word
        raise KeyboardInterrupt
    return result if isinstance(result, int) else console.DONE


def _help_of(wanted: str | None) -> str:
    return f"{wanted} --help" if wanted in COMMANDS else "--help"


def _wanted(words: list[str]) -> str | None:
    """Return the command that is called, or that the shell wants to complete."""
    completing = os.environ.get("_TYPER_COMPLETE_ARGS") or os.environ.get("COMP_WORDS")
    if completing and os.environ.get("_NEURALBOARD_COMPLETE"):
        return next(iter(completing.split()[1:]), None)
    name = next((word for word in words if not word.startswith("-")), None)
    if name is None or name in COMMANDS or words[0].startswith("-"):
        return name
    from neuralboard.console import UsageError
    from neuralboard.errors import did_you_mean

    raise UsageError(
        f"there is no command '{name}'{did_you_mean(name, COMMANDS)};"
        f" there are {', '.join(COMMANDS)}"
    )


def _app(wanted: str | None) -> Any:
    import typer

    from neuralboard.console import load_target

    app = typer.Typer(pretty_exceptions_enable=False)

    def options(
        version: bool = typer.Option(
            False, "--version", help="Say which version this is.", is_eager=True,
            callback=_print_version,
        ),
    ) -> None:  # fmt: skip
        """Neural and classic audio effects that behave like pedals."""

    app.callback()(options)
    for name, command in COMMANDS.items():
        function = load_target(command.target, command.extra) if name == wanted else _stub()
        if isinstance(function, typer.Typer):
            app.add_typer(function, name=name, help=command.help)
        else:
            app.command(name, help=None if name == wanted else command.help)(function)
    return app


def _stub() -> Callable[[], None]:
    def stand_in() -> None:
        """Stand in for a command that is not called."""

    return stand_in


def _print_version(asked: bool) -> None:
    if asked:
        import typer

        import neuralboard

        print(f"neuralboard {neuralboard.__version__}")
        raise typer.Exit


@contextmanager
def _signals_as_exits() -> Iterator[None]:
    """Let a kill clean up as Ctrl-C does: no half-written file stays."""
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        numbers = []  # Python takes signals in the main thread only

    def leave(number: int, _: Any) -> None:
        raise SystemExit(128 + number)

    before = [(number, signal.signal(number, leave)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _point_standard_output_nowhere() -> None:
    """Keep Python from writing to the broken pipe once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
