"""The rows of tools/bench/operators: single operators of ONNX, each at three sizes."""
import numpy as np
import onnx

RANDOM = np.random.default_rng(7)
NUMBERS = RANDOM.uniform(0, 1, 1000003).astype(np.float32)

class Rows:
    """Iterates over all rows; those whose index is not wanted come without their numbers."""

    dry = False

    def __init__(self, wanted=lambda index: True):
        self.wanted = wanted

    def __iter__(self):
        rows, index = cases(), 0
        while True:
            Rows.dry = not self.wanted(index)
            try:
                row = next(rows)
            except StopIteration:
                return
            finally:
                Rows.dry, index = False, index + 1
            yield row


def floats(*shape, low=-1.0, high=1.0):
    """Numbers that repeat after a million, which no operator minds."""
    if Rows.dry:
        return np.broadcast_to(np.float32(1), shape)
    return (np.resize(NUMBERS, shape) * np.float32(high - low) + np.float32(low)).astype(np.float32)


def integers(high, *shape, dtype=np.int64):
    if Rows.dry:
        return np.broadcast_to(dtype(1), shape)
    return RANDOM.integers(0, high, shape).astype(dtype)


def const(value, dtype=np.int64):
    """An input that models have as an initializer."""
    return ("constant", np.array(value, dtype))


def boxes(count):
    corner, size = floats(1, count, 2, low=0, high=600), floats(1, count, 2, low=10, high=80)
    return np.concatenate([corner, corner + size], 2)


def regions(count, size):
    corner = floats(count, 2, low=0, high=size * 0.6)
    return np.concatenate([corner, corner + floats(count, 2, low=4, high=size * 0.4)], 1)


def sparse(*shape):
    x = floats(*shape)
    if Rows.dry:
        return x
    x[np.abs(x) < 0.9] = 0
    return x


def lstm(steps, batch, inputs, hidden, op="LSTM", gates=4):
    return (f"{op} {steps}x{batch}x{inputs}, {hidden} units", op,
            [floats(steps, batch, inputs), ("constant", floats(1, gates * hidden, inputs) * 0.1), ("constant", floats(1, gates * hidden, hidden) * 0.1)],
            dict(hidden_size=hidden))


def images(op, sizes, more=(), **attributes):
    return ((f"{op} {'x'.join(map(str, s))}", op, [floats(*s), *more], attributes) for s in sizes)


UNARY = ("LeakyRelu Elu Selu Celu HardSigmoid HardSwish ThresholdedRelu Mish Softplus Softsign Erf Log Sin Cos Tan Atan Sinh Asinh Floor Ceil Round "
         "Abs Neg Reciprocal Sign Not IsNaN").split()
BINARY = "Sub Max Min Pow PRelu Equal Less Greater And BitShift Mod".split()
REDUCTIONS = "ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSumExp ReduceSumSquare".split()


def operand(op, shape, second=False):
    """An input that the operator takes and that keeps its results finite."""
    if op in ("Not", "And"):
        return floats(*shape) > 0
    if op == "BitShift":
        return integers(8, *shape, dtype=np.uint32)
    if op == "Mod":
        return integers(99, *shape, dtype=np.int32) + 1
    return floats(*shape, low=0.1 if op in ("Log", "Pow", "Reciprocal") or second else -1)


def pointwise_cases(sizes):
    for op in UNARY:
        yield from ((f"{op} {'x'.join(map(str, s))}", op, [operand(op, s)], {}) for s in sizes)
    for op in BINARY:
        more = dict(direction="LEFT") if op == "BitShift" else {}
        yield from ((f"{op} {'x'.join(map(str, s))}", op, [operand(op, s), operand(op, s, True)], more) for s in sizes)
    yield from ((f"Clip {'x'.join(map(str, s))}", "Clip", [floats(*s), const(-0.5, np.float32), const(0.5, np.float32)], {}) for s in sizes)
    yield from ((f"Add {'x'.join(map(str, s))} a channel", "Add", [floats(*s), floats(s[1], 1, 1)], {}) for s in sizes)
    for to, word in ((onnx.TensorProto.FLOAT16, "half"), (onnx.TensorProto.INT32, "int32"), (onnx.TensorProto.UINT8, "uint8")):
        yield from ((f"Cast to {word} {'x'.join(map(str, s))}", "Cast", [floats(*s, low=0, high=90)], dict(to=to)) for s in sizes)
    yield from ((f"Sum of 4 {'x'.join(map(str, s))}", "Sum", [floats(*s) for _ in range(4)], {}) for s in sizes)
    yield from ((f"BatchNormalization {'x'.join(map(str, s))}", "BatchNormalization",
              [floats(*s)] + [("constant", floats(s[1], low=0.5)) for _ in range(4)], {}) for s in sizes)


