"""Graphs that are looked at, and graphs that change."""
import pathlib

from ._node import GraphDef, NodeDef


def _name_of(text):
    """The node that an input's text names: without "^" and ":1"."""
    return text.lstrip("^").split(":")[0]


def _list_of(nodes):
    return [nodes] if isinstance(nodes, (NodeDef, str)) else list(nodes)


class _Index:
    """Names and readers of the nodes, made when they are asked for."""

    def __init__(self, graph):
        self.nodes = {node.name: node for node in graph.node}
        self.readers = {}
        self.ops = {}
        for node in graph.node:
            self.ops.setdefault(node.op, []).append(node)
            for text in node.input:
                readers = self.readers.setdefault(_name_of(text), [])
                if not readers or readers[-1] is not node:
                    readers.append(node)


class StaticGraph:
    """A graph to look at. `graphdef` is a file's name, a GraphDef (ours or TensorFlow's), its bytes, or another graph."""

    def __init__(self, graphdef=None):
        self._graph = GraphDef()
        self._known = None
        if isinstance(graphdef, (str, pathlib.Path)):
            self.read(graphdef)
        elif isinstance(graphdef, bytes):
            self._graph.ParseFromString(graphdef)
        elif isinstance(graphdef, StaticGraph):
            self._graph.CopyFrom(graphdef._graph)
        elif hasattr(graphdef, "as_graph_def"):  # TensorFlow's Graph
            self._graph.ParseFromString(graphdef.as_graph_def().SerializeToString())
        elif graphdef is not None:
            self._graph.ParseFromString(graphdef.SerializeToString())

    def _index(self):
        if self._known is None:
            self._known = _Index(self._graph)
        return self._known

    def _changed(self):
        self._known = None

    def __iter__(self):
        return iter(self._graph.node)

    def __len__(self):
        return len(self._graph.node)

    def __getitem__(self, index):
        return self._graph.node[index]

    def __contains__(self, node):
        return (node if isinstance(node, str) else node.name) in self._index().nodes

    # ---- What the graph holds ----

    @property
    def node_map(self):
        """Nodes by name."""
        return dict(self._index().nodes)

    @property
    def node_ops(self):
        """Operations by name of the node."""
        return {node.name: node.op for node in self._graph.node}

    @property
    def node_outputs(self):
        """The nodes that read a node, by its name."""
        return {node.name: list(self._index().readers.get(node.name, [])) for node in self._graph.node}

    @property
    def graph_inputs(self):
        """Nodes that read nothing and are no constants: placeholders and the like."""
        return [node for node in self._graph.node if not node.input and node.op not in ("Const", "NoOp", "Assert")]

    @property
    def graph_outputs(self):
        """Nodes that nobody reads."""
        return [node for node in self._graph.node if not self._index().readers.get(node.name) and node.op not in ("NoOp", "Assert")]

    def as_graph_def(self):
        """A copy as a GraphDef."""
        copy = GraphDef()
        copy.CopyFrom(self._graph)
        return copy

    # ---- Finding ----

    def find_nodes_by_name(self, name):
        """Nodes with this name, or one of these names."""
        names = {name} if isinstance(name, str) else set(name)
        return [node for node in self._graph.node if node.name in names]

    def find_nodes_by_op(self, op):
        """Nodes of this operation, or one of these."""
        ops = {op} if isinstance(op, str) else set(op)
        return [node for node in self._graph.node if node.op in ops]

    def find_nodes_by_path(self, path):
        """Nodes in this namespace, or one of these: those whose name is the path or goes on behind it with "/"."""
        paths = [path] if isinstance(path, str) else list(path)
        return [node for node in self._graph.node if any(node.name == p or node.name.startswith(p.rstrip("/") + "/") for p in paths)]

    def find_nodes_by_attr(self, name, value=None):
        """Nodes that have an attribute, with this value where one is given."""
        found = [node for node in self._graph.node if name in node.attr]
        return found if value is None else [node for node in found if getattr(node.attr[name], node.attr[name].WhichOneof("value") or "s") == value]

    def find_node_inputs(self, node):
        """The nodes that a node reads."""
        nodes = self._index().nodes
        return [nodes[_name_of(text)] for text in node.input if _name_of(text) in nodes]

    def find_node_inputs_by_name(self, node, name):
        names = {name} if isinstance(name, str) else set(name)
        return [source for source in self.find_node_inputs(node) if source.name in names]

    def find_node_inputs_by_op(self, node, op):
        ops = {op} if isinstance(op, str) else set(op)
        return [source for source in self.find_node_inputs(node) if source.op in ops]

    def find_node_outputs(self, node):
        """The nodes that read a node."""
        return list(self._index().readers.get(node.name, []))

    def find_node_outputs_by_name(self, node, name):
        names = {name} if isinstance(name, str) else set(name)
        return [reader for reader in self.find_node_outputs(node) if reader.name in names]

    def find_node_outputs_by_op(self, node, op):
        ops = {op} if isinstance(op, str) else set(op)
        return [reader for reader in self.find_node_outputs(node) if reader.op in ops]

    def find_node_chains_by_op(self, chain):
        """Chains of nodes of these operations, each of which reads the one before: [[first, second, ...], ...]."""
        if not chain:
            return []
        found = [[node] for node in self.find_nodes_by_op(chain[0])]
        for op in chain[1:]:
            found = [nodes + [reader] for nodes in found for reader in self.find_node_outputs_by_op(nodes[-1], op)]
        return found

    # ---- Files ----

    def read(self, filename):
        """Takes the graph of a frozen file in place of this one."""
        graph = GraphDef()
        graph.ParseFromString(pathlib.Path(filename).read_bytes())
        self._graph = graph
        self._changed()

    def write(self, filename):
        """Writes the graph as a frozen file."""
        pathlib.Path(filename).write_bytes(self._graph.SerializeToString(deterministic=True))

    def write_tensorboard(self, logdir):
        """Writes a file of events that shows the graph in TensorBoard."""
        from ._events import write_graph_event
        return write_graph_event(pathlib.Path(logdir), self._graph)


