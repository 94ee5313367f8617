"""How nodes of TensorFlow become nodes of UFF. A function takes a Conversion and the TensorFlow node, adds nodes, and returns the inputs
that are still to be converted."""
from ._model import DataType, Dtype

OPERATORS = {}

_TYPES = {1: "DT_FLOAT32", 3: "DT_INT32", 5: "DT_INT16", 6: "DT_INT8", 9: "DT_INT64", 19: "DT_FLOAT16", 10: "DT_INT32", 2: "DT_FLOAT32"}


def converts(*names):
    def note(function):
        for name in names:
            OPERATORS[name] = function
        return function
    return note


def uff_type(dtype):
    """UFF's type for a number of TensorFlow's; 7 stands for those that UFF does not have."""
    return Dtype(DataType[_TYPES[dtype]]) if dtype in _TYPES else Dtype(DataType["DT_INVALID"])


def is_channels_first(node):
    return node.attr["data_format"].s == b"NCHW" if "data_format" in node.attr else False


def activations(node):
    return "NC+" if is_channels_first(node) else "N+C"


def sides(node, name):
    """The entries of height and width."""
    values = list(node.attr[name].list.i)
    return values[2:4] if is_channels_first(node) else values[1:3]


@converts("Placeholder")
def _placeholder(to, node):
    shape = node.attr["shape"].shape if "shape" in node.attr else None
    dims = [] if shape is None or shape.unknown_rank else [dim.size for dim in shape.dim]
    to.add(node, "Input", [], {"dtype": uff_type(node.attr["dtype"].type), "shape": dims})
    return []


@converts("Const")
def _const(to, node):
    if node.attr["dtype"].type == 7:  # words
        values = [v.decode(errors="replace") for v in node.attr["value"].tensor.string_val]
        to.add(node, "Const", [], {"values": values[0] if len(values) == 1 else values})
        return []
    array = to.array(node)
    dtype = Dtype(DataType[{"float32": "DT_FLOAT32", "float16": "DT_FLOAT16", "int8": "DT_INT8", "int16": "DT_INT16", "int32": "DT_INT32",
                            "int64": "DT_INT64"}[array.dtype.name]])
    to.add(node, "Const", [], {"values": to.model.blob(node.name, array.tobytes()), "shape": [int(d) for d in array.shape], "dtype": dtype})
    return []


@converts("Identity")
def _identity(to, node):
    to.add(node, "Identity", to.inputs(node))
    return to.inputs(node)


def _same_inputs(operation, function=None):
    def convert(to, node):
        inputs = to.inputs(node)
        to.add(node, operation, inputs, {"func": function} if function else None)
        return inputs
    return convert


for _name, _function in {"Add": "add", "AddV2": "add", "Sub": "sub", "Mul": "mul", "Div": "div", "RealDiv": "div", "Minimum": "min",
                         "Maximum": "max", "Pow": "pow"}.items():
    OPERATORS[_name] = _same_inputs("Binary", _function)
for _name in ["Relu", "Relu6", "Tanh", "Sigmoid", "Elu", "Selu", "Softsign", "Softplus"]:
    OPERATORS[_name] = _same_inputs("Activation", _name.lower())
for _name in ["Neg", "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Cos", "Cosh", "Sin", "Sinh", "Tan", "Floor", "Sqrt",
              "Rsqrt", "Square", "Exp", "Log"]:
    OPERATORS[_name] = _same_inputs("Unary", _name.lower())
OPERATORS["Shape"] = _same_inputs("Shape")


@converts("LeakyRelu")
def _leaky_relu(to, node):
    to.add(node, "LeakyRelu", to.inputs(node), {"alpha": float(node.attr["alpha"].f) if "alpha" in node.attr else 0.2})
    return to.inputs(node)


@converts("Softmax")
def _softmax(to, node):
    inputs = to.inputs(node)
    axis = to.integers(inputs.pop())[0] if len(inputs) == 2 else 0
    to.add(node, "Softmax", inputs, {"inputs_orders": to.model.orders("N+C"), "axis": axis})
    return inputs


@converts("ExpandDims", "ArgMax", "ArgMin")
def _with_axis(to, node):
    inputs = to.inputs(node)
    axis = to.integers(inputs[1])[0]
    to.add(node, node.op, inputs[:1], {"axis": axis})
    return inputs[:1]


