#!/usr/bin/env python3
"""trtexec on a GPU: trtexec_test.py TRTEXEC FOLDER [STAND_IN], where FOLDER holds the driver, its compiler and the CUDA runtime (or is - for the
machine's), and STAND_IN is the library that stands in for the runtime on the CPU."""
import os, pathlib, re, struct, subprocess, sys, tempfile

trtexec, folder = sys.argv[1:3]


def run(environment, *arguments):
    own = {**os.environ, **({"INGOT_CUDA_PATH": folder} if folder != "-" else {}), **environment}
    done = subprocess.run([trtexec, *arguments], capture_output=True, text=True, timeout=300, env=own)
    return done.returncode, done.stdout + done.stderr


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor_info(name, dims):
    shape = b"".join(field(1, field(1, dim)) for dim in dims)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))


def model():
    """y = relu(x * w) in ONNX's bytes."""
    weights = struct.pack("<256f", *[(i * 37 % 19 - 9) / 10 for i in range(256)])
    graph = field(1, field(1, "x") + field(1, "w") + field(2, "a") + field(4, "MatMul"))
    graph += field(1, field(1, "a") + field(2, "y") + field(4, "Relu"))
    graph += field(2, "g") + field(5, field(1, 16) + field(1, 16) + field(2, 1) + field(8, "w") + field(9, weights))
    graph += field(11, tensor_info("x", [8, 16])) + field(12, tensor_info("y", [8, 16]))
    return field(1, 8) + field(7, graph) + field(8, field(2, 17))


def sliced():
    """y = the first number of x, which is long: its copy takes longer than the kernel."""
    def numbers(name, value):
        return field(5, field(1, 1) + field(2, 7) + field(8, name) + field(9, struct.pack("<q", value)))
    graph = field(1, b"".join(field(1, name) for name in ("x", "start", "end", "axis")) + field(2, "y") + field(4, "Slice"))
    graph += field(2, "g") + numbers("start", 0) + numbers("end", 1) + numbers("axis", 1)
    graph += field(11, tensor_info("x", [1, 1 << 22])) + field(12, tensor_info("y", [1, 1]))
    return field(1, 8) + field(7, graph) + field(8, field(2, 17))


def folder_with_stand_in(scratch, stand_in):
    """FOLDER, where the stand-in has the name of the runtime that is looked for first."""
    for library in pathlib.Path(folder).iterdir():
        name = library.name.replace("libcudart.so.12", "libcudart.so.13")
        pathlib.Path(scratch, name).symlink_to(library.resolve())
    pathlib.Path(scratch, "libcudart.so.12").symlink_to(pathlib.Path(stand_in).resolve())


failures = []
with tempfile.TemporaryDirectory() as scratch:
    path = pathlib.Path(scratch, "model.onnx")
    path.write_bytes(model())
    common = [f"--onnx={path}", "--noTF32", "--iterations=5", "--warmUp=0", "--duration=0"]
    answers = {}
    for name, environment, arguments, device in [("gpu", {}, [], "GPU|NVIDIA|H100|H200"), ("gpu graph", {}, ["--useCudaGraph"], "GPU|NVIDIA|H100|H200"),
                                                 ("cpu by flag", {}, ["--device=cpu"], ""), ("cpu by variable", {"INGOT_DEVICE": "cpu"}, [], "")]:
        out = pathlib.Path(scratch, "out.json")
        code, text = run(environment, *common, *arguments, f"--exportOutput={out}", "--dumpOutput")
        selected = re.search(r"Selected Device: (.*)", text)
        good = code == 0 and selected and bool(re.search("Emulated GPU|NVIDIA", selected.group(1))) == bool(device)
        for line in ("GPU Compute Time: min", "H2D Latency: min", "D2H Latency: min", "Enqueue Time: min", "Latency: min"):
            good = good and line in text
        if not good:
            failures.append(f"{name}: code {code}\n{text}")
        else:
            answers[name] = re.findall(r"[-0-9.e]+", out.read_text().split("values")[-1])
    numbers = {name: [round(float(value), 3) for value in values if value.strip("-.e")] for name, values in answers.items()}
    if len(sys.argv) > 3:
        both = pathlib.Path(scratch, "both")
        both.mkdir()
        folder_with_stand_in(both, sys.argv[3])
        code, text = run({"INGOT_CUDA_PATH": str(both)}, *common)
        if code != 0 or "Emulated GPU" not in text:
            failures.append(f"beside a stand-in: code {code}\n{text}")
    path.write_bytes(sliced())
    for arguments in ([], ["--noDataTransfers"]):
        code, text = run({}, *common, *arguments)
        # The warnings follow from the medians that are printed, whatever they are on this machine.
        median = {name: float(value) for name, value in re.findall(r"(H2D Latency|D2H Latency|GPU Compute Time): .*?median = ([0-9.]+)", text)}
        for part in ("H2D", "D2H"):
            wanted = not arguments and median[f"{part} Latency"] > 0.8 * median["GPU Compute Time"]
            if code != 0 or (f"bound by {part} copies" in text) != wanted:
                failures.append(f"bounds {arguments} of {part}: code {code}\n{text}")
if len({str(values) for values in numbers.values()}) > 1:
    failures.append(f"the answers differ: {numbers}")
print("\n".join(failures) or f"trtexec ran {len(answers)} ways")
sys.exit(1 if failures else 0)
