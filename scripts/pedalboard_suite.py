# SPDX-License-Identifier: GPL-3.0-or-later
"""Run pedalboard's own test suite with its imports rewritten to neuralboard.

    git clone https://github.com/spotify/pedalboard
    pip install mido psutil mypy pyright
    python scripts/pedalboard_suite.py pedalboard/tests [test_filters.py ...]

The tests are copied to a temporary folder, `import pedalboard` becomes `import neuralboard as
pedalboard` and `from pedalboard... import` becomes `from neuralboard... import`; pedalboard_native
and pedalboard's private modules stay. Each file runs in a process of its own, so that a crash
costs one file. What fails must stand in `pedalboard_differences.toml`, with its reason; what
stands there must fail: anything else ends with exit status 1.

`--original` leaves the imports as they are: what fails then is not for neuralboard to mend.
"""

from __future__ import annotations

import argparse
import collections
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
DIFFERENCES = HERE / "pedalboard_differences.toml"
NEEDED = ("mido", "psutil", "mypy", "pytest")
LONGEST_FILE = 3600  # seconds; thousands of tests in test_resampled_io.py on a busy machine

_IMPORTS = (
    (re.compile(r"^(\s*)import pedalboard\s*$"), r"\1import neuralboard as pedalboard"),
    (re.compile(r"^(\s*)from pedalboard((?:\.[a-z]\w*)*) import"), r"\1from neuralboard\2 import"),
)
_MISSED = re.compile(r"^\s*(import pedalboard\b(?!_)|from pedalboard(?!_native|\._))")


@dataclass
class Known:
    """One entry of the list of known differences."""

    test: str  # "test_filters.py::test_name", with * for any text; parameters may be left out
    kind: str  # "neuralboard" differs on purpose, "pedalboard" fails here by itself
    reason: str
    when_missing: str = ""  # only where this module can't be imported
    hits: int = 0

    def expected(self) -> bool:
        """Return whether the entry holds in this environment."""
        return not self.when_missing or importlib.util.find_spec(self.when_missing) is None

    def covers(self, name: str) -> bool:
        """Return whether a test's name is this entry's."""
        pattern = re.escape(self.test).replace(r"\*", ".*")
        return re.fullmatch(rf"{pattern}(\[.*\])?", name, re.DOTALL) is not None


@dataclass
class Outcome:
    """What one file's tests did."""

    passed: int = 0
    skipped: int = 0
    failed: dict[str, str] = field(default_factory=dict)  # name → first line of its message
    skips: collections.Counter[str] = field(default_factory=collections.Counter)