class DynamicGraph(StaticGraph):
    """A graph that changes."""

    def copy(self):
        return type(self)(self)

    def append(self, node):
        """Adds a copy of the node; returns it."""
        if node.name in self._index().nodes:
            raise ValueError(f"there is a node '{node.name}' already")
        added = self._graph.node.add()
        added.ParseFromString(node.SerializeToString())
        self._changed()
        return added

    def extend(self, nodes):
        """Adds copies of all nodes, of a list or a graph."""
        return [self.append(node) for node in nodes]

    def _keep(self, wanted):
        kept = [node for node in self._graph.node if wanted(node)]
        copy = GraphDef()
        copy.CopyFrom(self._graph)
        del copy.node[:]
        copy.node.extend(kept)
        self._graph = copy
        self._changed()

    def remove(self, nodes, remove_exclusive_dependencies=False):
        """Takes nodes out, and what read them no longer does. With remove_exclusive_dependencies also what only they read, and so on."""
        gone = {node if isinstance(node, str) else node.name for node in _list_of(nodes)}
        if remove_exclusive_dependencies:
            index = self._index()
            open_names = list(gone)
            while open_names:
                node = index.nodes.get(open_names.pop())
                for text in node.input if node is not None else ():
                    name = _name_of(text)
                    if name not in gone and all(reader.name in gone for reader in index.readers.get(name, [])):
                        gone.add(name)
                        open_names.append(name)
        self._keep(lambda node: node.name not in gone)
        for node in self._graph.node:
            kept = [text for text in node.input if _name_of(text) not in gone]
            if len(kept) != len(node.input):
                del node.input[:]
                node.input.extend(kept)
        self._changed()

    def forward_inputs(self, nodes, name=None):
        """Takes nodes out; who read them reads what they read. `name` limits which input that is."""
        for node in _list_of(nodes):
            gone = node.name
            passed = [text for text in node.input if not text.startswith("^") and (name is None or _name_of(text) == name)]
            for reader in list(self._index().readers.get(gone, [])):
                inputs = []
                for text in reader.input:
                    if _name_of(text) != gone:
                        inputs.append(text)
                    elif not text.startswith("^"):
                        inputs += [p for p in passed if p not in inputs]
                del reader.input[:]
                reader.input.extend(inputs)
            self._keep(lambda kept: kept.name != gone)

    def collapse_namespaces(self, namespace_map, exclude_nodes=(), unique_inputs=True):
        """Puts one node in the place of all nodes in a namespace, for each entry {namespace: node}. The node reads what they read from
        outside, each once where unique_inputs, and who read them reads the node. exclude_nodes stay. Entries may share a node."""
        excluded = {node if isinstance(node, str) else node.name for node in _list_of(exclude_nodes)}
        # The longest namespace that fits takes a node.
        spaces = sorted(namespace_map, key=len, reverse=True)
        taken = {}
        for node in self._graph.node:
            if node.name in excluded:
                continue
            for space in spaces:
                if node.name == space or node.name.startswith(space.rstrip("/") + "/"):
                    taken[node.name] = namespace_map[space].name
                    break
        inputs, order = {node.name: list(node.input) for node in namespace_map.values()}, {}
        for node in namespace_map.values():
            order.setdefault(node.name, node)
        for node in self._graph.node:
            if node.name not in taken:
                continue
            target = taken[node.name]
            for text in node.input:
                source = taken.get(_name_of(text))
                if source == target:
                    continue
                if source is not None:
                    text = ("^" if text.startswith("^") else "") + source
                if not unique_inputs or text not in inputs[target]:
                    inputs[target].append(text)
        for node in self._graph.node:
            if node.name in taken:
                continue
            seen, kept = set(), []
            for text in node.input:
                target = taken.get(_name_of(text))
                if target is not None:
                    text = ("^" if text.startswith("^") else "") + target
                    if text in seen:
                        continue
                    seen.add(text)
                kept.append(text)
            del node.input[:]
            node.input.extend(kept)
        self._keep(lambda node: node.name not in taken)
        for name, node in order.items():
            added = self._graph.node.add()
            added.ParseFromString(node.SerializeToString())
            del added.input[:]
            added.input.extend(inputs[name])
        self._changed()
