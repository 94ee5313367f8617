"""Frozen TensorFlow graphs to UFF."""
import importlib.util
import pathlib
import sys

import numpy as np

import graphsurgeon as gs

from ._model import Dtype, Model
from ._operators import OPERATORS, custom, uff_type


class UffException(Exception):
    """A graph that cannot be converted; the message says which node and why."""


class Conversion:
    """One conversion: what is known of the graph, and the model that it becomes."""

    def __init__(self, graph, quiet=False):
        self.nodes = {node.name: node for node in graph.node}
        self.model = Model()
        self.quiet = quiet
        self.customs = []
        self.dilated = {}  # convolutions by name: (dilation, padding)

    def inputs(self, node):
        """Names of what the node reads: without waits and numbers of outputs, and behind nodes that only hand on."""
        names = []
        for name in node.input:
            if name.startswith("^"):
                continue
            name = name.split(":")[0]
            source = self.nodes.get(name)
            if source is None:
                raise UffException(f"node '{node.name}' ({node.op}) reads '{name}', and there is no such node")
            for _ in range(len(self.nodes)):
                if source.op != "Identity" or not source.input or source.input[0].startswith("^"):
                    break
                source = self.nodes[source.input[0].split(":")[0]]
            names.append(source.name)
        return names

    def array(self, node):
        if node.op == "Identity":
            node = self.nodes[self.inputs(node)[0]]
        if node.op != "Const":
            raise UffException(f"node '{node.name}' ({node.op}) has to be a constant here; freeze the graph")
        try:
            array = gs.array_of(node)
        except ValueError as reason:
            raise UffException(f"node '{node.name}' (Const): {reason}") from None
        return {"bool": lambda a: a.astype(np.int32), "float64": lambda a: a.astype(np.float32), "uint8": lambda a: a.astype(np.int32)}.get(
            array.dtype.name, lambda a: a)(array)

    def integers(self, name):
        return [int(v) for v in self.array(self.nodes[name]).reshape(-1)]

    def add(self, node, operation, inputs=(), fields=None):
        self.model.add(node.name, operation, inputs, fields)

    def add_array(self, name, array):
        if name not in self.model.ids:
            self.model.add(name, "Const", [], {"values": self.model.blob(name, array.tobytes()), "shape": [int(d) for d in array.shape],
                                               "dtype": uff_type(1) if array.dtype == np.float32 else uff_type(19)})

    def convert(self, name):
        """Adds the node where it is not there yet; returns the names that it reads."""
        if name in self.model.ids:
            return []
        node = self.nodes.get(name)
        if node is None:
            raise UffException(f"there is no node '{name}'")
        function = OPERATORS.get(node.op)
        if function is None:
            self.customs.append(node)
            if not self.quiet:
                print(f"Warning: UFF has no operation {node.op}; node '{node.name}' becomes a custom one, which needs a plugin", file=sys.stderr)
            function = custom
        try:
            return function(self, node)
        except (ValueError, TypeError, IndexError) as reason:
            raise UffException(f"node '{node.name}' ({node.op}): {reason}") from reason

    def run(self, outputs):
        stack = list(outputs)
        while stack:
            stack += self.convert(stack.pop())
        for number, name in enumerate(outputs):
            self.model.add(f"MarkOutput_{number}", "MarkOutput", [name])
        self.model.check()


def _remove_asserts(graph):
    graph.remove(graph.find_nodes_by_op("Assert"), remove_exclusive_dependencies=True)


def _fold_dilations(conversion):
    """Convolutions between SpaceToBatchND and BatchToSpaceND become dilated ones. UFF has the same padding on both sides alone."""
    readers = {}
    for node in conversion.nodes.values():
        for name in conversion.inputs(node):
            readers.setdefault(name, []).append(node)
    for last in [n for n in conversion.nodes.values() if n.op == "BatchToSpaceND"]:
        chain = conversion.inputs(last)
        conv = conversion.nodes[chain[0]]
        while conv.op in ("BiasAdd", "Relu", "Relu6", "Identity") and len(readers.get(conv.name, [])) == 1:
            conv = conversion.nodes[conversion.inputs(conv)[0]]
        if conv.op not in ("Conv2D", "DepthwiseConv2dNative") or conv.attr["padding"].s != b"VALID":
            continue
        first = conversion.nodes[conversion.inputs(conv)[0]]
        if first.op != "SpaceToBatchND":
            continue
        x, block, pads = conversion.inputs(first)
        block, pads = conversion.integers(block), conversion.array(conversion.nodes[pads]).reshape(-1, 2)
        crops = conversion.array(conversion.nodes[chain[2]]).reshape(-1, 2)
        amounts = (pads - crops).tolist()
        if len(block) != 2 or any(before != after or before < 0 for before, after in amounts):
            raise UffException(f"node '{conv.name}' ({conv.op}): its paddings {pads.tolist()} less the crops {crops.tolist()} differ between the sides")
        conversion.dilated[conv.name] = (block, [int(before) for before, _ in amounts])
        conv.input[0] = x
        last.op = "Identity"
        del last.input[1:]