def rewrite(text: str) -> str:
    """Return a test's source with pedalboard's import lines turned into neuralboard's."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        for pattern, replacement in _IMPORTS:
            line = pattern.sub(replacement, line)
        if _MISSED.match(line):
            raise SystemExit(f"can't rewrite this import: {line.strip()}")
        lines[number] = line
    return "\n".join(lines)


def copy_tests(source: Path, folder: Path, *, original: bool) -> Path:
    """Copy the tests into a folder, rewritten, and return where they lie."""
    target = folder / "tests"
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    for script in [] if original else sorted(target.rglob("*.py")):
        script.write_text(rewrite(script.read_text(encoding="utf-8")), encoding="utf-8")
    for bundle in sorted(target.glob("plugins/*/Linux/*.vst3")):
        if not list(bundle.glob("Contents/*/*.so")):
            print(f"{bundle.name} came without its binary (Git LFS?): left out")
            shutil.rmtree(bundle)
    return target


def environment() -> dict[str, str]:
    """Return the environment of a test process; checkers follow a tree of links to our files."""
    done = subprocess.run(
        [sys.executable, HERE / "link_tree.py"], capture_output=True, text=True, check=True
    )
    tree = done.stdout.strip()
    return {k: v for k, v in os.environ.items() if k != "CI"} | {"MYPYPATH": tree}


def run_file(path: Path, env: dict[str, str]) -> Outcome:
    """Run one file of tests by pytest in a process of its own."""
    report = path.parent.parent / f"{path.stem}.xml"
    if path.name == "test_type_hints.py":  # pyright looks for modules where Python does
        env = env | {"PYTHONPATH": env["MYPYPATH"]}
    command = [sys.executable, "-m", "pytest", f"tests/{path.name}", "-q", "-p", "no:cacheprovider"]
    try:
        done = subprocess.run(
            [*command, f"--junitxml={report}"],
            cwd=path.parent.parent, env=env, timeout=LONGEST_FILE,
            capture_output=True, text=True, errors="replace", check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Outcome(failed={f"{path.name}::": f"not done after {LONGEST_FILE} s"})
    if not report.exists():
        last = (done.stdout + done.stderr).strip().split("\n")[-1]
        return Outcome(failed={f"{path.name}::": f"ended with {done.returncode}: {last}"})
    return read_report(report, path.name)


def read_report(report: Path, file_name: str) -> Outcome:
    """Return the outcome in a JUnit XML file that our own pytest wrote."""
    outcome = Outcome()
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314
        name = f"{file_name}::{case.get('name')}"
        bad = [part for part in case if part.tag in ("failure", "error")]
        skip = case.find("skipped")
        if bad:
            outcome.failed[name] = (bad[0].get("message") or "").split("\n")[0][:160]
        elif skip is not None:
            outcome.skipped += 1
            outcome.skips[_general(skip.get("message") or "")] += 1
        else:
            outcome.passed += 1
    return outcome


def _general(reason: str) -> str:
    return re.sub(r"got empty parameter set.*", "no plug-in or device to test with", reason)


def known_differences() -> list[Known]:
    """Read the committed list."""
    entries = tomllib.loads(DIFFERENCES.read_text(encoding="utf-8"))["difference"]
    return [Known(**entry) for entry in entries]


def judge(outcomes: dict[str, Outcome], known: list[Known]) -> int:
    """Print what differs, and return 1 unless it is exactly what the list says."""
    unlisted = []
    for outcome in outcomes.values():
        for name, message in outcome.failed.items():
            entries = [entry for entry in known if entry.expected() and entry.covers(name)]
            for entry in entries:
                entry.hits += 1
            if not entries:
                unlisted.append(f"{name}\n    {message}")
    for entry in known:
        if entry.hits:
            print(f"known ({entry.kind}): {entry.test}, {entry.hits} tests: {entry.reason}")
    ran = [e for e in known if e.expected() and e.test.partition("::")[0] in outcomes]
    stale = [entry.test for entry in ran if not entry.hits]
    for name in unlisted:
        print(f"UNLISTED: {name}")
    for name in stale:
        print(f"LISTED, BUT PASSES NOW (take it off {DIFFERENCES.name}): {name}")
    return 1 if unlisted or stale else 0


def main() -> int:
    """Run the suite and compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("tests", type=Path, help="the folder tests of spotify/pedalboard")
    parser.add_argument("files", nargs="*", help="only these, e.g. test_filters.py")
    parser.add_argument("--original", action="store_true", help="leave the imports as they are")
    options = parser.parse_args()
    if not (options.tests / "test_native_module.py").is_file():
        parser.error(f"{options.tests} holds no test_native_module.py: not pedalboard's tests")
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        parser.error(f"pedalboard's tests need more: pip install {' '.join(missing)}")
    tests = copy_tests(options.tests, Path(_scratch), original=options.original)
    paths = sorted(tests.glob("test_*.py"))
    unknown = set(options.files) - {path.name for path in paths}
    if unknown:
        parser.error(f"no such file of tests: {', '.join(sorted(unknown))}")

    env, outcomes = environment(), dict[str, Outcome]()
    print(f"{'file':32} passed failed skipped", flush=True)
    for path in paths:
        if options.files and path.name not in options.files:
            continue
        got = outcomes[path.name] = run_file(path, env)
        print(f"{path.name:32} {got.passed:6} {len(got.failed):6} {got.skipped:7}", flush=True)
    totals = [sum(o.passed for o in outcomes.values()),
              sum(len(o.failed) for o in outcomes.values()),
              sum(o.skipped for o in outcomes.values())]  # fmt: skip
    print("{:32} {:6} {:6} {:7}".format("all", *totals))
    skips = sum((outcome.skips for outcome in outcomes.values()), collections.Counter[str]())
    for reason, count in skips.most_common():
        print(f"skipped by pedalboard's tests themselves, {count}: {reason}")
    if options.original:
        for outcome in outcomes.values():
            for name, message in outcome.failed.items():
                print(f"fails with pedalboard itself: {name}\n    {message}")
        return 0
    return judge(outcomes, known_differences())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="pedalboard-suite-") as _scratch:
        sys.exit(main())
