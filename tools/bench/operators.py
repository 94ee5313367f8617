#!/usr/bin/env python3
"""Times single operators beside ONNX Runtime, each at three sizes.

    tools/bench/operators.py [--build DIR] [--threads N] [--only PART] [--ms N] [--rounds N] [--markdown]

Every row is an ONNX model of one node. Both engines run it in turns of --ms milliseconds for --rounds rounds; the figure is the lowest of the
rounds' medians. GB/s counts inputs read once and outputs written once, by our time. Needs numpy, onnx and onnxruntime.
"""
import argparse, math, os, pathlib, subprocess, sys, tempfile, time

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[2]
RANDOM = np.random.default_rng(7)


def floats(*shape, low=-1.0, high=1.0):
    return RANDOM.uniform(low, high, shape).astype(np.float32)


def integers(high, *shape, dtype=np.int64):
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
    x[np.abs(x) < 0.9] = 0
    return x


def lstm(steps, batch, inputs, hidden, op="LSTM", gates=4):
    return (f"{op} {steps}x{batch}x{inputs}, {hidden} units", op,
            [floats(steps, batch, inputs), ("constant", floats(1, gates * hidden, inputs) * 0.1), ("constant", floats(1, gates * hidden, hidden) * 0.1)],
            dict(hidden_size=hidden))


def images(op, sizes, more=(), **attributes):
    return [(f"{op} {'x'.join(map(str, s))}", op, [floats(*s), *more], attributes) for s in sizes]


