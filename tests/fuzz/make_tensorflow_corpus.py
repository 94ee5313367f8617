#!/usr/bin/env python3
"""Writes the seeds of the fuzzers of TensorFlow graphs and UFF models: usage make_tensorflow_corpus.py FOLDER, which gets graph_def/ and
uff/. The seeds are kept in the project."""
import pathlib, struct, sys


def varint(value):
    value &= (1 << 64) - 1
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number, data):
    if isinstance(data, str):
        data = data.encode()
    return varint(number << 3 | 2) + varint(len(data)) + data


def number(field_number, value):
    return varint(field_number << 3) + varint(value)


def real(value):
    return struct.pack("<f", value)


# ---- GraphDef: attributes are already encoded AttrValues ----

def i(value): return number(3, value)
def b(value): return number(5, value)
def s(value): return field(2, value)
def kind(value): return number(6, value)
def f(value): return varint(4 << 3 | 5) + real(value)
def ints(*values): return field(1, field(3, b"".join(map(varint, values))))
def dims(*sizes): return b"".join(field(2, number(1, n)) for n in sizes)
def tensor(dtype, shape, content): return field(8, number(1, dtype) + field(2, dims(*shape)) + content)


def node(op, name, inputs="", **attributes):
    body = field(1, name) + field(2, op) + b"".join(field(3, text) for text in inputs.split())
    return field(1, body + b"".join(field(5, field(1, key) + field(2, value)) for key, value in attributes.items()))


def const(name, shape, values):
    return node("Const", name, value=tensor(1, shape, field(4, b"".join(map(real, values)))))


def numbers(name, *values, scalar=False):
    return node("Const", name, value=tensor(3, [] if scalar else [len(values)], field(7, b"".join(map(varint, values)))))


def x(*shape):
    return node("Placeholder", "x", dtype=kind(1), shape=field(7, dims(*shape)))


