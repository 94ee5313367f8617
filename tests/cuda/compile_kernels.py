#!/usr/bin/env python3
"""Compiles kernel sources with NVRTC, which needs no GPU: compile_kernels.py FOLDER, or --self-test. Exits with 77 where there is no NVRTC.

The first source of each kernel is compiled for all architectures, the others for one of them in turn."""
import ctypes, glob, os, pathlib, sys, tempfile

ARCHITECTURES = ["sm_75", "sm_80", "sm_89", "sm_90", "sm_90a", "sm_100", "sm_120"]


def find_nvrtc():
    places = [pathlib.Path(home, "lib64") for home in (os.environ.get("CUDA_HOME"), "/usr/local/cuda") if home]
    places += [pathlib.Path(path) for path in glob.glob("/usr/lib/python3/dist-packages/nvidia/cuda_nvrtc/lib")]
    places += [pathlib.Path(path, "nvidia", folder, "lib") for path in sys.path for folder in ("cuda_nvrtc", "cu13")]
    places.append(pathlib.Path("/usr/lib/x86_64-linux-gnu"))
    for name in ("libnvrtc.so.13", "libnvrtc.so.12"):
        for place in places:
            if (place / name).exists():
                return ctypes.CDLL(str(place / name))
    return None


def compile_source(nvrtc, source, architecture):
    """The compiler's messages, or None where all is well."""
    program = ctypes.c_void_p()
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), b"kernel.cu", 0, None, None)
    options = [f"--gpu-architecture={architecture}".encode(), b"--std=c++17"]
    failed = nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
    message = None
    if failed:
        size = ctypes.c_size_t()
        nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
        log = ctypes.create_string_buffer(size.value)
        nvrtc.nvrtcGetProgramLog(program, log)
        message = log.value.decode() or f"error {failed}"
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return message


def check(nvrtc, folder):
    failures, count, seen = 0, 0, set()
    for index, path in enumerate(sorted(pathlib.Path(folder).glob("*.cu"))):
        kernel = path.name.rsplit("-", 1)[0]
        wanted = ARCHITECTURES if kernel not in seen else [ARCHITECTURES[index % len(ARCHITECTURES)]]
        seen.add(kernel)
        source = path.read_text()
        for architecture in wanted:
            count += 1
            message = compile_source(nvrtc, source, architecture)
            if message:
                failures += 1
                print(f"{path.name} for {architecture}:\n{message}")
    print(f"{count} compilations of {len(seen)} kernels, {failures} failed")
    return 1 if failures or not seen else 0


def self_test(nvrtc):
    with tempfile.TemporaryDirectory() as folder:
        empty = check(nvrtc, folder)
        pathlib.Path(folder, "wrong-1.cu").write_text('extern "C" __global__ void wrong() { missing(); }')
        red = check(nvrtc, folder)
        pathlib.Path(folder, "wrong-1.cu").write_text('extern "C" __global__ void right() {}')
        return 0 if (empty, red, check(nvrtc, folder)) == (1, 1, 0) else 1


if __name__ == "__main__":
    library = find_nvrtc()
    if library is None:
        print("skipped: libnvrtc is not found; install cuda-nvrtc, or pip install nvidia-cuda-nvrtc")
        sys.exit(77)
    sys.exit(self_test(library) if sys.argv[1:] == ["--self-test"] else check(library, sys.argv[1]))