@converts("Reshape")
def _reshape(to, node):
    inputs = to.inputs(node)
    scope = node.name.split("/")[-2] if "/" in node.name else ""
    if "flatten" in scope.lower():
        to.add(node, "Flatten", inputs[:1])
        return inputs[:1]
    to.add(node, "Reshape", inputs)
    return inputs


@converts("Transpose")
def _transpose(to, node):
    inputs = to.inputs(node)
    to.add(node, "Transpose", inputs[:1], {"permutation": to.integers(inputs[1])})
    return inputs[:1]


@converts("Pack")
def _pack(to, node):
    to.add(node, "Stack", to.inputs(node), {"axis": int(node.attr["axis"].i)})
    return to.inputs(node)


@converts("ConcatV2")
def _concat(to, node):
    inputs = to.inputs(node)
    axis = int(node.attr["axis"].i) if "axis" in node.attr else to.integers(inputs.pop())[0]
    to.add(node, "Concat", inputs, {"axis": axis})
    return inputs


@converts("Squeeze")
def _squeeze(to, node):
    to.add(node, "Squeeze", to.inputs(node), {"axes": [int(i) for i in node.attr["squeeze_dims"].list.i]})
    return to.inputs(node)


@converts("Pad")
def _pad(to, node):
    to.add(node, "Pad", to.inputs(node))
    return to.inputs(node)


@converts("StridedSlice")
def _strided_slice(to, node):
    for mask in ("ellipsis_mask", "new_axis_mask"):
        if node.attr[mask].i:
            raise ValueError(f"node '{node.name}' (StridedSlice): {mask} is {node.attr[mask].i}; UFF has no such slices")
    to.add(node, "StridedSlice", to.inputs(node), {m: int(node.attr[m].i) for m in ("begin_mask", "end_mask", "shrink_axis_mask")})
    return to.inputs(node)


@converts("Sum", "Prod", "Min", "Max", "Mean")
def _reduce(to, node):
    inputs = to.inputs(node)
    to.add(node, "Reduce", inputs[:1], {"func": node.op.lower(), "axes": to.integers(inputs[1]), "keepdims": bool(node.attr["keep_dims"].b)})
    return inputs[:1]


@converts("Gather", "GatherV2", "ResourceGather")
def _gather(to, node):
    inputs = to.inputs(node)
    fields = {"indices_dtype": uff_type(node.attr["Tindices"].type), "params_dtype": uff_type(node.attr["Tparams"].type)}
    if node.op == "Gather":
        fields["validate_indices"] = bool(node.attr["validate_indices"].b)
        to.add(node, "Gather", inputs, fields)
        return inputs
    fields["axis"] = to.integers(inputs[2])[0] if len(inputs) == 3 else 0
    to.add(node, "GatherV2", inputs[:2], fields)
    return inputs[:2]


@converts("LRN")
def _lrn(to, node):
    attr = node.attr
    to.add(node, "LRN", to.inputs(node), {
        "window_size": int(attr["depth_radius"].i) if "depth_radius" in attr else 5, "alpha": float(attr["alpha"].f) if "alpha" in attr else 1.0,
        "beta": float(attr["beta"].f) if "beta" in attr else 0.5, "k": float(attr["bias"].f) if "bias" in attr else 1.0,
        "inputs_orders": to.model.orders("N+C")})
    return to.inputs(node)


@converts("MatMul")
def _matmul(to, node):
    left, right = "CN" if node.attr["transpose_a"].b else "NC", "KC" if node.attr["transpose_b"].b else "CK"
    to.add(node, "FullyConnected", to.inputs(node), {"inputs_orders": to.model.orders(left, right)})
    return to.inputs(node)


@converts("BiasAdd")
def _bias_add(to, node):
    inputs = to.inputs(node)
    bias = to.nodes[inputs[1]]
    if is_channels_first(node) and bias.op == "Const":
        array = to.array(bias)
        to.add_array(bias.name, array.reshape(-1, 1, 1))
    else:
        to.convert(bias.name)
    to.add(node, "Binary", inputs, {"func": "add"})
    return inputs[:1]


