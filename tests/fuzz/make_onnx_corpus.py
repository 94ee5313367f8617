#!/usr/bin/env python3
"""Writes the seeds of the ONNX fuzzer: usage make_onnx_corpus.py FOLDER. Needs the onnx package; the seeds are kept in the project."""
import pathlib, sys

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper as h


def model(nodes, inputs, outputs, initializers=(), functions=(), opset=17, **graph_parts):
    graph = h.make_graph(nodes, "g", inputs, outputs, list(initializers), **graph_parts)
    opsets = [h.make_opsetid("", opset), h.make_opsetid("mine", 1)]
    return h.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=8)


def value(name, dims, kind=T.FLOAT):
    return h.make_tensor_value_info(name, kind, dims)


def tensor(name, array):
    return onnx.numpy_helper.from_array(np.asarray(array), name)


def one_node(op, shapes, outputs=1, initializers=(), opset=17, kinds=None, **attributes):
    names = [f"x{i}" for i in range(len(shapes))]
    outs = [f"y{i}" for i in range(outputs)]
    inputs = [value(n, s, (kinds or {}).get(n, T.FLOAT)) for n, s in zip(names, shapes)]
    node = h.make_node(op, names + [t.name for t in initializers], outs, **attributes)
    return model([node], inputs, [value(o, None) for o in outs], initializers, opset=opset)


