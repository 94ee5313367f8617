#!/usr/bin/env python3
"""Times single operators beside ONNX Runtime, each at three sizes.

    tools/bench/operators.py [--build DIR] [--threads N] [--only PART] [--slice K/N] [--ms N] [--rounds N] [--record FILE]
    tools/bench/operators.py --render FILE > docs/operator-speed.md

Every row is an ONNX model of one node; layers that ONNX has not are networks in text, which only our engine runs. Both engines run it in turns of --ms milliseconds for --rounds rounds; the figure is the lowest of the
rounds' medians. GB/s counts inputs read once and outputs written once, by our time. --record adds the rows to a file of tab-separated lines,
where later ones take the place of earlier ones, so that the whole can be measured in slices. Needs numpy, onnx and onnxruntime.
"""
import argparse, math, os, pathlib, statistics, subprocess, sys, tempfile, time

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper

from operator_cases import Rows

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOST_RATIO = 1.25  # of our time to ONNX Runtime's, where less than half of the memory's bandwidth is reached


def model_of(op, inputs, attributes, outputs):
    attributes = dict(attributes)
    opset, domain = attributes.pop("opset", 20), attributes.pop("domain", "")
    names, graph_inputs, initializers, fed = [], [], [], []
    for i, value in enumerate(inputs):
        name = f"x{i}" if value is not None else ""
        names.append(name)
        if value is None:
            continue
        if isinstance(value, tuple):
            initializers.append(numpy_helper.from_array(value[1], name))
        else:
            fed.append((name, np.asarray(value, order="C")))
            graph_inputs.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape))
    while names and not names[-1]:
        names.pop()
    results = [f"y{i}" for i in range(outputs)]
    node = helper.make_node(op, names, results, domain=domain, **attributes)
    graph = helper.make_graph([node], "one", graph_inputs, [helper.make_empty_tensor_value_info(r) for r in results], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)] + ([helper.make_opsetid(domain, 1)] if domain else []), ir_version=10)
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
        while (time.perf_counter() - start) * 1e3 < milliseconds or len(times) < 5:
            once = time.perf_counter()
            self.session.run_with_iobinding(self.binding)
            times.append(time.perf_counter() - once)
        return sorted(times)[len(times) // 2] * 1e6


def verdict(ratio, rate, bandwidth):
    if ratio <= MOST_RATIO:
        return ""
    return "half of the bandwidth" if rate >= bandwidth / 2 else "slow"


def read_records(path):
    """Rows by name, the last of each, and the bandwidth: the middle of what the slices measured, as shared machines give now more, now less."""
    rows, bandwidths = {}, []
    for line in path.read_text().splitlines():
        name, *numbers = line.split("\t")
        if name == "bandwidth":
            bandwidths.append(float(numbers[0]))
        else:
            rows[name] = (float(numbers[0]), float(numbers[1]), float(numbers[2]), numbers[3])
    return rows, statistics.median(bandwidths)


def render(path):
    rows, bandwidth = read_records(path)
    ratios = [mine / theirs for mine, theirs, _, _ in rows.values() if not math.isnan(theirs)]
    verdicts = {name: verdict(mine / theirs, rate, bandwidth) for name, (mine, theirs, rate, _) in rows.items()}
    slow = [name for name in rows if verdicts[name] == "slow"]
    print(f"""# Single operators beside ONNX Runtime

Written by `tools/bench/operators.py --render`; [performance](performance.md) says on which machine, and what of it is behind its goal.

{len(rows)} rows, {len(rows) - len(ratios)} of them of layers that ONNX Runtime does not have, fp32 where nothing else is said, 2 threads, both engines in turns. A row reaches its goal where it takes at most {MOST_RATIO} of ONNX
Runtime {ort.__version__}'s time or moves half of what memory gives to a copy by two threads ({bandwidth:.1f} GB/s); {len(rows) - len(slow)} do. The geometric mean of our time over
ONNX Runtime's is {math.exp(sum(map(math.log, ratios)) / len(ratios)):.2f}. GB/s: inputs read once and outputs written once, by our time.

| operator | ours, us | ONNX Runtime, us | ratio | GB/s | tactic | |
|---|--:|--:|--:|--:|---|---|""")
    for name, (mine, theirs, rate, tactics) in rows.items():
        peer, ratio = ("-", "-") if math.isnan(theirs) else (f"{theirs:.1f}", f"{mine / theirs:.2f}")
        print(f"| {name} | {mine:.1f} | {peer} | {ratio} | {rate:.1f} | {tactics} | {verdicts[name]} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="")
    parser.add_argument("--ms", type=float, default=15)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slice", default="1/1")
    parser.add_argument("--record", type=pathlib.Path)
    parser.add_argument("--render", type=pathlib.Path)
    options = parser.parse_args()
    if options.render:
        return render(options.render)
    part, parts = map(int, options.slice.split("/"))
    wanted = [i for i, row in enumerate(Rows(lambda index: False)) if options.only.lower() in row[0].lower()]
    wanted = set(wanted[len(wanted) * (part - 1) // parts:len(wanted) * part // parts])
    environment = dict(os.environ, INGOT_THREADS=str(options.threads))
    ours = subprocess.Popen([options.build / "bin" / "bench_operators"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def ask(command):
        ours.stdin.write(command + "\n")
        ours.stdin.flush()
        verdict, _, answer = ours.stdout.readline().strip().partition(" ")
        if verdict != "ok":
            raise RuntimeError(answer or "our engine ended")
        return answer

    record = options.record.open("a") if options.record else None
    bandwidth = float(ask("bandwidth"))
    if record:
        print("bandwidth", bandwidth, sep="\t", file=record)
    print(f"{'operator':44} {'ours us':>10} {'ORT us':>10} {'ratio':>6} {'GB/s':>7}  tactic")
    ratios, behind = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for index, (name, op, inputs, attributes, *outputs) in enumerate(Rows(lambda index: index in wanted)):
            if index not in wanted:
                continue
            try:
                pathlib.Path(f"{folder}/network.txt").unlink(missing_ok=True)
                if op is None:
                    peer, fed = None, [(f"x{i}", value) for i, value in enumerate(inputs)]
                    pathlib.Path(f"{folder}/network.txt").write_text(attributes["text"])
                else:
                    model, fed, results = model_of(op, inputs, attributes, outputs[0] if outputs else 1)
                    onnx.save(model, f"{folder}/model.onnx")
                    peer = Peer(model, fed, results, options.threads)
                for i, (_, value) in enumerate(fed):
                    pathlib.Path(f"{folder}/input_{i}.pb").write_bytes(numpy_helper.from_array(value).SerializeToString())
                time.sleep(0.05)  # the other's threads would be in the way of ours, whose tactics are timed here
                tactics = ask(f"load {folder}")
                total = peer.bytes if peer else float(ask("bytes"))
                mine, theirs = math.inf, math.inf if peer else math.nan
                for _ in range(options.rounds):
                    time.sleep(0.015)  # until the threads of the other have gone to sleep
                    mine = min(mine, float(ask(f"run {options.ms}")))
                    time.sleep(0.015)
                    theirs = min(theirs, peer.run(options.ms)) if peer else theirs
            except Exception as problem:  # one row that fails does not hide the others
                print(f"{name}: {str(problem).splitlines()[0][:200]}", file=sys.stderr, flush=True)
                continue
            ratio, rate = mine / theirs, total / mine * 1e-3
            ratios += [ratio] if peer else []
            behind += verdict(ratio, rate, bandwidth) == "slow"
            print(f"{name:44} {mine:10.1f} {theirs:10.1f} {ratio:6.2f} {rate:7.1f}  {tactics} {verdict(ratio, rate, bandwidth)}", flush=True)
            if record:
                print(name, f"{mine:.2f}", f"{theirs:.2f}", f"{rate:.2f}", tactics, sep="\t", file=record, flush=True)
    if ratios:
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        print(f"\n{len(ratios)} rows: geometric mean of ours / ONNX Runtime {mean:.2f}; {behind} rows behind their goal")
    ours.stdin.close()
    ours.wait()


if __name__ == "__main__":
    main()
