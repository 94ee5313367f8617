"""Nodes: made out of Python values, and constants as arrays."""
import pathlib

import numpy as np

from . import _schema

_messages, _enums = _schema.load(pathlib.Path(__file__).parent / "graph.proto")
GraphDef, NodeDef, AttrValue, TensorProto = (_messages[name] for name in ("GraphDef", "NodeDef", "AttrValue", "TensorProto"))
_TYPES = _enums["DataType"]

_NUMPY = {"float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "int64": 9, "bool": 10, "uint16": 17, "float16": 19,
          "uint32": 22, "uint64": 23}
_NUMPY_OF = {number: np.dtype(name) for name, number in _NUMPY.items()}
_LISTS = {1: "float_val", 2: "double_val", 9: "int64_val", 10: "bool_val", 22: "uint32_val", 23: "uint64_val"}
_WORDS = {"float": 1, "half": 19, "double": 2, "int": 3, "long": 9, "string": 7, "bfloat16": 14}


def type_number(dtype):
    """TensorFlow's number of a type: of its own types, NumPy's, Python's, or a word such as "float32"."""
    number = getattr(dtype, "as_datatype_enum", None)
    if number is not None:
        return int(number)
    if isinstance(dtype, (int, np.integer)) and not isinstance(dtype, bool):
        return int(dtype)
    if isinstance(dtype, str):
        word = dtype.rpartition(".")[2]
        if word in _WORDS or word in _NUMPY:
            return _WORDS.get(word) or _NUMPY[word]
        if word.upper() in _TYPES:
            return _TYPES[word.upper()]
        if "DT_" + word.upper() in _TYPES:
            return _TYPES["DT_" + word.upper()]
    try:
        return _NUMPY[np.dtype(dtype).name]
    except (KeyError, TypeError):
        raise ValueError(f"{dtype!r} is no element type") from None


def array_of(node):
    """The values of a Const node as a NumPy array."""
    if node.op != "Const":
        raise ValueError(f"node '{node.name}' is {node.op}, no Const")
    tensor = node.attr["value"].tensor
    dtype = _NUMPY_OF.get(tensor.dtype)
    if dtype is None:
        raise ValueError(f"its elements are of TensorFlow's type {tensor.dtype}, which is no number type")
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    count = int(np.prod(shape, dtype=np.int64))
    if tensor.tensor_content:
        array = np.frombuffer(tensor.tensor_content, dtype)
    elif tensor.dtype == 19:
        array = np.array(list(tensor.half_val), np.uint16).view(np.float16)
    else:
        array = np.array(list(getattr(tensor, _LISTS.get(tensor.dtype, "int_val"))), dtype)
    if array.size < count:  # the last one stands for those behind it
        rest = array[-1] if array.size else dtype.type(0)
        array = np.concatenate([array, np.full(count - array.size, rest, dtype)])
    if array.size != count:
        raise ValueError(f"its dims {shape} are {count} elements, but there are {array.size}")
    return array.reshape(shape)


def _tensor_of(array):
    array = np.ascontiguousarray(array)
    tensor = TensorProto(dtype=type_number(array.dtype), tensor_content=array.tobytes())
    for size in array.shape:
        tensor.tensor_shape.dim.add(size=size)
    return tensor


def _is_type(value):
    return hasattr(value, "as_datatype_enum") or isinstance(value, (type, np.dtype))


def _set(attribute, value):
    """An attribute out of a Python value."""
    if hasattr(value, "SerializeToString"):
        # A message: an AttrValue of ours or of TensorFlow's, or a tensor.
        data = value.SerializeToString()
        if type(value).__name__ == "TensorProto":
            attribute.tensor.ParseFromString(data)
        else:
            attribute.ParseFromString(data)
    elif _is_type(value):
        attribute.type = type_number(value)
    elif isinstance(value, (bool, np.bool_)):
        attribute.b = bool(value)
    elif isinstance(value, (int, np.integer)):
        attribute.i = int(value)
    elif isinstance(value, (float, np.floating)):
        attribute.f = float(value)
    elif isinstance(value, (str, bytes)):
        attribute.s = value.encode() if isinstance(value, str) else value
    elif isinstance(value, np.ndarray):
        attribute.tensor.CopyFrom(_tensor_of(value))
    elif isinstance(value, (list, tuple)):
        attribute.list.SetInParent()
        if all(isinstance(v, (bool, np.bool_)) for v in value):
            attribute.list.b.extend(bool(v) for v in value)
        elif all(isinstance(v, (int, np.integer)) for v in value):
            attribute.list.i.extend(int(v) for v in value)
        elif all(isinstance(v, (int, float, np.integer, np.floating)) for v in value):
            attribute.list.f.extend(float(v) for v in value)
        elif all(isinstance(v, (str, bytes)) for v in value):
            attribute.list.s.extend(v.encode() if isinstance(v, str) else v for v in value)
        elif all(_is_type(v) for v in value):
            attribute.list.type.extend(type_number(v) for v in value)
        else:
            raise ValueError(f"a list of several kinds of values cannot be an attribute: {value!r}")
    else:
        raise ValueError(f"{type(value).__name__} cannot be an attribute: {value!r}")


def _shape_into(attribute, shape):
    attribute.shape.SetInParent()
    if shape is None:
        attribute.shape.unknown_rank = True
        return
    for size in getattr(shape, "as_list", lambda: shape)():
        attribute.shape.dim.add(size=-1 if size is None else int(size))


def update_node(node, name=None, op=None, trt_plugin=False, **attributes):
    """Changes a node: its name and operation where they are given, and the attributes that are. `dtype` and `shape` are those of
    placeholders, `inputs` the names of what it reads (or nodes), `value` of a Const an array."""
    if name:
        node.name = name
    if op:
        node.op = op
    elif trt_plugin and not node.op:
        node.op = node.name
    for key, value in attributes.items():
        if key in ("input", "inputs"):
            del node.input[:]
            node.input.extend(v if isinstance(v, str) else v.name for v in ([value] if isinstance(value, str) else value))
        elif key == "dtype":
            node.attr[key].type = type_number(value)
        elif key == "shape" and not hasattr(value, "SerializeToString"):
            node.attr[key].Clear()
            _shape_into(node.attr[key], value)
        elif key == "value" and node.op == "Const" and not hasattr(value, "SerializeToString"):
            array = np.asarray(value, _NUMPY_OF.get(node.attr["dtype"].type) if "dtype" in node.attr else None)
            node.attr[key].tensor.CopyFrom(_tensor_of(array))
            node.attr["dtype"].type = type_number(array.dtype)
        else:
            _set(node.attr[key], value)
    return node


def create_node(name, op=None, trt_plugin=False, **attributes):
    """A node of its own; its operation is its name where none is given. See update_node for the attributes."""
    return update_node(NodeDef(), name, op or name, trt_plugin, **attributes)


def create_plugin_node(name, op=None, **attributes):
    """A node that a plugin of the operation's name computes; attributes become the plugin's fields."""
    return create_node(name, op or name, True, **attributes)
