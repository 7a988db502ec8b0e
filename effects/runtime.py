# SPDX-License-Identifier: GPL-3.0-or-later
"""ONNX Runtime, imported here and nowhere else: telemetry off, one thread, one session per file.

Official builds since 1.29 send telemetry: a bare import writes an id and a database into the
user's cache and looks up a collector, and their own switch comes too late. The environment
variable set below, before the import, keeps all three from happening.

A graph keeps no state between calls, so one session serves any number of streams and threads.
"""

from __future__ import annotations

import collections
import hashlib
import os
import sys
import threading
import warnings
import weakref
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuralboard import cpp_ext
from neuralboard.effects.model_rules import check_graph
from neuralboard.errors import ModelFileError, NeuralboardWarning

__all__ = ["Graph", "GraphError", "Limits", "Port", "StepRunner", "open_graph", "runtime_version"]
__all__ += ["warm_up_runtime"]

Floats = NDArray[np.float32]

_SWITCH = "ORT_DISABLE_TELEMETRY"
_import_lock = threading.Lock()
_said = False


def _onnxruntime() -> Any:
    """Import onnxruntime with its telemetry off."""
    global _said
    with _import_lock:
        if "onnxruntime" in sys.modules and os.environ.get(_SWITCH) != "1" and not _said:
            _said = True
            warnings.warn(
                "onnxruntime was imported before neuralboard needed it, with its telemetry on;"
                f" set {_SWITCH}=1 in the environment before that import",
                NeuralboardWarning,
                stacklevel=4,
            )
        os.environ.setdefault(_SWITCH, "1")
        import onnxruntime

        return onnxruntime


def runtime_version() -> str:
    """Return the version of ONNX Runtime without importing it."""
    from importlib.metadata import version

    return version("onnxruntime")


def warm_up_runtime() -> None:
    """Import ONNX Runtime now rather than with the first graph."""
    _onnxruntime()


class GraphError(ModelFileError, RuntimeError):
    """ONNX Runtime refused a graph, or failed while it ran."""


class Limits(NamedTuple):
    """What a graph may be, before ONNX Runtime sees it."""

    max_bytes: int = 64 << 20
    max_nodes: int = 5_000
    max_elements: int = 64 << 20  # of one tensor
    max_made: int = 1 << 20  # elements that one node makes from a constant shape
    oldest_opset: int = 17
    max_fields: int = 200_000  # of all messages together; a graph of 500 nodes has 6,000


class Port(NamedTuple):
    """An input or output as the graph declares it; dynamic axes are texts or None.

    A declared output shape may be odd or wrong: shapes of states are the card's.
    """

    name: str
    type: str
    shape: tuple[int | str | None, ...]


def _session(data: bytes, *, fixed_size: bool) -> Any:
    """Make a session. The memory plan saves a tenth of a small call, but grows with every size."""
    ort = _onnxruntime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1  # more threads cost more than they give at these sizes
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    # ALL, the default, crashes on some valid half-precision files, and is no faster.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.enable_mem_pattern = fixed_size
    options.log_severity_level = 4  # errors are raised; they need not be printed too
    try:
        session = ort.InferenceSession(
            data, options, providers=["CPUExecutionProvider"], enable_fallback=0
        )
        _ports([*session.get_inputs(), *session.get_outputs()])  # names may be no text
        return session
    except Exception as error:  # of a dozen classes, UnicodeDecodeError among them
        raise GraphError(
            f"ONNX Runtime can't load this graph ({_short(error)}); export it anew"
        ) from None


class Graph:
    """A loaded graph. Any number of threads and streams may run it at once."""

    def __init__(self, data: bytes, sha256: str) -> None:
        self.sha256 = sha256
        self._data = data
        self._session = _session(data, fixed_size=False)
        self._steps: Any = None
        self.inputs = _ports(self._session.get_inputs())
        self.outputs = _ports(self._session.get_outputs())
        self._names = [port.name for port in self.outputs]

    def step_session(self) -> Any:
        """Return the session for calls of one fixed size, made at the first of them."""
        if self._steps is None:
            self._steps = _session(self._data, fixed_size=True)
        return self._steps

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """Run the graph once.

        Parameters
        ----------
        feeds : name → array
            Every input.

        Returns
        -------
        list of ndarray
            One for each of `outputs`, in that order; new arrays.

        Raises
        ------
        GraphError
            Shapes don't fit, or the graph fails.
        """
        token = cpp_ext.denormals_off()
        try:
            return self._session.run(self._names, feeds)
        except Exception as error:
            raise GraphError(
                f"the graph can't run ({_short(error)}); check shapes and types of its inputs"
            ) from None
        finally:
            cpp_ext.denormals_restore(token)

    def runner(
        self, shapes: Mapping[str, tuple[int, ...]], carry: Mapping[str, str] | None = None
    ) -> StepRunner:
        """Return a fast path for calls of one fixed size: see `StepRunner`."""
        return StepRunner(self, shapes, carry or {})