def _deduced_outputs(graph):
    read = {name.lstrip("^").split(":")[0] for node in graph.node for name in node.input}
    return [node.name for node in graph.node if node.name not in read and node.op not in ("Const", "NoOp", "Assert", "Placeholder")]


def _load_script(path):
    path = pathlib.Path(path)
    spec = importlib.util.spec_from_file_location("preprocessor", path)
    if spec is None or not path.exists():
        raise UffException(f"the preprocessor '{path}' is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.pop(0)
    if not hasattr(module, "preprocess"):
        raise UffException(f"the preprocessor '{path}' has no function preprocess(dynamic_graph)")
    return module.preprocess


def _replace_inputs(graph, input_node):
    """"name,new_name,dtype,d1,d2,...": the node becomes an input of that type and these dims."""
    for text in input_node:
        parts = text.split(",")
        if len(parts) < 3:
            raise UffException(f"the input '{text}' is no \"name,new_name,dtype,dim,dim,...\"")
        name, new_name, dtype = parts[:3]
        found = [node for node in graph.node if node.name == name]
        if not found:
            raise UffException(f"there is no node '{name}' that could be an input")
        fresh = gs.create_node(new_name or name, op="Placeholder", dtype=dtype, shape=[int(d) for d in parts[3:] if d])
        found[0].CopyFrom(fresh)
        if new_name and new_name != name:
            for node in graph.node:
                for i, read in enumerate(node.input):
                    if read.split(":")[0] == name:
                        node.input[i] = new_name


def _list_of(value):
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def from_tensorflow(graphdef, output_nodes=None, preprocessor=None, *, output_filename=None, text=False, quiet=False, debug_mode=False,
                    list_nodes=False, write_preprocessed=False, input_node=None, return_graph_info=False, **_):
    """Converts a GraphDef (ours, TensorFlow's own, or its bytes) and returns the UFF model as bytes.

    output_nodes        names of the outputs; where none are given, the nodes that nobody reads
    preprocessor        a Python file with preprocess(dynamic_graph), which changes the graph before
    output_filename     also writes the model there
    text                also writes it as text, to output_filename + ".pbtxt"
    quiet, debug_mode   says less, or more
    list_nodes          prints the nodes and returns nothing
    write_preprocessed  also writes the graph as the preprocessor left it, to output_filename + "_preprocessed.pb"
    input_node          "name,new_name,dtype,dims..." of nodes that become inputs
    return_graph_info   returns (model, inputs, outputs) with the nodes of the graph
    """
    dynamic_graph = gs.DynamicGraph(graphdef)
    if list_nodes:
        for number, node in enumerate(dynamic_graph.as_graph_def().node, 1):
            print(f"{number} {node.op}: \"{node.name}\"")
        return None
    _remove_asserts(dynamic_graph)
    if preprocessor:
        _load_script(preprocessor)(dynamic_graph)
        if write_preprocessed:
            if not output_filename:
                raise UffException("write_preprocessed writes beside output_filename, which is not given")
            dynamic_graph.write(str(pathlib.Path(output_filename).with_suffix("")) + "_preprocessed.pb")
    graph = dynamic_graph.as_graph_def()
    names = [node.name for node in graph.node]
    outputs = []
    for output in _list_of(output_nodes):
        # Numbers of the list of nodes count from 1.
        if str(output) not in names and str(output).isdigit() and 1 <= int(output) <= len(names):
            output = names[int(output) - 1]
        outputs.append(str(output).split(":")[0])
    _replace_inputs(graph, _list_of(input_node))
    outputs = outputs or _deduced_outputs(graph)
    if not outputs:
        raise UffException("the graph has no outputs; name them")
    if not quiet:
        print(f"Converting to UFF, with outputs {', '.join(outputs)}", file=sys.stderr)
    conversion = Conversion(graph, quiet)
    _fold_dilations(conversion)
    conversion.run(outputs)
    data = conversion.model.bytes()
    if debug_mode:
        for node in conversion.model.graph.nodes:
            print(f"{node.operation}: {node.id} <- {', '.join(node.inputs)}", file=sys.stderr)
    if not quiet:
        print(f"No. nodes: {len(conversion.model.graph.nodes)}", file=sys.stderr)
    if output_filename:
        pathlib.Path(output_filename).write_bytes(data)
        if not quiet:
            print(f"UFF Output written to {output_filename}", file=sys.stderr)
        if text:
            pathlib.Path(str(output_filename) + ".pbtxt").write_text(conversion.model.text())
    if return_graph_info:
        inputs = [node for node in graph.node if node.op == "Placeholder" and node.name in conversion.model.ids]
        return data, inputs, [node for name in outputs for node in graph.node if node.name == name]
    return data


def from_tensorflow_frozen_model(frozen_file, output_nodes=None, preprocessor=None, **options):
    """Converts a frozen graph's file (.pb); see from_tensorflow."""
    graph = gs.GraphDef()
    try:
        graph.ParseFromString(pathlib.Path(frozen_file).read_bytes())
    except Exception as reason:
        raise UffException(f"'{frozen_file}' is no frozen TensorFlow graph: {reason}") from None
    return from_tensorflow(graph, output_nodes, preprocessor, **options)