def product_cases():
    for channels, size, out, kernel, group in ((16, 32, 32, 3, 1), (64, 56, 64, 3, 1), (256, 28, 512, 1, 1)):
        pad = kernel // 2
        yield (f"Conv {channels}x{size}x{size} to {out}, {kernel}x{kernel}", "Conv",
                     [floats(1, channels, size, size), ("constant", floats(out, channels // group, kernel, kernel) * 0.1)],
                     dict(kernel_shape=[kernel, kernel], pads=[pad] * 4))
    for channels, size in ((32, 32), (96, 56), (384, 28)):
        yield (f"Conv {channels}x{size}x{size} depthwise 3x3", "Conv", [floats(1, channels, size, size), ("constant", floats(channels, 1, 3, 3))],
                     dict(kernel_shape=[3, 3], pads=[1] * 4, group=channels))
    for channels, size, out in ((8, 8, 8), (32, 28, 16), (128, 28, 64)):
        yield (f"ConvTranspose {channels}x{size}x{size} to {out}, 4x4 by 2", "ConvTranspose",
                     [floats(1, channels, size, size), ("constant", floats(channels, out, 4, 4) * 0.1)], dict(kernel_shape=[4, 4], strides=[2, 2], pads=[1] * 4))
    for m, k, n in ((16, 64, 64), (128, 768, 768), (512, 1024, 1024)):
        yield (f"MatMul {m}x{k}x{n}, weights", "MatMul", [floats(m, k), ("constant", floats(k, n))], {})
        yield (f"MatMul {m}x{k}x{n}", "MatMul", [floats(m, k), floats(k, n)], {})
        yield (f"Gemm {m}x{k}x{n}", "Gemm", [floats(m, k), ("constant", floats(n, k)), ("constant", floats(n))], dict(transB=1))
        yield (f"Einsum bij,bjk {m}x{k}x{n}", "Einsum", [floats(2, m, k), floats(2, k, n)], dict(equation="bij,bjk->bik"))
        yield (f"MatMulInteger {m}x{k}x{n}", "MatMulInteger", [integers(100, m, k, dtype=np.uint8), ("constant", integers(100, k, n, dtype=np.int8))], {})
    for b, h, s, d in ((1, 4, 16, 32), (1, 12, 128, 64), (4, 12, 256, 64)):
        yield (f"Attention {b}x{h}x{s}x{d}", "Attention", [floats(b, h, s, d) for _ in range(3)], dict(opset=23))
        half = d // 2
        yield (f"RotaryEmbedding {b}x{h}x{s}x{d}", "RotaryEmbedding", [floats(b, h, s, d), floats(s, half), floats(s, half), integers(s, b, s)], dict(opset=23))
        yield (f"TensorScatter {b}x{h}x{s * 4}x{d}", "TensorScatter", [floats(b, h, s * 4, d), floats(b, h, 1, d), integers(s, b)], dict(opset=24))
    for channels, size, out in ((8, 16, 8), (32, 28, 32), (64, 56, 64)):
        yield (f"DeformConv {channels}x{size}x{size} to {out}", "DeformConv",
                     [floats(1, channels, size, size), ("constant", floats(out, channels, 3, 3) * 0.1), floats(1, 18, size, size)],
                     dict(kernel_shape=[3, 3], pads=[1] * 4, opset=22))
    yield from (lstm(*sizes, op="RNN", gates=1) for sizes in ((16, 1, 64, 64), (64, 1, 256, 256), (64, 16, 256, 256)))


def remaining_cases(sizes):
    for op in REDUCTIONS:
        yield from ((f"{op} {r}x{c} rows", op, [floats(r, c, low=0.9, high=1.1), const([1])], {}) for r, c in ((64, 256), (512, 1024), (4096, 1024)))
    yield from ((f"ArgMin {r}x{c}", "ArgMin", [floats(r, c)], dict(axis=1)) for r, c in ((16, 1000), (512, 1000), (4096, 4096)))
    yield from images("GlobalAveragePool", sizes)
    yield from images("GlobalMaxPool", sizes)
    yield from images("LpNormalization", sizes, axis=1)
    yield from images("LpPool", sizes, kernel_shape=[2, 2], strides=[2, 2])
    yield from images("MeanVarianceNormalization", sizes)
    yield from ((f"GroupNormalization {'x'.join(map(str, s))}", "GroupNormalization", [floats(*s), floats(s[1]), floats(s[1])], dict(num_groups=8, opset=21)) for s in sizes)
    yield from ((f"RMSNormalization {r}x{c}", "RMSNormalization", [floats(r, c), floats(c)], dict(opset=23)) for r, c in ((16, 768), (128, 768), (4096, 768)))
    yield from ((f"LogSoftmax {r}x{c}", "LogSoftmax", [floats(r, c)], {}) for r, c in ((16, 1000), (1536, 128), (12288, 128)))
    yield from ((f"Hardmax {r}x{c}", "Hardmax", [floats(r, c)], {}) for r, c in ((16, 1000), (1536, 128), (12288, 128)))
    yield from ((f"Softmax {'x'.join(map(str, s))} channels", "Softmax", [floats(*s)], dict(axis=1)) for s in sizes)
    yield from ((f"Expand {r}x1 to {r}x{c}", "Expand", [floats(r, 1), const([r, c])], {}) for r, c in ((64, 256), (512, 512), (2048, 2048)))
    yield from ((f"Split {'x'.join(map(str, s))} in 2", "Split", [floats(*s)], dict(axis=1, num_outputs=2), 2) for s in sizes)
    squares = ((64, 64), (512, 512), (2048, 2048))
    yield from ((f"Trilu {r}x{c}", "Trilu", [floats(r, c)], {}) for r, c in squares)
    yield from ((f"EyeLike {r}x{c}", "EyeLike", [floats(r, c)], {}) for r, c in squares)
    yield from ((f"ReverseSequence {t}x{b}x{n}", "ReverseSequence", [floats(t, b, n), integers(t, b) + 1], {}) for t, b, n in ((16, 4, 64), (128, 16, 256), (512, 64, 256)))
    yield from ((f"ReverseSequence {b}x{t} time last", "ReverseSequence", [floats(b, t), integers(t, b) + 1], dict(batch_axis=0, time_axis=1)) for b, t in squares)
    yield from ((f"Compress {n} of {n}x64", "Compress", [floats(n, 64), floats(n) > 0], dict(axis=0)) for n in (64, 4096, 65536))
    yield from ((f"Compress {n} elements", "Compress", [floats(n), floats(n) > 0], {}) for n in (4096, 262144, 4194304))
    yield from ((f"Unique {n} of {m}", "Unique", [integers(m, n).astype(np.float32)], {}, 4) for n, m in ((256, 50), (4096, 500), (65536, 5000)))
    yield from ((f"RandomUniform {n}", "RandomUniformLike", [floats(n)], dict(seed=7.0)) for n in (4096, 262144, 4194304))
    yield from ((f"RandomNormal {n}", "RandomNormalLike", [floats(n)], dict(seed=7.0)) for n in (4096, 262144, 4194304))
    yield from ((f"Bernoulli {n}", "Bernoulli", [floats(n, low=0)], dict(seed=7.0)) for n in (4096, 262144, 4194304))
    yield from ((f"Multinomial {d} from {b}x{c}", "Multinomial", [floats(b, c)], dict(sample_size=d, seed=7.0)) for d, b, c in ((4, 4, 100), (16, 16, 1000), (64, 64, 4000)))
    yield from ((f"Range of {n}", "Range", [np.array(0, np.int64), np.array(n, np.int64), np.array(1, np.int64)], {}) for n in (4096, 262144, 4194304))
    yield from ((f"ConstantOfShape {r}x{c}", "ConstantOfShape", [np.array([r, c], np.int64)], {}) for r, c in squares)
    yield from ((f"DynamicQuantizeLinear {'x'.join(map(str, s))}", "DynamicQuantizeLinear", [floats(*s)], {}, 3) for s in sizes)
    for s in ((1, 8, 16, 16), (1, 64, 28, 28), (8, 64, 56, 56)):
        places = (np.arange(np.prod(s)).reshape(s) // s[3] * 4 * s[3] + np.arange(np.prod(s)).reshape(s) % s[3] * 2).astype(np.int64)
        yield (f"MaxUnpool {'x'.join(map(str, s))}", "MaxUnpool", [floats(*s), places], dict(kernel_shape=[2, 2], strides=[2, 2]))
    for n, s in ((10, 25), (100, 50), (300, 50)):
        yield (f"MaxRoiPool {n} of 256x{s}x{s}", "MaxRoiPool", [floats(1, 256, s, s), np.concatenate([np.zeros((n, 1), np.float32), regions(n, s)], 1)],
                     dict(pooled_shape=[7, 7]))
    yield from ((f"AffineGrid {n}x{s}x{s}", "AffineGrid", [floats(n, 2, 3), const([n, 3, s, s])], {}) for n, s in ((1, 32), (4, 128), (8, 512)))
    for c, s in ((8, 16), (32, 56), (64, 112)):
        yield (f"Col2Im {c}x{s}x{s}, 3x3", "Col2Im", [floats(1, 9 * c, s * s), const([s, s]), const([3, 3])], dict(pads=[1] * 4))
    yield from ((f"DFT {b}x{n}", "DFT", [floats(b, n, 1)], dict(axis=1, opset=17)) for b, n in ((4, 256), (16, 1024), (64, 4096)))
    yield from ((f"DFT {b}x{n}, no power of two", "DFT", [floats(b, n, 1)], dict(axis=1, opset=17)) for b, n in ((4, 100), (16, 1000), (64, 2205)))
    yield from ((f"STFT {n}, frames of 400 by 160", "STFT", [floats(1, n, 1), const(160), ("constant", floats(400, low=0)), const(400)], dict(onesided=1)) for n in (4000, 16000, 160000))
    yield from ((f"Det {b}x{n}x{n}", "Det", [floats(b, n, n)], {}) for b, n in ((16, 3), (64, 16), (64, 64)))
    yield from ((f"CenterCropPad {'x'.join(map(str, s))}", "CenterCropPad", [floats(*s), const([s[2] // 2, s[3] + 8])], dict(axes=[2, 3])) for s in sizes)
    yield from ((f"BlackmanWindow {n}", "BlackmanWindow", [np.array(n, np.int64)], {}) for n in (400, 4096, 65536))


def own(name, line, inputs, constants=""):
    """A layer that ONNX has not: `line` in our text form, of inputs x0, x1 ..."""
    words = {"float32": "float", "float16": "half"}
    declared = [f"input x{i} {words.get(value.dtype.name, value.dtype.name)} [{', '.join(map(str, value.shape))}]" for i, value in enumerate(inputs)]
    outputs = "".join(f"output {word.strip()}\n" for word in line.split("=")[0].split(","))
    return (name, None, [np.asarray(value) for value in inputs], dict(text="\n".join(declared) + f"\n{constants}{line}\n{outputs}"))


def layer_cases(sizes):
    """What is left of the layers of INetworkDefinition: their other kinds and modes, and those that ONNX has not."""
    for op in ("Cosh", "Asin", "Acos", "Atanh", "IsInf", "Identity"):
        yield from images(op, sizes)
    yield from ((f"Acosh {'x'.join(map(str, s))}", "Acosh", [floats(*s, low=1.5, high=9)], {}) for s in sizes)
    for op in ("Or", "Xor"):
        yield from ((f"{op} {'x'.join(map(str, s))}", op, [floats(*s) > 0, floats(*s, low=-0.5) > 0], {}) for s in sizes)
    yield from ((f"Gelu by tanh {'x'.join(map(str, s))}", "Gelu", [floats(*s)], dict(approximate="tanh")) for s in sizes)
    yield from ((f"Reshape {'x'.join(map(str, s))}", "Reshape", [floats(*s), const([s[0], -1])], {}) for s in sizes)
    yield from ((f"Squeeze 1x{'x'.join(map(str, s))}", "Squeeze", [floats(1, *s), const([0])], {}) for s in sizes)
    yield from ((f"Unsqueeze {'x'.join(map(str, s))}", "Unsqueeze", [floats(*s), const([0])], {}) for s in sizes)
    yield from ((f"Shape {'x'.join(map(str, s))}", "Shape", [floats(*s)], {}) for s in sizes)
    for mode in ("reflect", "edge", "wrap"):
        yield from ((f"Pad {mode} {'x'.join(map(str, s))}", "Pad", [floats(*s), const([0, 0, 1, 1, 0, 0, 1, 1])], dict(mode=mode)) for s in sizes)
    for mode, padding in (("nearest", "zeros"), ("cubic", "zeros"), ("linear", "border"), ("linear", "reflection")):
        yield from ((f"GridSample {mode} {padding} {c}x{s}x{s}", "GridSample", [floats(1, c, s, s), floats(1, s, s, 2)], dict(mode=mode, padding_mode=padding))
                    for c, s in ((3, 32), (32, 64), (64, 128)))
    tables = ((64, 256), (512, 1024), (4096, 1024))
    for to in (np.int8, np.uint8):
        name = np.dtype(to).name
        yield from ((f"QuantizeLinear {r}x{c} to {name}, a scale a row", "QuantizeLinear", [floats(r, c), const(np.full(r, 0.02), np.float32), const(np.zeros(r), to)], dict(axis=0))
                    for r, c in tables)
    yield from ((f"QuantizeLinear {r}x{c}, blocks of 32", "QuantizeLinear",
                 [floats(r, c), const(np.full((r, c // 32), 0.02), np.float32), const(np.zeros((r, c // 32)), np.int8)], dict(axis=1, block_size=32, opset=21)) for r, c in tables)
    yield from ((f"DequantizeLinear {r}x{c}, blocks of 32", "DequantizeLinear",
                 [integers(100, r, c, dtype=np.int8), const(np.full((r, c // 32), 0.02), np.float32), const(np.zeros((r, c // 32)), np.int8)],
                 dict(axis=1, block_size=32, opset=21)) for r, c in tables)
    for channels, size in ((16, 16), (32, 28), (64, 28)):
        yield (f"Conv {channels}x8x{size}x{size}, 3x3x3", "Conv", [floats(1, channels, 8, size, size), ("constant", floats(channels, channels, 3, 3, 3) * 0.1)],
               dict(kernel_shape=[3] * 3, pads=[1] * 6))
        yield (f"Conv {channels * 4}x{size}x{size}, 3x3, 4 groups", "Conv",
               [floats(1, channels * 4, size, size), ("constant", floats(channels * 4, channels, 3, 3) * 0.1)], dict(kernel_shape=[3, 3], pads=[1] * 4, group=4))
    # Layers that ONNX has not.
    yield from (own(f"RaggedSoftmax {r}x{c}", "y = ragged_softmax(x0, x1)", [floats(r, c), integers(c, r, 1, dtype=np.int32)])
                for r, c in ((16, 1000), (1536, 128), (12288, 128)))
    for tokens, hidden, inner in ((1, 256, 512), (4, 512, 1024), (16, 1024, 2048)):
        yield own(f"MoE {tokens}x{hidden}, 2 of 8 experts of {inner}", "y = mixture_of_experts(x0, x1, x2, x3, x4, x5)",
                  [floats(tokens, hidden), integers(8, tokens, 2, dtype=np.int32), floats(tokens, 2), floats(8, hidden, inner), floats(8, hidden, inner), floats(8, inner, hidden)])
    yield from (own(f"Linspace {r}x{c}", f"y = linspace(_, x0, x1) dims=[{r}, {c}]", [np.array(1, np.float32), np.array([0.5, 0.25], np.float32)])
                for r, c in ((64, 64), (512, 512), (2048, 2048)))
    for to, block, scale in (("int8", -1, "float"), ("fp8", 32, "e8m0"), ("fp4", 16, "fp8")):
        more = ", x1" if to == "fp4" else ""
        yield from (own(f"DynamicQuantize {r}x{c} to {to}, blocks of {block if block > 0 else 'a row'}",
                        f"y, z = dynamic_quantize(x0{more}) block=[1, {block}] to={to} scale_type={scale}",
                        [floats(r, c)] + ([np.array([0.01], np.float32)] if more else [])) for r, c in tables)
    yield from (own(f"Scale {'x'.join(map(str, s))} squared", "y = scale(x0, x1, _, p)", [floats(*s, low=0.1), floats(s[1], low=0.5)], "weights p [1] = 2\n") for s in sizes)
    yield from (own(f"Pool {'x'.join(map(str, s))}, maximum and average", "y = pool(x0) kind=blend kernel=[2, 2] strides=[2, 2] blend_factor=0.5", [floats(*s)]) for s in sizes)
    yield from (own(f"FloorDiv {'x'.join(map(str, s))}", "y = floor_div(x0, x1)", [floats(*s), floats(*s, low=0.5)]) for s in sizes)
    yield from (own(f"ScaledTanh {'x'.join(map(str, s))}", "y = scaled_tanh(x0) a=2 b=0.5", [floats(*s)]) for s in sizes)
    yield from (own(f"AllReduce of one rank {'x'.join(map(str, s))}", "y = collective(x0) kind=all_reduce", [floats(*s)]) for s in sizes)


def cases():
    """(name, operator, inputs, attributes[, number of outputs]); the operator is None where ONNX has none, see own()"""
    small, middle, large = (1, 16, 32, 32), (1, 64, 56, 56), (8, 64, 112, 112)
    sizes = (small, middle, large)
    for op in ("Relu", "Sigmoid", "Tanh", "Gelu", "Exp", "Sqrt"):
        yield from images(op, sizes)
    for op in ("Add", "Mul", "Div"):
        yield from ((f"{op} {'x'.join(map(str, s))}", op, [floats(*s), floats(*s, low=0.5)], {}) for s in sizes)
    yield from ((f"Where {'x'.join(map(str, s))}", "Where", [floats(*s) > 0, floats(*s), floats(*s)], {}) for s in sizes)
    yield from ((f"Softmax {r}x{c}", "Softmax", [floats(r, c)], {}) for r, c in ((16, 1000), (1536, 128), (12288, 128)))
    yield from ((f"LayerNormalization {r}x{c}", "LayerNormalization", [floats(r, c), floats(c), floats(c)], {}) for r, c in ((16, 768), (128, 768), (4096, 768)))
    yield from ((f"InstanceNormalization {'x'.join(map(str, s))}", "InstanceNormalization", [floats(*s), floats(s[1]), floats(s[1])], {}) for s in sizes)
    yield from images("LRN", ((1, 16, 32, 32), (1, 96, 55, 55), (8, 192, 56, 56)), size=5)
    yield from ((f"ReduceMean {'x'.join(map(str, s))} planes", "ReduceMean", [floats(*s), const([2, 3])], dict(keepdims=1)) for s in sizes)
    yield from ((f"ReduceSum {r}x{c} columns", "ReduceSum", [floats(r, c), const([0])], {}) for r, c in ((64, 256), (512, 1024), (4096, 4096)))
    yield from ((f"ArgMax {r}x{c}", "ArgMax", [floats(r, c)], dict(axis=1)) for r, c in ((16, 1000), (512, 1000), (4096, 4096)))
    yield from ((f"ArgMax {'x'.join(map(str, s))} channels", "ArgMax", [floats(*s)], dict(axis=1)) for s in ((1, 21, 65, 65), (1, 21, 257, 257), (8, 21, 257, 257)))
    yield from images("MaxPool", sizes, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    yield from images("AveragePool", sizes, kernel_shape=[2, 2], strides=[2, 2])
    yield from ((f"Transpose {r}x{c}", "Transpose", [floats(r, c)], dict(perm=[1, 0])) for r, c in ((64, 256), (512, 512), (2048, 2048)))
    yield from ((f"Transpose {b}x{s}x12x64 heads", "Transpose", [floats(b, s, 12, 64)], dict(perm=[0, 2, 1, 3])) for b, s in ((1, 16), (1, 128), (8, 128)))
    yield from ((f"Concat 2x({'x'.join(map(str, s))})", "Concat", [floats(*s), floats(*s)], dict(axis=1)) for s in sizes)
    yield from ((f"Slice {'x'.join(map(str, s))} half", "Slice", [floats(*s), const([0]), const([s[1] // 2]), const([1])], {}) for s in sizes)
    yield from ((f"Pad {'x'.join(map(str, s))}", "Pad", [floats(*s), const([0, 0, 1, 1, 0, 0, 1, 1])], {}) for s in sizes)
    yield from ((f"Tile {'x'.join(map(str, s))} by 2", "Tile", [floats(*s), const([1, 1, 2, 1])], {}) for s in sizes)
    yield from images("SpaceToDepth", sizes, blocksize=2)
    yield from images("DepthToSpace", sizes, blocksize=2)
    for mode in ("nearest", "linear", "cubic"):
        some = ((1, 16, 16, 16), (1, 64, 28, 28), (8, 64, 28, 28))
        yield from ((f"Resize {mode} {'x'.join(map(str, s))} x2", "Resize", [floats(*s), None, const([1, 1, 2, 2], np.float32)],
                  dict(mode=mode, coordinate_transformation_mode="asymmetric" if mode == "nearest" else "half_pixel",
                       **(dict(nearest_mode="floor") if mode == "nearest" else {}))) for s in some)
    yield from ((f"Gather {n} of 30000x{d}", "Gather", [floats(30000, d), integers(30000, n)], {}) for n, d in ((16, 768), (512, 768), (8192, 768)))
    yield from ((f"GatherElements {r}x{c}", "GatherElements", [floats(r, c), integers(c, r, c)], dict(axis=1)) for r, c in ((16, 256), (512, 512), (2048, 2048)))
    yield from ((f"GatherND {n} of 512x512x{d}", "GatherND", [floats(512, 512, d), integers(512, n, 2)], {}) for n, d in ((100, 4), (10000, 4), (20000, 64)))
    yield from ((f"ScatterElements {r}x{c}", "ScatterElements", [floats(r, c), integers(c, r, c // 2), floats(r, c // 2)], dict(axis=1)) for r, c in ((16, 256), (512, 512), (2048, 2048)))
    yield from ((f"ScatterND {n} of 4096x{d}", "ScatterND", [floats(4096, d), integers(4096, n, 1), floats(n, d)], {}) for n, d in ((16, 64), (1024, 64), (2048, 1024)))
    yield from ((f"CumSum {r}x{c} rows", "CumSum", [floats(r, c), const(1)], {}) for r, c in ((16, 256), (512, 512), (2048, 2048)))
    yield from ((f"CumSum {r}x{c} columns", "CumSum", [floats(r, c), const(0)], {}) for r, c in ((16, 256), (512, 512), (2048, 2048)))
    yield from ((f"OneHot {n} of {d}", "OneHot", [integers(d, n), const(d), const([0, 1], np.float32)], {}) for n, d in ((16, 1000), (512, 1000), (4096, 1000)))
    yield from ((f"NonZero {r}x{c}, a tenth", "NonZero", [sparse(r, c)], {}) for r, c in ((64, 64), (512, 512), (2048, 2048)))
    yield from ((f"TopK {k} of {r}x{c}", "TopK", [floats(r, c), const([k])], {}, 2) for k, r, c in ((5, 1, 1000), (100, 1, 25200), (100, 256, 4000)))
    yield from ((f"NonMaxSuppression {n} boxes, {c} classes", "NonMaxSuppression", [boxes(n), floats(1, c, n, low=0), const([100]), const([0.5], np.float32), const([0.3], np.float32)], {})
             for n, c in ((200, 1), (2000, 4), (8400, 20)))
    yield from ((f"RoiAlign {n} of 256x{s}x{s}", "RoiAlign", [floats(1, 256, s, s), regions(n, s), np.zeros(n, np.int64)], dict(output_height=7, output_width=7, sampling_ratio=2))
             for n, s in ((10, 25), (100, 50), (300, 50)))
    yield from ((f"GridSample {c}x{s}x{s}", "GridSample", [floats(1, c, s, s), floats(1, s, s, 2)], {}) for c, s in ((3, 32), (32, 64), (64, 128)))
    yield from ((f"QuantizeLinear {'x'.join(map(str, s))}", "QuantizeLinear", [floats(*s), const(0.02, np.float32), const(3, np.int8)], {}) for s in sizes)
    yield from ((f"DequantizeLinear {'x'.join(map(str, s))}", "DequantizeLinear", [integers(100, *s, dtype=np.int8), const(0.02, np.float32), const(3, np.int8)], {}) for s in sizes)
    yield from (lstm(16, 1, 64, 64), lstm(64, 1, 256, 256), lstm(64, 16, 256, 256))
    yield from (lstm(*own, op="GRU", gates=3) for own in ((16, 1, 64, 64), (64, 1, 256, 256), (64, 16, 256, 256)))
    yield from pointwise_cases(sizes)
    yield from product_cases()
    yield from remaining_cases(sizes)
    yield from layer_cases(sizes)