IMAGE = x(-1, 4, 4, 2)
SHORT = tensor(1, [4], field(5, real(3)))
GRAPHS = {
    "conv": IMAGE + const("k", [3, 3, 2, 1], [1] * 18) + node("Conv2D", "y", "x k", strides=ints(1, 2, 2, 1), padding=s("SAME"), dilations=ints(1, 1, 1, 1)) + const("b", [1], [1]) + node("BiasAdd", "z", "y b"),
    "conv_nchw": x(1, 2, 4, 4) + const("k", [1, 1, 2, 1], [1, 2]) + node("Conv2D", "y", "x k", data_format=s("NCHW"), padding=s("EXPLICIT"), explicit_paddings=ints(0, 0, 0, 0, 1, 1, 2, 2)),
    "depthwise": IMAGE + const("k", [1, 1, 2, 2], [1, 2, 3, 4]) + node("DepthwiseConv2dNative", "y", "x k"),
    "transposed": x(1, 2, 2, 1) + const("k", [2, 2, 1, 1], [1] * 4) + numbers("d", 1, 4, 4, 1) + node("Conv2DBackpropInput", "y", "d k x", strides=ints(1, 2, 2, 1), padding=s("SAME")),
    "pool": IMAGE + node("MaxPool", "p", "x", ksize=ints(1, 2, 2, 1), strides=ints(1, 2, 2, 1), padding=s("SAME")) + node("AvgPool", "y", "p", ksize=ints(1, 2, 2, 1), padding=s("VALID")),
    "norm": IMAGE + b"".join(const(n, [2], [1, 2]) for n in "gbmv") + node("FusedBatchNormV3", "y", "x g b m v", epsilon=f(0.1), is_training=b(0)) + node("LRN", "z", "y:0", depth_radius=i(1)),
    "resize": IMAGE + numbers("n", 8, 8) + node("ResizeBilinear", "r", "x n", align_corners=b(1)) + node("ResizeNearestNeighbor", "y", "r n", half_pixel_centers=b(1)),
    "blocks": x(1, 2, 2, 4) + node("DepthToSpace", "d", "x", block_size=i(2)) + node("SpaceToDepth", "y", "d", block_size=i(2)),
    "pad": IMAGE + numbers("p", 0, 0, 1, 1, 1, 1, 0, 0) + node("Pad", "q", "x p") + node("MirrorPad", "y", "q p", mode=s("REFLECT")),
    "keras": x(-1, 2, 3) + node("Shape", "s", "x") + numbers("z", 0) + numbers("o", 1) + node("StridedSlice", "b", "s z o o", shrink_axis_mask=i(1)) + numbers("r", 6, scalar=True) + node("Pack", "d", "b r") + node("Reshape", "y", "x d"),
    "slices": x(2, 3, 4) + numbers("b", 1, 0, 1, 0) + numbers("e", 2, 0, 4, 0) + numbers("s", 1, 1, 2, 1) + node("StridedSlice", "y", "x b e s", shrink_axis_mask=i(1), ellipsis_mask=i(2), new_axis_mask=i(8)),
    "split": x(1, 4) + numbers("a", 1, scalar=True) + node("Split", "p", "a x", num_split=i(2)) + node("Sub", "y", "p:1 p ^x") + node("Unpack", "u", "x", axis=i(1)) + node("ConcatV2", "c", "p y a"),
    "reduce": IMAGE + numbers("a", 1, 2) + node("Mean", "m", "x a", keep_dims=b(1)) + node("Squeeze", "q", "m", squeeze_dims=ints(1, 2)) + node("Softmax", "s", "q") + numbers("o", 1, scalar=True) + node("ArgMax", "y", "s o"),
    "matmul": x(-1, 2) + const("w", [2, 3], [1] * 6) + node("MatMul", "m", "x w", transpose_a=b(0)) + node("BatchMatMulV2", "y", "m m", adj_y=b(1)),
    "moves": IMAGE + numbers("t", 0, 3, 1, 2) + node("Transpose", "p", "x t") + node("ExpandDims", "e", "p o") + numbers("o", 1, scalar=True) + node("GatherV2", "g", "x o o") + numbers("r", 1, 1, 2, 1) + node("Tile", "y", "x r"),
    "elements": x(4) + node("Const", "c", value=SHORT) + node("Mul", "m", "x c") + node("Rsqrt", "r", "m") + node("Greater", "g", "r x") + node("Select", "s", "g r x") + node("Cast", "y", "s", DstT=kind(3)) + node("Relu6", "z", "s"),
    "fill": x(4) + node("Shape", "s", "x") + const("v", [], [2]) + node("Fill", "f", "s v") + node("Range", "y", "o o o") + numbers("o", 1, scalar=True) + node("ZerosLike", "z", "x"),
    "cycle": node("Relu", "a", "b") + node("Relu", "b", "a") + node("Relu", "y", "a"),
    "huge": node("Const", "c", value=tensor(1, [2 ** 40, 2 ** 40], field(5, real(3)))) + node("Relu", "y", "c"),
}


# ---- UFF: fields are already encoded Datas ----

def data_s(text): return field(1, text)
def data_i(value): return number(7, value)
def data_b(value): return number(5, value)
def data_d(value): return varint(3 << 3 | 1) + struct.pack("<d", value)
def data_ints(*values): return field(8, field(1, b"".join(map(varint, values))))
def data_ref(text): return field(100, text)
def data_type(value): return number(101, value)


REST = 2147483647
NHWC, NCHW, HWIO, HWOI = (0, 2, REST, 1), (0, 1, 2, REST), (2, REST, 1, 0), (2, REST, 0, 1)


def orders(*given):
    return field(104, b"".join(field(1, field(1, number(1, -1) + field(2, field(1, b"".join(map(varint, one)))))) for one in given))


def uff_node(operation, name, inputs="", **fields):
    body = field(1, name) + b"".join(field(2, text) for text in inputs.split()) + field(3, operation)
    return field(2, body + b"".join(field(4, field(1, key) + field(2, value)) for key, value in fields.items()))


def meta(nodes, **referenced):
    return number(1, 1) + number(2, 1) + field(4, field(1, "main") + nodes) + b"".join(field(5, field(1, k) + field(2, v)) for k, v in referenced.items())


