# SPDX-License-Identifier: GPL-3.0-or-later
"""`neuralboard bench …`: denoisers by quality, boxes by speed, chains, transforms, recordings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from neuralboard.console import DONE, FAILED, UsageError, progress_bar, say
from neuralboard.errors import NeuralboardError

__all__ = ["bench"]

bench = typer.Typer(no_args_is_help=True, help="Measure quality and speed, against others too.")

Out = Annotated[Path, typer.Option(metavar="DIR", help="Where the report goes.")]
Boxes = Annotated[str, typer.Option(metavar="CHAINS", help="Chain texts, split by ';'.")]
Peers = Annotated[bool, typer.Option("--peers", help="The packaged denoisers of others, too.")]
OnnxDir = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Public ONNX files of DTLN, GTCRN, UL-UNAS: as boxes."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")]
Jobs = Annotated[int, typer.Option(min=1, help="Processes.")]
Anchor = Annotated[
    str | None, typer.Option(metavar="BOX", help="Compared with; else the first of ours.")
]
NoSound = Annotated[bool, typer.Option("--no-sound", help="Pictures only: write no sound files.")]
Excerpts = Annotated[int, typer.Option(min=0, help="Recordings to listen to.")]

OURS = "denoiser(); wiener_denoiser(); spectral_subtraction(); spectral_gate()"


@bench.command()
def denoise(
    pairs: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="clean/ and noisy/, or a public set's folder."),
    ] = None,
    speech: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Clean speech to mix with --noise.")
    ] = None,
    noise: Annotated[Path | None, typer.Option(metavar="DIR", help="Noises.")] = None,
    rir: Annotated[Path | None, typer.Option(metavar="DIR", help="Room responses.")] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A folder with speech/test, noise/test, rir/test."),
    ] = None,
    boxes: Boxes = OURS,
    peers: Peers = False,
    onnx_dir: OnnxDir = None,
    anchor: Anchor = None,
    count: Annotated[int, typer.Option(min=1, help="Mixtures to make.")] = 72,
    seed: Annotated[int, typer.Option(help="Of the mixtures.")] = 15,
    excerpts: Excerpts = 3,
    no_sound: NoSound = False,
    jobs: Jobs = 2,
    quiet: Quiet = False,
    out: Out = Path("report"),
) -> int:
    """Judge denoisers by all metrics on pairs of clean and noisy recordings.

    Without recordings a small synthetic set is made, which decides nothing. Ctrl-C keeps finished
    rows; the same command goes on from there. Exit code 1 where an input or a box failed.
    """
    given = [value for value in (pairs, data, speech or noise) if value is not None]
    if len(given) > 1:
        raise UsageError("give one of --pairs, --data, or --speech with --noise")
    if (speech is None) != (noise is None) or (rir is not None and speech is None):
        raise UsageError("mixing needs both --speech and --noise (--rir only with them)")
    from neuralboard.benchmarks.contenders import NOISY, chosen
    from neuralboard.benchmarks.denoise_quality import Task

    texts = tuple(dict.fromkeys((NOISY, *chosen(boxes, peers, onnx_dir))))
    rooms = None if rir is None else str(rir)
    folders = None if speech is None else (str(speech), str(noise), rooms)
    task = Task(
        texts,
        pairs=None if pairs is None else str(pairs),
        data=None if data is None else str(data),
        folders=folders,
        count=count,
        seed=seed,
    )
    return _judge("denoise", task, out, anchor, excerpts, not no_sound, jobs, quiet)


@bench.command()
def mine(
    recordings: Annotated[
        list[Path], typer.Option("--input", metavar="FILE", help="A recording; may be repeated.")
    ],
    boxes: Boxes = OURS,
    peers: Peers = False,
    onnx_dir: OnnxDir = None,
    anchor: Anchor = None,
    excerpts: Excerpts = 8,
    no_sound: NoSound = False,
    jobs: Jobs = 1,
    quiet: Quiet = False,
    out: Out = Path("report"),
) -> int:
    """Judge denoisers on recordings of your own, without a reference: DNSMOS, and your ears."""
    from neuralboard.benchmarks.contenders import NOISY, chosen
    from neuralboard.benchmarks.denoise_quality import Task

    texts = tuple(dict.fromkeys((NOISY, *chosen(boxes, peers, onnx_dir))))
    task = Task(texts, recordings=tuple(str(path) for path in recordings))
    return _judge("mine", task, out, anchor, excerpts, not no_sound, jobs, quiet)


@bench.command()
def speed(
    boxes: Boxes = OURS,
    peers: Peers = False,
    onnx_dir: OnnxDir = None,
    anchor: Anchor = None,
    recording: Annotated[
        Path | None, typer.Option("--input", metavar="FILE", help="Sound; else the demo clip.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="How much of it.")] = 4.0,
    repetitions: Annotated[int, typer.Option(min=1, help="Runs of each box.")] = 15,
    blocks: Annotated[
        str, typer.Option(metavar="SIZES", help="Samples per block, split by commas.")
    ] = "64,128,256,512,1024",
    no_memory: Annotated[
        bool, typer.Option("--no-memory", help="Leave out loading and memory (fresh processes).")
    ] = False,
    quiet: Quiet = False,
    out: Out = Path("report"),
) -> int:
    """Measure time offline and in blocks, deadlines, latency, loading and memory of boxes."""
    from neuralboard.benchmarks import footprint, page, quality_report, results, speed_report
    from neuralboard.benchmarks import speed as timing
    from neuralboard.benchmarks.contenders import Contender, chosen

    _check_report(results, out)
    texts = chosen(boxes, peers, onnx_dir)
    chosen_anchor = quality_report.anchor_of(texts, anchor)
    audio, sizes = _sound(recording, seconds), _block_sizes(blocks)
    with progress_bar(f"{len(texts)} boxes", quiet=quiet) as moved:
        timings, rounds = timing.measure(
            texts,
            audio,
            anchor=chosen_anchor,
            sizes=sizes,
            repetitions=repetitions,
            moved=moved,
        )
    if all(each.failed for each in timings):
        raise NeuralboardError(f"no box could be measured: {timings[0].failed}")
    prints: dict[str, Any] = {}
    if not no_memory:
        with progress_bar("memory", quiet=quiet) as moved:
            for number, (text, each) in enumerate(zip(texts, timings, strict=True)):
                if not each.failed:
                    prints[Contender(text).label] = footprint.of_box(text)
                if moved is not None:
                    moved(number + 1, len(texts))
    part = speed_report.part_of(timings, prints, texts, chosen_anchor, rounds, repetitions, seconds)
    place = page.write(out, "speed", part)
    for line in speed_report.summary(part):
        print(line)
    say(f"report: {place}")
    return FAILED if any(each.failed for each in timings) else DONE


@bench.command()
def chains(
    repetitions: Annotated[int, typer.Option(min=1, help="Runs of each chain.")] = 15,
    seconds: Annotated[float, typer.Option(min=0.5, help="Of audio.")] = 10.0,
    quiet: Quiet = False,
    out: Out = Path("report"),
) -> int:
    """Measure each box inside a voice chain and a music-bus chain, beside pedalboard's."""
    from neuralboard.benchmarks import chains as measuring
    from neuralboard.benchmarks import page, results

    _check_report(results, out)
    with progress_bar("chains", quiet=quiet) as moved:
        found = measuring.measure(repetitions, seconds, moved)
    part = measuring.part_of(found, repetitions, seconds)
    place = page.write(out, "chains", part)
    for line in measuring.summary(part):
        print(line)
    say(f"report: {place}")
    return DONE


