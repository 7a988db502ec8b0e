# SPDX-License-Identifier: GPL-3.0-or-later
"""The house keeps its promises: what is shipped, what an import costs, who may know whom."""

from __future__ import annotations

import ast
import doctest
import importlib
import importlib.metadata
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parent.parent
SETTINGS = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
FOLDERS: dict[str, str] = SETTINGS["tool"]["setuptools"]["package-dir"]
SHIPPED = {".py", ".pyi", ".onnx", ".flac", ".toml", ".typed", ".html", ".css"}
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60  # without its docstring


def run(code: str, **environment: str) -> str:
    """Run `code` in a Python of its own, in the project's folder, and give what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def package_files() -> Iterator[tuple[str, Path]]:
    """Give every shipped kind of file in the mapped folders, with its import package."""
    for package, folder in FOLDERS.items():
        for path in sorted((PROJECT / folder).rglob("*")):
            if path.suffix in SHIPPED and path.is_file() and "__pycache__" not in path.parts:
                yield package, path


def module_names() -> Iterator[str]:
    """Give the import name of every module that we ship."""
    for package, path in package_files():
        if path.suffix == ".py":
            inner = path.relative_to(PROJECT / FOLDERS[package]).with_suffix("")
            name = ".".join([package, *inner.parts])
            yield name.removesuffix(".__init__")


def sources() -> list[Path]:
    """Give every source file of the project, C++ included."""
    roots = [PROJECT / name for name in (*FOLDERS.values(), "tests", "examples", "scripts")]
    found = [path for root in roots for path in root.rglob("*") if path.is_file()]
    kinds = {".py", ".pyi", ".sh", ".cpp", ".h", ".hpp"}
    return sorted([p for p in found if p.suffix in kinds] + [PROJECT / "setup.py"])


def source_id(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def test_the_wheel_holds_every_file_of_every_package() -> None:
    """A sub-package that works in place but is absent from the wheel was the oldest trap here."""
    listed = run(
        "import json, sys\n"
        "from setuptools import Distribution\n"
        "dist = Distribution({'script_name': 'setup.py'})\n"
        "dist.parse_config_files()\n"
        "dist.set_defaults()\n"
        "build = dist.get_command_obj('build_py')\n"
        "build.ensure_finalized()\n"
        "build.build_lib = ''\n"
        "json.dump(list(build.get_output_mapping().values()), sys.stdout)\n"
    )
    inside = {(PROJECT / name).resolve() for name in json.loads(listed.splitlines()[-1])}
    left_out = {PROJECT / "benchmarks" / "results"}
    wanted = {path for _, path in package_files() if not left_out & set(path.parents)}
    assert wanted - inside == set()


def test_no_folder_of_the_host_hides_another_package() -> None:
    """setuptools drops plugin_host/effects silently in favour of effects/."""
    taken = {name.removeprefix("neuralboard.") for name in FOLDERS} - {"neuralboard"}
    inside = {path.stem for path in (PROJECT / FOLDERS["neuralboard"]).iterdir()}
    assert taken & inside == set()


@pytest.mark.parametrize("folder", list(FOLDERS.values()))
def test_a_folder_imported_under_its_own_name_raises(folder: str) -> None:
    """From the project's root `import effects` finds the folder: a second, different class."""
    printed = run(
        f"try:\n    import {folder}\nexcept ImportError as error:\n    print('refused:', error)\n"
    )
    assert printed.startswith("refused:")
    assert folder in printed


def test_importing_neuralboard_loads_nothing_heavy() -> None:
    """A missing extra must not matter, and start-up must stay quick."""
    heavy = {"torch", "onnxruntime", "onnx", "librosa", "matplotlib", "typer", "rich", "scipy"}
    loaded = json.loads(
        run("import json, sys\nimport neuralboard\nprint(json.dumps(sorted(sys.modules)))")
    )
    assert heavy & set(loaded) == set()


def test_kernels_import_numpy_and_nothing_else() -> None:
    """cpp_ext may not know the host: it could then be used and tested alone."""
    allowed = {"numpy", *sys.stdlib_module_names}
    for path in sorted((PROJECT / "cpp_ext").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or "."]
            for name in names:
                ours = name == "neuralboard.cpp_ext" or name.startswith("neuralboard.cpp_ext.")
                assert ours or name.partition(".")[0] in allowed, f"{path.name} imports {name}"


@pytest.mark.parametrize("name", list(module_names()))
def test_examples_in_docstrings_run(name: str) -> None:
    """Doctests, each module imported under its real name (pytest's own collector cannot)."""
    if name.endswith("__main__"):
        pytest.skip("importing a __main__ module runs the program")
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("neuralboard"):
            raise
        pytest.skip(f"needs '{error.name}' of an extra that is not installed")
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS).failed == 0


@pytest.mark.parametrize("path", sources(), ids=source_id)
def test_a_source_file_is_licensed_and_readable_in_one_sitting(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    # py.typed-like empty files hold nothing to license; a script's first line names its shell.
    assert not lines or "SPDX-License-Identifier: GPL-3.0-or-later" in "".join(lines[:2])
    assert len(lines) <= MAX_FILE_LINES
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) is not None else node.body
                length = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
                assert length <= MAX_FUNCTION_LINES, node.name


def test_the_version_is_written_once_more_only_where_it_is_checked() -> None:
    module = importlib.import_module("neuralboard")
    assert module.__version__ == SETTINGS["project"]["version"]
    assert importlib.metadata.version("neuralboard") == SETTINGS["project"]["version"]


def test_all_that_the_tests_install_is_pinned() -> None:
    """Else a release made by others breaks the tests on a day when nothing of ours changed."""
    pinned = {
        canonicalize_name(line.partition("==")[0])
        for line in (PROJECT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    }
    project = SETTINGS["project"]
    extras = project["optional-dependencies"]
    wanted = {
        canonicalize_name(Requirement(text).name)
        for text in [*project["dependencies"], *extras["mix"], *extras["dev"]]
    }
    assert wanted - {"neuralboard"} - pinned == set()