def seeds():
    image = ["n", 3, 8, 8]
    yield "conv", one_node("Conv", [image], initializers=[tensor("w", np.ones((4, 3, 3, 3), np.float32))], pads=[1, 1, 1, 1], strides=[2, 2])
    yield "deconvolution", one_node("ConvTranspose", [image], initializers=[tensor("w", np.ones((3, 2, 2, 2), np.float32))], strides=[2, 2])
    yield "max_pool", one_node("MaxPool", [image], kernel_shape=[2, 2], auto_pad="SAME_UPPER")
    yield "average_pool", one_node("AveragePool", [image], kernel_shape=[3, 3], ceil_mode=1)
    yield "gemm", one_node("Gemm", [["n", 4], [5, 4], [5]], transB=1)
    yield "matmul", one_node("MatMul", [["b", 2, 4], ["b", 4, 3]])
    yield "softmax", one_node("Softmax", [["n", 4]], axis=1)
    yield "reduce", one_node("ReduceMean", [["n", 4, 2]], axes=[-1], keepdims=0)
    yield "transpose", one_node("Transpose", [[2, 3, "w"]], perm=[2, 0, 1])
    yield "reshape", one_node("Reshape", [["n", 4, 2]], initializers=[tensor("s", np.array([0, -1], np.int64))])
    yield "slice", one_node("Slice", [["n", 4]], initializers=[tensor(n, np.array([v], np.int64)) for n, v in [("b", 1), ("e", 3), ("a", 1), ("s", 1)]])
    yield "split", one_node("Split", [["n", 4]], outputs=2, axis=1)
    yield "concat", one_node("Concat", [["n", 4], ["n", 2]], axis=1)
    yield "gather", one_node("Gather", [["n", 4]], initializers=[tensor("i", np.array([0, -1], np.int64))], axis=1)
    yield "pad", one_node("Pad", [["n", 4]], initializers=[tensor("p", np.array([0, 1, 0, 1], np.int64))], mode="reflect")
    yield "resize", one_node("Resize", [image], initializers=[tensor("roi", np.array([], np.float32)), tensor("s", np.array([1, 1, 2, 2], np.float32))], mode="linear")
    yield "topk", one_node("TopK", [["n", 8]], outputs=2, initializers=[tensor("k", np.array([3], np.int64))])
    yield "nonzero", one_node("NonZero", [["n", 2]])
    yield "lstm", one_node("LSTM", [["t", 2, 3]], outputs=3, hidden_size=4,
                           initializers=[tensor("w", np.ones((1, 16, 3), np.float32)), tensor("r", np.ones((1, 16, 4), np.float32))])
    yield "quantize", one_node("QuantizeLinear", [["n", 4]], initializers=[tensor("s", np.float32(0.5)), tensor("z", np.int8(0))])
    yield "batch_norm", one_node("BatchNormalization", [image], initializers=[tensor(n, np.ones(3, np.float32)) for n in "sbmv"])
    yield "layer_norm", one_node("LayerNormalization", [["n", 4], [4]])
    yield "einsum", one_node("Einsum", [["b", 2, 4], ["b", 4, 3]], equation="bij,bjk->bik")
    yield "cast", one_node("Cast", [["n"]], to=T.INT64)
    yield "clip", model([h.make_node("Clip", ["x", "", "m"], ["y"])], [value("x", ["n"])], [value("y", None)], [tensor("m", np.float32(6))])
    yield "sparse", model([h.make_node("Add", ["x", "w"], ["y"])], [value("x", [2, 2])], [value("y", None)],
                          sparse_initializer=[h.make_sparse_tensor(tensor("w", np.ones(2, np.float32)), tensor("i", np.array([1, 2], np.int64)), [2, 2])])
    shape = [h.make_node("Shape", ["x"], ["s"]), h.make_node("Gather", ["s", "zero"], ["n"]), h.make_node("Unsqueeze", ["n", "axis"], ["u"]),
             h.make_node("Concat", ["u", "rest"], ["d"], axis=0), h.make_node("Reshape", ["x", "d"], ["y"])]
    yield "shape_arithmetic", model(shape, [value("x", ["batch", 2, 3])], [value("y", None)],
                                    [tensor("zero", np.int64(0)), tensor("axis", np.array([0], np.int64)), tensor("rest", np.array([-1], np.int64))])
    branch = lambda name, op: h.make_graph([h.make_node(op, ["x"], [name])], name, [], [value(name, ["n"])])
    choose = h.make_node("If", ["c"], ["y"], then_branch=branch("t", "Neg"), else_branch=branch("e", "Relu"))
    yield "if_known", model([choose], [value("x", ["n"])], [value("y", None)], [tensor("c", np.array(True))])
    yield "if_unknown", model([choose], [value("x", ["n"]), value("c", [], T.BOOL)], [value("y", None)])
    body = h.make_graph([h.make_node("Add", ["v", "x"], ["w"]), h.make_node("Identity", ["go"], ["on"])], "body",
                        [value("i", [], T.INT64), value("go", [], T.BOOL), value("v", [2])], [value("on", [], T.BOOL), value("w", [2])])
    yield "loop", model([h.make_node("Loop", ["m", "", "x"], ["y"], body=body)], [value("x", [2])], [value("y", None)], [tensor("m", np.int64(3))])
    function = h.make_function("mine", "F", ["v"], ["r"], [h.make_node("Neg", ["v"], ["r"])], [h.make_opsetid("", 17)])
    caller = h.make_function("mine", "G", ["v"], ["r"], [h.make_node("F", ["v"], ["q"], domain="mine"), h.make_node("F", ["q"], ["r"], domain="mine")],
                             [h.make_opsetid("", 17), h.make_opsetid("mine", 1)])
    yield "functions", model([h.make_node("G", ["x"], ["y"], domain="mine")], [value("x", ["n"])], [value("y", None)], functions=[function, caller])
    recursive = h.make_function("mine", "F", ["v"], ["r"], [h.make_node("F", ["v"], ["r"], domain="mine")], [h.make_opsetid("mine", 1)])
    yield "recursion", model([h.make_node("F", ["x"], ["y"], domain="mine")], [value("x", ["n"])], [value("y", None)], functions=[recursive])
    yield "cycle", model([h.make_node("Add", ["x", "b"], ["a"]), h.make_node("Neg", ["a"], ["b"])], [value("x", ["n"])], [value("b", None)])
    yield "fill", model([h.make_node("ConstantOfShape", ["d"], ["y"])], [], [value("y", None)], [tensor("d", np.array([1 << 40, 1 << 40], np.int64))])
    huge = tensor("w", np.ones(1, np.float32))
    huge.dims[0] = (1 << 63) - 1
    yield "huge_dims", model([h.make_node("Add", ["x", "w"], ["y"])], [value("x", ["n"])], [value("y", None)], [huge])
    outside = T(name="w", data_type=T.FLOAT, dims=[1], data_location=T.EXTERNAL)
    outside.external_data.add(key="location", value="../../etc/passwd")
    yield "external", model([h.make_node("Add", ["x", "w"], ["y"])], [value("x", ["n"])], [value("y", None)], [outside])


folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name, made in seeds():
    (folder / f"{name}.onnx").write_bytes(made.SerializeToString())