def uff_const(name, *shape):
    return uff_node("Const", name, dtype=data_type(0x20020), shape=data_ints(*shape), values=data_ref("w_" + name))


def blob(count): return field(9, real(0.5) * count)


INPUT = uff_node("Input", "x", shape=data_ints(-1, 4, 4, 2), dtype=data_type(0x20020))
UFFS = {
    "conv": meta(uff_node("MarkOutput", "MarkOutput_0", "y") + uff_node("Conv", "y", "x k", inputs_orders=orders(NHWC, HWIO), strides=data_ints(2, 2), implicit_padding=data_s("same")) + uff_const("k", 3, 3, 2, 1) + INPUT, w_k=blob(18)),
    "depthwise": meta(uff_node("Conv", "y", "x k", inputs_orders=orders(NHWC, HWIO), strides=data_ints(1, 1), padding=data_ints(1, 1), number_groups=data_i(2)) + uff_const("k", 1, 1, 2, 2) + INPUT, w_k=blob(4)),
    "nchw": meta(uff_node("Pool", "y", "x", func=data_s("max"), kernel=data_ints(2, 2), strides=data_ints(2, 2), inputs_orders=orders(NCHW)) + INPUT),
    "transposed": meta(uff_node("ConvTranspose", "y", "x k d", inputs_orders=orders(NHWC, HWOI), strides=data_ints(2, 2), implicit_padding=data_s("same")) + uff_const("k", 2, 2, 1, 2) + uff_node("Const", "d", dtype=data_type(0x10020), shape=data_ints(4), values=field(9, struct.pack("<4i", 1, 8, 8, 1))) + INPUT, w_k=blob(8)),
    "connected": meta(uff_node("Flatten", "f", "x") + uff_node("FullyConnected", "c", "f w", inputs_orders=orders((0, 1), (1, 0))) + uff_const("w", 32, 3) + uff_node("Activation", "a", "c", func=data_s("sigmoid")) + uff_node("Softmax", "y", "a", axis=data_i(0)) + INPUT, w_w=blob(96)),
    "norm": meta(b"".join(uff_const(n, 2) for n in "gbmv") + uff_node("BatchNorm", "n", "x g b m v", epsilon=data_d(0.1), inputs_orders=orders(NHWC)) + uff_node("LRN", "y", "n", window_size=data_i(1), alpha=data_d(1), beta=data_d(1), k=data_d(1), inputs_orders=orders(NHWC)) + INPUT, **{f"w_{n}": blob(2) for n in "gbmv"}),
    "functions": meta(uff_node("Unary", "u", "x", func=data_s("rsqrt")) + uff_node("Binary", "b", "u x", func=data_s("pow")) + uff_node("LeakyRelu", "l", "b", alpha=data_d(0.1)) + uff_node("Reduce", "r", "l", func=data_s("mean"), axes=data_ints(1, 2), keepdims=data_b(1)) + uff_node("Squeeze", "q", "r", axes=data_ints(1, 2)) + uff_node("ArgMax", "y", "q", axis=data_i(1)) + INPUT),
    "moves": meta(uff_node("Transpose", "t", "x", permutation=data_ints(0, 3, 1, 2)) + uff_node("Concat", "c", "t t", axis=data_i(1)) + uff_node("ExpandDims", "e", "c", axis=data_i(1)) + uff_node("Stack", "y", "e e", axis=data_i(0)) + INPUT),
    "custom": meta(uff_node("_DepthToSpace", "y", "x", block_size=data_i(1), mode=data_s("b'NHWC'")) + uff_node("_Unheard", "z", "x") + INPUT),
    "plugin": meta(uff_node("_ProgramClip", "y", "x", low=data_d(-1), high=data_d(1.5)) + uff_node("Input", "x", shape=data_ints(-1, 1, 1, 3))),
    "references": meta(uff_node("Const", "c", values=data_ref("a")) + uff_node("Identity", "y", "c"), a=data_ref("b"), b=data_ref("a")),
}

if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    for name, suffix, seeds in (("graph_def", "pb", GRAPHS), ("uff", "uff", UFFS)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for seed, data in seeds.items():
            (folder / name / f"{seed}.{suffix}").write_bytes(data)