def cases():
    """(name, operator, inputs, attributes[, number of outputs])"""
    small, middle, large = (1, 16, 32, 32), (1, 64, 56, 56), (8, 64, 112, 112)
    sizes = (small, middle, large)
    rows = []
    for op in ("Relu", "Sigmoid", "Tanh", "Gelu", "Exp", "Sqrt"):
        rows += images(op, sizes)
    for op in ("Add", "Mul", "Div"):
        rows += [(f"{op} {'x'.join(map(str, s))}", op, [floats(*s), floats(*s, low=0.5)], {}) for s in sizes]
    rows += [(f"Where {'x'.join(map(str, s))}", "Where", [floats(*s) > 0, floats(*s), floats(*s)], {}) for s in sizes]
    rows += [(f"Softmax {r}x{c}", "Softmax", [floats(r, c)], {}) for r, c in ((16, 1000), (1536, 128), (12288, 128))]
    rows += [(f"LayerNormalization {r}x{c}", "LayerNormalization", [floats(r, c), floats(c), floats(c)], {}) for r, c in ((16, 768), (128, 768), (4096, 768))]
    rows += [(f"InstanceNormalization {'x'.join(map(str, s))}", "InstanceNormalization", [floats(*s), floats(s[1]), floats(s[1])], {}) for s in sizes]
    rows += images("LRN", ((1, 16, 32, 32), (1, 96, 55, 55), (8, 192, 56, 56)), size=5)
    rows += [(f"ReduceMean {'x'.join(map(str, s))} planes", "ReduceMean", [floats(*s), const([2, 3])], dict(keepdims=1)) for s in sizes]
    rows += [(f"ReduceSum {r}x{c} columns", "ReduceSum", [floats(r, c), const([0])], {}) for r, c in ((64, 256), (512, 1024), (4096, 4096))]
    rows += [(f"ArgMax {r}x{c}", "ArgMax", [floats(r, c)], dict(axis=1)) for r, c in ((16, 1000), (512, 1000), (4096, 4096))]
    rows += [(f"ArgMax {'x'.join(map(str, s))} channels", "ArgMax", [floats(*s)], dict(axis=1)) for s in ((1, 21, 65, 65), (1, 21, 257, 257), (8, 21, 257, 257))]
    rows += images("MaxPool", sizes, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    rows += images("AveragePool", sizes, kernel_shape=[2, 2], strides=[2, 2])
    rows += [(f"Transpose {r}x{c}", "Transpose", [floats(r, c)], dict(perm=[1, 0])) for r, c in ((64, 256), (512, 512), (2048, 2048))]
    rows += [(f"Transpose {b}x{s}x12x64 heads", "Transpose", [floats(b, s, 12, 64)], dict(perm=[0, 2, 1, 3])) for b, s in ((1, 16), (1, 128), (8, 128))]
    rows += [(f"Concat 2x({'x'.join(map(str, s))})", "Concat", [floats(*s), floats(*s)], dict(axis=1)) for s in sizes]
    rows += [(f"Slice {'x'.join(map(str, s))} half", "Slice", [floats(*s), const([0]), const([s[1] // 2]), const([1])], {}) for s in sizes]
    rows += [(f"Pad {'x'.join(map(str, s))}", "Pad", [floats(*s), const([0, 0, 1, 1, 0, 0, 1, 1])], {}) for s in sizes]
    rows += [(f"Tile {'x'.join(map(str, s))} by 2", "Tile", [floats(*s), const([1, 1, 2, 1])], {}) for s in sizes]
    rows += images("SpaceToDepth", sizes, blocksize=2) + images("DepthToSpace", sizes, blocksize=2)
    for mode in ("nearest", "linear", "cubic"):
        some = ((1, 16, 16, 16), (1, 64, 28, 28), (8, 64, 28, 28))
        rows += [(f"Resize {mode} {'x'.join(map(str, s))} x2", "Resize", [floats(*s), None, const([1, 1, 2, 2], np.float32)],
                  dict(mode=mode, coordinate_transformation_mode="asymmetric" if mode == "nearest" else "half_pixel",
                       **(dict(nearest_mode="floor") if mode == "nearest" else {}))) for s in some]
    rows += [(f"Gather {n} of 30000x{d}", "Gather", [floats(30000, d), integers(30000, n)], {}) for n, d in ((16, 768), (512, 768), (8192, 768))]
    rows += [(f"GatherElements {r}x{c}", "GatherElements", [floats(r, c), integers(c, r, c)], dict(axis=1)) for r, c in ((16, 256), (512, 512), (2048, 2048))]
    rows += [(f"GatherND {n} of 512x512x{d}", "GatherND", [floats(512, 512, d), integers(512, n, 2)], {}) for n, d in ((100, 4), (10000, 4), (20000, 64))]
    rows += [(f"ScatterElements {r}x{c}", "ScatterElements", [floats(r, c), integers(c, r, c // 2), floats(r, c // 2)], dict(axis=1)) for r, c in ((16, 256), (512, 512), (2048, 2048))]
    rows += [(f"ScatterND {n} of 4096x{d}", "ScatterND", [floats(4096, d), integers(4096, n, 1), floats(n, d)], {}) for n, d in ((16, 64), (1024, 64), (2048, 1024))]
    rows += [(f"CumSum {r}x{c} rows", "CumSum", [floats(r, c), const(1)], {}) for r, c in ((16, 256), (512, 512), (2048, 2048))]
    rows += [(f"CumSum {r}x{c} columns", "CumSum", [floats(r, c), const(0)], {}) for r, c in ((16, 256), (512, 512), (2048, 2048))]
    rows += [(f"OneHot {n} of {d}", "OneHot", [integers(d, n), const(d), const([0, 1], np.float32)], {}) for n, d in ((16, 1000), (512, 1000), (4096, 1000))]
    rows += [(f"NonZero {r}x{c}, a tenth", "NonZero", [sparse(r, c)], {}) for r, c in ((64, 64), (512, 512), (2048, 2048))]
    rows += [(f"TopK {k} of {r}x{c}", "TopK", [floats(r, c), const([k])], {}, 2) for k, r, c in ((5, 1, 1000), (100, 1, 25200), (100, 256, 4000))]
    rows += [(f"NonMaxSuppression {n} boxes, {c} classes", "NonMaxSuppression", [boxes(n), floats(1, c, n, low=0), const([100]), const([0.5], np.float32), const([0.3], np.float32)], {})
             for n, c in ((200, 1), (2000, 4), (8400, 20))]
    rows += [(f"RoiAlign {n} of 256x{s}x{s}", "RoiAlign", [floats(1, 256, s, s), regions(n, s), np.zeros(n, np.int64)], dict(output_height=7, output_width=7, sampling_ratio=2))
             for n, s in ((10, 25), (100, 50), (300, 50))]
    rows += [(f"GridSample {c}x{s}x{s}", "GridSample", [floats(1, c, s, s), floats(1, s, s, 2)], {}) for c, s in ((3, 32), (32, 64), (64, 128))]
    rows += [(f"QuantizeLinear {'x'.join(map(str, s))}", "QuantizeLinear", [floats(*s), const(0.02, np.float32), const(3, np.int8)], {}) for s in sizes]
    rows += [(f"DequantizeLinear {'x'.join(map(str, s))}", "DequantizeLinear", [integers(100, *s, dtype=np.int8), const(0.02, np.float32), const(3, np.int8)], {}) for s in sizes]
    rows += [lstm(16, 1, 64, 64), lstm(64, 1, 256, 256), lstm(64, 16, 256, 256)]
    rows += [lstm(*sizes, op="GRU", gates=3) for sizes in ((16, 1, 64, 64), (64, 1, 256, 256), (64, 16, 256, 256))]
    return rows


def model_of(op, inputs, attributes, outputs):
    names, graph_inputs, initializers, fed = [], [], [], []
    for i, value in enumerate(inputs):
        name = f"x{i}" if value is not None else ""
        names.append(name)
        if value is None:
            continue
        if isinstance(value, tuple):
            initializers.append(numpy_helper.from_array(value[1], name))
        else:
            fed.append((name, np.ascontiguousarray(value)))
            graph_inputs.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape))
    while names and not names[-1]:
        names.pop()
    results = [f"y{i}" for i in range(outputs)]
    node = helper.make_node(op, names, results, **attributes)
    graph = helper.make_graph([node], "one", graph_inputs, [helper.make_empty_tensor_value_info(r) for r in results], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    inferred = onnx.shape_inference.infer_shapes(model)
    return inferred, fed, results


class Peer:
    """ONNX Runtime with its outputs in memory that stays."""

    def __init__(self, model, fed, results, threads):
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self.session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        feed = dict(fed)
        outputs = self.session.run(None, feed)
        self.bytes = sum(v.nbytes for v in feed.values()) + sum(o.nbytes for o in outputs)
        self.binding = self.session.io_binding()
        self.keep = [ort.OrtValue.ortvalue_from_numpy(v) for v in feed.values()]
        for name, value in zip(feed, self.keep):
            self.binding.bind_ortvalue_input(name, value)
        for name, output in zip(results, outputs):
            self.keep.append(ort.OrtValue.ortvalue_from_numpy(output))
            self.binding.bind_ortvalue_output(name, self.keep[-1])

    def run(self, milliseconds):
        times, start = [], time.perf_counter()
        while (time.perf_counter() - start) * 1e3 < milliseconds or len(times) < 3:
            once = time.perf_counter()
            self.session.run_with_iobinding(self.binding)
            times.append(time.perf_counter() - once)
        return sorted(times)[len(times) // 2] * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="")
    parser.add_argument("--ms", type=float, default=15)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    environment = dict(os.environ, INGOT_THREADS=str(options.threads))
    ours = subprocess.Popen([options.build / "bin" / "bench_operators"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def ask(command):
        ours.stdin.write(command + "\n")
        ours.stdin.flush()
        verdict, _, answer = ours.stdout.readline().strip().partition(" ")
        if verdict != "ok":
            raise RuntimeError(answer or "our engine ended")
        return answer

    if options.markdown:
        print("| operator | ours, us | ONNX Runtime, us | ratio | GB/s | tactic |\n|---|--:|--:|--:|--:|---|")
    else:
        print(f"{'operator':44} {'ours us':>10} {'ORT us':>10} {'ratio':>6} {'GB/s':>7}  tactic")
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        for name, op, inputs, attributes, *outputs in cases():
            if options.only.lower() not in name.lower():
                continue
            try:
                model, fed, results = model_of(op, inputs, attributes, outputs[0] if outputs else 1)
                onnx.save(model, f"{folder}/model.onnx")
                for i, (_, value) in enumerate(fed):
                    pathlib.Path(f"{folder}/input_{i}.pb").write_bytes(numpy_helper.from_array(value).SerializeToString())
                peer = Peer(model, fed, results, options.threads)
                tactics = ask(f"load {folder}")
                mine = theirs = math.inf
                for _ in range(options.rounds):
                    time.sleep(0.003)  # until the threads of the other have gone to sleep
                    mine = min(mine, float(ask(f"run {options.ms}")))
                    time.sleep(0.003)
                    theirs = min(theirs, peer.run(options.ms))
            except Exception as problem:  # one row that fails does not hide the others
                print(f"{name}: {str(problem).splitlines()[0][:200]}", file=sys.stderr, flush=True)
                continue
            ratio, rate = mine / theirs, peer.bytes / mine * 1e-3
            ratios.append(ratio)
            line = (f"| {name} | {mine:.1f} | {theirs:.1f} | {ratio:.2f} | {rate:.1f} | {tactics} |" if options.markdown else
                    f"{name:44} {mine:10.1f} {theirs:10.1f} {ratio:6.2f} {rate:7.1f}  {tactics}")
            print(line, flush=True)
    if ratios:
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        over = sum(r > 1.25 for r in ratios)
        print(f"\n{len(ratios)} rows: geometric mean of ours / ONNX Runtime {mean:.2f}; {over} rows over 1.25")
    ours.stdin.close()
    ours.wait()


if __name__ == "__main__":
    main()
