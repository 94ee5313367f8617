"""A UFF model under construction: nodes with their fields, and what fields refer to."""
import pathlib

from graphsurgeon import _schema

_messages, _enums = _schema.load(pathlib.Path(__file__).parent / "uff.proto")
MetaGraph, Data = _messages["MetaGraph"], _messages["Data"]
DataType = _enums["DataType"]

_INCREMENT, _DECREMENT, _ANY_RANK = 2147483647, -2147483648, -1


def orders_of(axes):
    """Where the axes of data stand in the canonical order: "N+C" is [0, 2, all that follow, 1]; "+" stands for the spatial axes."""
    orders = []
    for axis in axes:
        if axis == "+":
            orders += [2, _INCREMENT]
        elif axis == "-":
            orders += [_DECREMENT, 2]
        else:
            orders.append({"N": 0, "K": 0, "C": 1}[axis])
    return orders


class Dtype(int):
    """A number of UFF's types, so that a field knows that it is one."""


class Ref(str):
    """A key of the referenced data."""


def data_of(value):
    """A field's value as a message: words, numbers, truth values, types, or lists of one kind of them. None where it is an empty list."""
    data = Data()
    if isinstance(value, Ref):
        data.ref = value
    elif isinstance(value, Dtype):
        data.dtype = value
    elif isinstance(value, bool):
        data.b = value
    elif isinstance(value, int):
        data.i = value
    elif isinstance(value, float):
        data.d = value
    elif isinstance(value, str):
        data.s = value
    elif isinstance(value, bytes):
        data.blob = value
    elif isinstance(value, (list, tuple)):
        if not value:
            data.i_list.SetInParent()
        elif all(isinstance(v, Dtype) for v in value):
            data.dtype_list.val.extend(value)
        elif all(isinstance(v, bool) for v in value):
            data.b_list.val.extend(value)
        elif all(isinstance(v, int) for v in value):
            data.i_list.val.extend(value)
        elif all(isinstance(v, (int, float)) for v in value):
            data.d_list.val.extend(float(v) for v in value)
        elif all(isinstance(v, str) for v in value):
            data.s_list.val.extend(value)
        else:
            raise TypeError(f"a list of several kinds of values cannot be a field: {value!r}")
    else:
        raise TypeError(f"{type(value).__name__} cannot be a field: {value!r}")
    return data


class Model:
    def __init__(self):
        self.message = MetaGraph(version=1, descriptor_core_version=1)
        self.message.descriptors.add(id="tensorflow_extension", version=1)
        self.graph = self.message.graphs.add(id="main")
        self.ids = set()
        self.has_custom = False

    def add(self, node_id, operation, inputs=(), fields=None):
        if node_id in self.ids:
            raise ValueError(f"two nodes are called '{node_id}'")
        self.ids.add(node_id)
        node = self.graph.nodes.add(id=node_id, inputs=list(inputs), operation=operation)
        for name, value in (fields or {}).items():
            node.fields[name].CopyFrom(data_of(value))
        if operation.startswith("_") and not self.has_custom:
            self.message.descriptors.add(id="custom", version=1)
            self.has_custom = True

    def _refer(self, key, data):
        """A key under which `data` lies: this one, or one with a suffix where other data has it."""
        fresh, suffix = key, 0
        while fresh in self.message.referenced_data and self.message.referenced_data[fresh] != data:
            fresh, suffix = f"{key}_{suffix}", suffix + 1
        self.message.referenced_data[fresh].CopyFrom(data)
        return Ref(fresh)

    def blob(self, node_id, values):
        return self._refer(f"weights_{node_id}", Data(blob=values))

    def orders(self, *formats):
        data = Data()
        for axes in formats:
            data.dim_orders_list.val.add().orders[_ANY_RANK].val.extend(orders_of(axes))
        return self._refer("orders_" + "_".join(formats), data)

    def check(self):
        """Each input is there."""
        for node in self.graph.nodes:
            for name in node.inputs:
                if name not in self.ids:
                    raise ValueError(f"node '{node.id}' ({node.operation}) reads '{name}', and there is no such node")

    def bytes(self):
        return self.message.SerializeToString(deterministic=True)

    def text(self):
        """Text for people: long values are left out."""
        from google.protobuf import text_format
        copy = MetaGraph()
        copy.CopyFrom(self.message)
        for data in copy.referenced_data.values():
            if len(data.blob) > 32:
                data.blob = f"(...{len(data.blob)} bytes skipped...)".encode()
        return text_format.MessageToString(copy)