class StepRunner:
    """Calls of one fixed size on arrays made once, states carried without a copy.

    Two bindings take turns: what one wrote as a state's output, the other reads as its input. At
    one frame per call this saves a fifth to a third of the time of `Graph.run`. For one stream
    and one thread at a time.

    Parameters
    ----------
    graph : Graph
    shapes : name → shape
        Of every input that isn't a state, and of every state's input.
    carry : name → name
        State's input → state's output.

    Attributes
    ----------
    inputs : name → ndarray
        Write here before `run` (not into states).
    """

    def __init__(
        self, graph: Graph, shapes: Mapping[str, tuple[int, ...]], carry: Mapping[str, str]
    ) -> None:
        self._graph = graph  # as long as a stream uses it, others that open the file share it
        self._session = graph.step_session()
        self.inputs = {
            port.name: np.zeros(shapes[port.name], np.float32)
            for port in graph.inputs
            if port.name not in carry
        }
        zeros = {name: np.zeros(shapes[name], np.float32) for name in carry}
        made = graph.run({**self.inputs, **zeros})
        sizes = {port.name: array.shape for port, array in zip(graph.outputs, made, strict=True)}
        for name, out in carry.items():
            if sizes[out] != tuple(shapes[name]):
                raise GraphError(
                    f"state '{out}' comes out as {list(sizes[out])}, but '{name}' goes in as"
                    f" {list(shapes[name])}; make them equal"
                )
        memory = [_one_piece(sizes) for _ in range(2)]
        self._outputs = [outputs for outputs, _ in memory]
        self._whole = [whole for _, whole in memory]
        self._carry = dict(carry)
        self._bindings = [self._bind(graph, turn) for turn in range(2)]
        self._turn = 0

    def _bind(self, graph: Graph, turn: int) -> Any:
        binding = self._session.io_binding()
        before = self._outputs[1 - turn]
        for port in graph.inputs:
            name = port.name
            array = before[self._carry[name]] if name in self._carry else self.inputs[name]
            binding.bind_input(name, "cpu", 0, np.float32, array.shape, array.ctypes.data)
        for name, array in self._outputs[turn].items():
            binding.bind_output(name, "cpu", 0, np.float32, array.shape, array.ctypes.data)
        return binding

    def reset(self) -> None:
        """Set all states to zero."""
        for outputs in self._outputs:
            for array in outputs.values():
                array.fill(0.0)
        self._turn = 0

    def states(self) -> dict[str, Floats]:
        """Return the states as they stand, by their input's name; copies."""
        last = self._outputs[1 - self._turn]
        return {name: last[out].copy() for name, out in self._carry.items()}

    def load_states(self, states: Mapping[str, Floats]) -> None:
        """Take over states, as `states` gives them."""
        last = self._outputs[1 - self._turn]
        for name, out in self._carry.items():
            last[out][...] = states[name]

    def run(self) -> dict[str, Floats]:
        """Run once; return name → output. Its arrays are overwritten two calls later."""
        token = cpp_ext.denormals_off()
        try:
            self._session.run_with_iobinding(self._bindings[self._turn])
        except Exception as error:
            raise GraphError(f"the graph can't run ({_short(error)})") from None
        finally:
            cpp_ext.denormals_restore(token)
        self._turn = 1 - self._turn
        return self._outputs[1 - self._turn]

    @property
    def latest(self) -> Floats:
        """All outputs of the last run end to end, ``[1, n]``, with zeros between them."""
        return self._whole[1 - self._turn]


def _one_piece(sizes: Mapping[str, tuple[int, ...]]) -> tuple[dict[str, Floats], Floats]:
    """Make zeros of these sizes in one piece of memory, so that one look checks them all."""
    lines = {name: -(-int(np.prod(size)) // 16) * 16 for name, size in sizes.items()}  # 64 bytes
    whole = np.zeros((1, sum(lines.values())), np.float32)
    views, place = {}, 0
    for name, size in sizes.items():
        views[name] = whole[0, place : place + int(np.prod(size))].reshape(size)
        place += lines[name]
    return views, whole


def _ports(declared: Any) -> tuple[Port, ...]:
    return tuple(Port(port.name, port.type, tuple(port.shape)) for port in declared)


def _short(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__


_open_lock = threading.Lock()
_open: weakref.WeakValueDictionary[str, Graph] = weakref.WeakValueDictionary()
# A box made, used and dropped in a loop must not load its file each time.
_recent: collections.deque[Graph] = collections.deque(maxlen=4)


def open_graph(data: bytes, limits: Limits | None = None) -> Graph:
    """Load a graph, or give the one that this process has already loaded from the same bytes.

    Parameters
    ----------
    data : bytes
        A whole ONNX file, tensors inside.
    limits : Limits, optional
        Other bounds than the usual ones. The file is checked against the list of what is allowed
        before ONNX Runtime sees it.

    Raises
    ------
    ModelFileError
        Forbidden, broken, or refused by ONNX Runtime.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    with _open_lock:
        graph = _open.get(sha256)
        if graph is None:
            check_graph(data, limits or Limits())
            graph = _open[sha256] = Graph(data, sha256)
        if graph in _recent:
            _recent.remove(graph)
        _recent.append(graph)
    return graph