@converts("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
def _batch_norm(to, node):
    epsilon = float(node.attr["epsilon"].f) if "epsilon" in node.attr else 1e-4
    to.add(node, "BatchNorm", to.inputs(node), {"epsilon": epsilon, "inputs_orders": to.model.orders(activations(node))})
    return to.inputs(node)


def _padding(to, node, inputs):
    """Fields of the padding. A Pad in front that is the same on both sides is taken in, and the inputs skip it."""
    padding = node.attr["padding"].s
    if padding == b"SAME":
        return {"implicit_padding": "same"}
    if padding == b"EXPLICIT":
        pads = list(node.attr["explicit_paddings"].list.i)
        first = 4 if is_channels_first(node) else 2
        if pads[first] != pads[first + 1] or pads[first + 2] != pads[first + 3]:
            raise ValueError(f"node '{node.name}' ({node.op}): explicit paddings {pads} differ between the sides, which UFF does not have")
        return {"padding": [int(pads[first]), int(pads[first + 2])]}
    before = to.nodes.get(inputs[0])
    if before is None or before.op != "Pad":
        return {}
    pads = to.array(to.nodes[to.inputs(before)[1]]).tolist()
    first = 2 if is_channels_first(node) else 1
    outside = [pair for d, pair in enumerate(pads) if d not in (first, first + 1)]
    if len(pads) != 4 or any(any(pair) for pair in outside) or any(a != b for a, b in pads[first:first + 2]):
        return {}
    inputs[0] = to.inputs(before)[0]
    return {"padding": [int(a) for a, _ in pads[first:first + 2]]}


@converts("MaxPool", "AvgPool")
def _pool(to, node):
    inputs = to.inputs(node)
    fields = {"func": node.op[:3].lower(), "kernel": sides(node, "ksize"), "strides": sides(node, "strides")}
    fields |= _padding(to, node, inputs)
    fields["inputs_orders"] = to.model.orders(activations(node))
    to.add(node, "Pool", inputs, fields)
    return inputs


@converts("Conv2D", "DepthwiseConv2dNative")
def _conv(to, node):
    inputs = to.inputs(node)
    fields = {"strides": sides(node, "strides")} | _padding(to, node, inputs)
    if "dilations" in node.attr:
        fields["dilation"] = sides(node, "dilations")
    if node.name in to.dilated:
        dilation, padding = to.dilated[node.name]
        fields["dilation"] = dilation
        if any(padding):
            fields["padding"] = padding
    if node.op == "DepthwiseConv2dNative":
        kernel = to.nodes[inputs[1]]
        if kernel.op != "Const":
            raise ValueError(f"node '{node.name}' ({node.op}): its kernel '{kernel.name}' ({kernel.op}) is no constant")
        fields["number_groups"] = int(to.array(kernel).shape[2])
    fields["inputs_orders"] = to.model.orders(activations(node), "+CK")
    to.add(node, "Conv", inputs, fields)
    return inputs


@converts("Conv2DBackpropInput")
def _conv_transpose(to, node):
    shape, kernel, x = to.inputs(node)
    fields = {"strides": sides(node, "strides")}
    if node.attr["padding"].s == b"SAME":
        fields["implicit_padding"] = "same"
    if "dilations" in node.attr:
        fields["dilation"] = sides(node, "dilations")
    fields["inputs_orders"] = to.model.orders(activations(node), "+KC")
    to.add(node, "ConvTranspose", [x, kernel, shape], fields)
    return [x, kernel, shape]


def custom(to, node):
    """A node that UFF does not have: "_Name" for a plugin of that name, with the attributes as fields."""
    fields = {}
    for name, value in node.attr.items():
        kind = value.WhichOneof("value")
        if kind in ("i", "b"):
            fields[name] = bool(value.b) if kind == "b" else int(value.i)
        elif kind == "f":
            fields[name] = float(value.f)
        elif kind == "s":
            fields[name] = value.s.decode(errors="replace")
        elif kind == "type":
            fields[name] = uff_type(value.type)
        elif kind == "shape":
            fields[name] = [int(dim.size) for dim in value.shape.dim]
        elif kind == "list":
            parts = value.list
            lists = ([int(v) for v in parts.i], [float(v) for v in parts.f], [bool(v) for v in parts.b],
                     [v.decode(errors="replace") for v in parts.s], [uff_type(v) for v in parts.type])
            if filled := [part for part in lists if part]:
                fields[name] = filled[0]
    inputs = to.inputs(node)
    to.add(node, "_" + node.op, inputs, fields)
    return inputs