@bench.command()
def stft(
    sizes: Annotated[
        str, typer.Option(metavar="N/HOP", help="Transform and hop lengths, split by commas.")
    ] = "512/128,1024/256,2048/512,4096/1024,960/480",
    seconds: Annotated[
        str, typer.Option(metavar="SECONDS", help="Lengths of whole signals, split by commas.")
    ] = "1,10,60",
    blocks: Annotated[
        str, typer.Option(metavar="SIZES", help="Samples per block, split by commas.")
    ] = "64,128,256,480,512",
    peers: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Some of the others; else all installed.")
    ] = None,
    repetitions: Annotated[int, typer.Option(min=1, help="Runs of each.")] = 31,
    yardstick: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The prototype's modules, timed too.")
    ] = None,
    quiet: Quiet = False,
    out: Out = Path("report"),
) -> int:
    """Measure our short-time Fourier transform beside others', speed and error."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    from neuralboard.benchmarks import page, results, stft_bench
    from neuralboard.benchmarks.stft_peers import PEERS

    _check_report(results, out)
    names = None if peers is None else tuple(name.strip() for name in peers.split(",") if name)
    for name in names or ():
        if name not in PEERS:
            raise typer.BadParameter(f"'{name}' is none of {', '.join(PEERS)}")
    plan = stft_bench.Plan(
        _framings(sizes), _lengths(seconds), _block_sizes(blocks), names,
        None if yardstick is None else str(yardstick), repetitions,
    )  # fmt: skip
    with progress_bar("Fourier transforms", quiet=quiet) as moved:
        part = stft_bench.measure(plan, moved)
    place = page.write(out, "stft", part)
    for line in stft_bench.summary(part):
        print(line)
    say(f"report: {place}")
    return DONE


def _framings(text: str) -> tuple[tuple[int, int], ...]:
    """Read `--sizes`."""
    pairs = [word.strip().split("/") for word in text.split(",")]
    if not all(len(pair) == 2 and all(part.isdecimal() for part in pair) for pair in pairs):
        raise typer.BadParameter(f"'{text}' holds no sizes; give some as 512/128,960/480")
    found = tuple((int(n_fft), int(hop)) for n_fft, hop in pairs)
    for n_fft, hop in found:
        if n_fft % 2 or not 16 <= n_fft <= 65_536 or not 1 <= hop <= n_fft or n_fft % hop:
            raise typer.BadParameter(
                f"'{n_fft}/{hop}' can't be compared; give an even length of 16 to 65536 and a hop"
                " that divides it"
            )
    return found


def _lengths(text: str) -> tuple[float, ...]:
    """Read `--seconds` of `bench stft`."""
    try:
        found = tuple(sorted({float(word) for word in text.split(",")}))
    except ValueError:
        found = ()
    if not found or not all(0.1 <= length <= 600 for length in found):
        raise typer.BadParameter(f"'{text}' holds no lengths of 0.1 to 600 s; give some as 1,10")
    return found


def _block_sizes(text: str) -> tuple[int, ...]:
    """Read `--blocks`."""
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() and 1 <= int(word) <= 65_536 for word in words):
        raise typer.BadParameter(f"'{text}' holds no block sizes; give some as 128,480")
    return tuple(sorted({int(word) for word in words}))


def _check_report(results: Any, out: Path) -> dict[str, Any]:
    """Return what the folder holds; first see that a report can be made, before any work."""
    from neuralboard.extras import needs

    for module in ("jinja2", "matplotlib"):
        needs(module, module, "bench")
    parts: dict[str, Any] = results.load(out)
    return parts


def _sound(recording: Path | None, seconds: float) -> Any:
    """Read a recording, or the noisy demo clip: what a box does may depend on what it hears."""
    import numpy as np

    from neuralboard.assets import DEMO_NOISY
    from neuralboard.benchmarks.pairs import read_mono
    from neuralboard.benchmarks.synthetic import RATE

    audio = read_mono(DEMO_NOISY if recording is None else recording, RATE)[0]
    if not len(audio):
        raise NeuralboardError(f"{recording} holds no samples; give another recording")
    return np.resize(audio, round(seconds * RATE))


def _judge(
    kind: str, task: Any, out: Path, anchor: str | None, excerpts: int, sound: bool, jobs: int,
    quiet: bool,
) -> int:  # fmt: skip
    """Judge, listen, write the page."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    from neuralboard.benchmarks import page, quality_report, results
    from neuralboard.benchmarks.denoise_quality import ROWS, run
    from neuralboard.benchmarks.self_check import check_metrics

    older = _check_report(results, out).get(kind, {}).get("rows", [])
    total = len(task.items())
    check_metrics()
    say(f"{len(task.boxes)} boxes on {total} {task.said()}")
    try:
        with progress_bar(f"{len(task.boxes)} boxes", quiet=quiet) as moved:
            judged = run(task, out, jobs, known=older, moved=moved)
        chosen_anchor = quality_report.anchor_of(task.boxes, anchor)
        told = _excerpts(task, judged.rows, excerpts, sound, out, quiet)
    except KeyboardInterrupt:
        say(f"finished rows are kept in {out / ROWS}, the same command goes on", "yellow")
        raise
    for item in judged.skipped:
        say(f"skipped {item['pair']}: {item['reason']}", "yellow")
    part = quality_report.part_of(judged, task, chosen_anchor, told)
    place = page.write(out, kind, part)
    for line in quality_report.summary(part):
        print(line)
    say(f"report: {place}")
    failed = any("failed" in row for row in judged.rows)
    return FAILED if failed or judged.skipped else DONE


def _excerpts(
    task: Any, rows: Any, count: int, sound: bool, out: Path, quiet: bool
) -> list[dict[str, Any]]:
    """Write the excerpts of the recordings chosen by SNR."""
    from neuralboard.benchmarks.listening import chosen_items, prepare

    names = chosen_items(rows, count)
    if not names:
        return []
    items = task.items()
    wanted = [index for index in range(len(items)) if items.name(index) in set(names)]
    told: list[dict[str, Any]] = []
    done = 0
    total = len(wanted) * len(task.boxes)
    with progress_bar("excerpts", quiet=quiet) as moved:

        def step() -> None:
            nonlocal done
            done += 1
            if moved is not None:
                moved(done, total)

        told += (prepare(items[i], task.boxes, out, sound=sound, moved=step) for i in wanted)
    order = {name: number for number, name in enumerate(names)}
    return sorted(told, key=lambda each: order.get(each["title"].partition(" (")[0], 0))
