# SPDX-License-Identifier: GPL-3.0-or-later
"""The check of a model file before ONNX Runtime sees it: what is not allowed by name is refused.

ONNX files can hang, fill the memory or crash the process that loads them (217 bytes with a loop of
2^62 rounds; 1.7 kB of functions that call each other twice; a valid half-precision file). This
walk of the wire format knows the messages that a plain graph needs and no others (`model_schema`),
the operators (`model_operators`), and sizes that a board could use. Payloads are skipped by their
length: a 5 MB file takes a millisecond.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from neuralboard.effects import model_schema as schema
from neuralboard.effects.model_operators import CLEAR, GROWING, OPERATORS, PICKING, SIZED, Origin
from neuralboard.effects.model_schema import Reader, forbid, text_of
from neuralboard.effects.model_wire import WireError
from neuralboard.errors import ModelFileError

if TYPE_CHECKING:
    from neuralboard.effects.runtime import Limits

__all__ = ["check_graph"]

_NEWEST_OPSET = 21
_IR_VERSIONS = range(3, 13)
_WIDTHS = {1: 4, 6: 4, 7: 8, 9: 1}  # bytes of float32, int32, int64, bool in raw_data
_TYPE_NAMES = {10: "half precision", 11: "double precision", 16: "bfloat16", 2: "uint8", 3: "int8"}
_MOST_RANK = 8
_MOST_INT = 1 << 16  # of attributes: paddings, kernels, hidden sizes, axes
_MOST_PORTS = 1_000  # inputs or outputs of a node or graph


def check_graph(data: bytes, limits: Limits) -> None:
    """Refuse a file that holds anything but what the list allows.

    Raises
    ------
    ModelFileError
    """
    if len(data) > limits.max_bytes:
        forbid(f"{len(data)} bytes are more than {limits.max_bytes}", "make it smaller")
    try:
        reader = Reader(limits.max_fields)
        model = reader.read(memoryview(data), schema.MODEL)
        if model.get("ir_version", 0) not in _IR_VERSIONS:
            forbid(f"its IR version is {model.get('ir_version', 0)}", "write 8")
        if "graph" not in model:
            raise WireError("there is no graph")
        _check_opsets(model.get("opset_import", []), reader, limits)
        _Walk(reader, limits).check(model["graph"])
    except WireError as error:
        raise ModelFileError(
            f"this is no ONNX file, or a damaged one: {error}; get it anew"
        ) from None


def _check_opsets(imports: list[memoryview], reader: Reader, limits: Limits) -> None:
    versions: dict[str, int] = {}
    for each in imports:
        found = reader.read(each, schema.OPSET)
        domain = text_of(found.get("domain"))
        domain = "" if domain == "ai.onnx" else domain
        if domain in versions:
            raise WireError(f"the operator set '{domain}' is imported twice")
        versions[domain] = found.get("version", 0)
    version = versions.get("", 0)
    if not limits.oldest_opset <= version <= _NEWEST_OPSET:
        forbid(
            f"its operator set is {version}, not {limits.oldest_opset} to {_NEWEST_OPSET}",
            "export it with opset 17",
        )


class _Walk:
    """One pass over a graph, in its order: every value has an origin before it is used."""

    def __init__(self, reader: Reader, limits: Limits) -> None:
        self.read, self.limits = reader.read, limits
        self.origins: dict[str, Origin] = {"": Origin.CONSTANT}
        self.constants: dict[str, int] = {}  # name → elements it would make, where that is known

    def check(self, data: memoryview) -> None:
        graph = self.read(data, schema.GRAPH)
        nodes = graph.get("node", [])
        if len(nodes) > self.limits.max_nodes:
            forbid(f"{len(nodes)} nodes are more than {self.limits.max_nodes}", "simplify it")
        for name in ("input", "output"):
            if len(graph.get(name, [])) > _MOST_PORTS:
                forbid(f"{len(graph[name])} {name}s are more than {_MOST_PORTS}", "use fewer")
        for each in graph.get("initializer", []):
            self.define(*self.tensor(each), Origin.CONSTANT)
        initialised = set(self.origins)
        for each in graph.get("input", []):
            name = self.value(each)
            if name not in initialised:  # old files list tensors among the inputs
                self.define(name, None, Origin.SOUND)
        for each in graph.get("value_info", []):
            self.value(each)
        for each in nodes:
            self.node(self.read(each, schema.NODE))
        for each in graph.get("output", []):
            self.known(self.value(each), "the graph's output")

    def define(self, name: str, elements: int | None, origin: Origin) -> None:
        if not name:
            raise WireError("a value has no name")
        if name in self.origins:
            raise WireError(f"the value '{name[:60]}' is made twice")
        self.origins[name] = origin
        if elements is not None:
            self.constants[name] = elements

    def known(self, name: str, where: str) -> Origin:
        if name not in self.origins:
            raise WireError(f"{where} uses '{name[:60]}', which nothing before it makes")
        return self.origins[name]

    def value(self, data: memoryview) -> str:
        """Check a declared input, output or value; return its name."""
        found = self.read(data, schema.VALUE)
        name = text_of(found.get("name"))
        if "type" in found:
            kind = self.read(found["type"], schema.TYPE)
            tensor = self.read(kind.get("tensor_type", memoryview(b"")), schema.TENSOR_TYPE)
            self.element_type(tensor.get("elem_type", 0), name)
            shape = self.read(tensor.get("shape", memoryview(b"")), schema.SHAPE)
            dims = [self.read(each, schema.DIMENSION) for each in shape.get("dim", [])]
            self.elements([dim.get("dim_value", 1) for dim in dims], name)
        return name

    def element_type(self, kind: int, name: str) -> None:
        if kind not in _WIDTHS:
            forbid(f"'{name[:60]}' is of {_TYPE_NAMES.get(kind, f'type {kind}')}")

    def elements(self, dims: list[int], name: str) -> int:
        if len(dims) > _MOST_RANK or any(size < 0 for size in dims):
            forbid(f"'{name[:60]}' has the shape {dims[:_MOST_RANK]}", "use up to 8 sizes")
        count = math.prod(dims)
        if max(dims, default=0) > self.limits.max_elements or count > self.limits.max_elements:
            forbid(f"'{name[:60]}' has the shape {dims}", f"stay below {self.limits.max_elements}")
        return count

    def tensor(self, data: memoryview) -> tuple[str, int | None]:
        """Check a tensor; return its name and how many elements a tensor of this shape has."""
        found = self.read(data, schema.TENSOR)
        name = text_of(found.get("name"))
        kind = found.get("data_type", 0)
        self.element_type(kind, name)
        count = self.elements(found.get("dims", []), name)
        if found.get("data_location", 0):
            forbid(f"'{name[:60]}' lies in another file", "save all tensors inside")
        lists = {1: "float_data", 6: "int32_data", 7: "int64_data", 9: "int32_data"}
        given = [key for key in ("raw_data", *lists.values()) if key in found]
        if "raw_data" in given:
            size, wanted = len(found["raw_data"]), count * _WIDTHS[kind]
        elif kind == 1:
            size, wanted = sum(len(part) for part in found.get("float_data", [])), count * 4
        else:
            size, wanted = len(found.get(lists[kind], [])), count
        if size != wanted or len(set(given)) > 1:
            raise WireError(f"the tensor '{name[:60]}' holds {size} in place of {wanted}")
        return name, _reach(found, kind, count)

    def node(self, node: dict[str, Any]) -> None:
        operator, domain = text_of(node.get("op_type")), text_of(node.get("domain"))
        if domain not in ("", "ai.onnx"):
            forbid(f"its operator '{operator[:60]}' is of the domain '{domain[:60]}'")
        if operator not in OPERATORS:
            forbid(f"its operator '{operator[:60]}' is not in the list")
        inputs = [text_of(name) for name in node.get("input", [])]
        outputs = [text_of(name) for name in node.get("output", [])]
        if max(len(inputs), len(outputs)) > _MOST_PORTS:
            forbid(f"a node '{operator}' has more than {_MOST_PORTS} inputs", "use fewer")
        elements = None
        for each in node.get("attribute", []):
            elements = self.attribute(self.read(each, schema.ATTRIBUTE), operator)
        origins = [self.known(name, operator) for name in inputs]
        self.sizes(operator, inputs, origins)
        origin = _origin_of(operator, origins)
        for name in outputs:
            if name:
                self.define(name, elements if operator == "Constant" else None, origin)

    def sizes(self, operator: str, inputs: list[str], origins: list[Origin]) -> None:
        """See that nothing but known things decides how large a tensor is."""
        wanted = GROWING.get(operator, [(at, Origin.RECKONED) for at in SIZED.get(operator, ())])
        for at, highest in wanted:
            if at < len(inputs) and origins[at] > highest:
                what = "the sound" if origins[at] == Origin.SOUND else "arithmetic on sizes"
                forbid(f"{operator} takes a size from {what} ('{inputs[at][:60]}')")
        if operator in ("ConstantOfShape", "Expand", "Tile", "Range"):
            made = max((self.constants.get(name, 0) for name in inputs), default=0)
            if made > self.limits.max_made:
                forbid(f"{operator} makes {made} elements", f"stay below {self.limits.max_made}")

    def attribute(self, found: dict[str, Any], operator: str) -> int | None:
        name = text_of(found.get("name"))
        for text in (found.get("s"), *found.get("strings", [])):
            text_of(text)
        if operator != "Constant":
            for number in (found.get("i", 0), *found.get("ints", [])):
                if abs(number) > _MOST_INT:
                    forbid(f"{operator}.{name[:60]} is {number}", f"stay below {_MOST_INT}")
        if operator == "Cast" and name == "to":
            self.element_type(found.get("i", 0), "the output of a Cast")
        if operator == "Constant" and "ints" in found:
            return math.prod(max(abs(number), 1) for number in found["ints"])
        return self.tensor(found["t"])[1] if "t" in found else None


def _origin_of(operator: str, origins: list[Origin]) -> Origin:
    if operator in CLEAR:
        return Origin.SIZE
    origin = max(origins, default=Origin.CONSTANT)
    return Origin.RECKONED if origin == Origin.SIZE and operator not in PICKING else origin


def _reach(tensor: dict[str, Any], kind: int, count: int) -> int | None:
    """Return how many elements a tensor of this shape would have, if it is a short shape."""
    if kind not in (6, 7) or not 0 < count <= _MOST_RANK:
        return None
    if "raw_data" in tensor:
        dtype = np.dtype("<i8" if kind == 7 else "<i4")
        values = [int(v) for v in np.frombuffer(tensor["raw_data"], dtype)]
    else:
        values = tensor.get("int64_data", tensor.get("int32_data", []))
    return math.prod(max(abs(value), 1) for value in values)
