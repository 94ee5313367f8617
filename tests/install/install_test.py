#!/usr/bin/env python3
"""Installs a build into a folder of its own and builds programs against it in the ways that users do.

usage: install_test.py BUILD_DIR CXX
"""
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = HERE / "program.cpp"


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\nexited with {done.returncode}:\n{done.stdout}")
    return done.stdout


def configure_and_run(source, build, programs, *options):
    """Configures and builds a project; returns what configuring and running its programs printed."""
    configured = run("cmake", "-S", source, "-B", build, "-G", "Ninja", f"-DPROGRAM={PROGRAM}", *options)
    run("cmake", "--build", build)
    return configured + "".join(run(build / program) for program in programs)


# The names of all years by which programs link and load the parsers, and a function that each has to have.
LINK_NAMES = {"nvonnxparser": "createNvOnnxParser_INTERNAL", "nvonnxparser_runtime": "createNvOnnxParser_INTERNAL", "nvparsers": "createNvUffParser_INTERNAL",
              "nvcaffeparser": "createNvCaffeParser_INTERNAL", "nvcaffe_parser": "createNvCaffeParser_INTERNAL"}
LOAD_NAMES = [f"lib{name}.so.{major}" for name in ("nvinfer", "nvonnxparser", "nvinfer_plugin", "nvparsers", "nvcaffeparser") for major in range(4, 12)]
LOAD_NAMES += ["libnvonnxparser.so.0", "libnvonnxparser_runtime.so.0", "libnvcaffe_parser.so.4", "libnvcaffe_parser.so.5"]


def check_names(libraries, stand_in, compiler, folder, environment):
    for name, function in LINK_NAMES.items():
        source = folder / f"{name}.cpp"
        source.write_text(f'extern "C" void* {function}();\nvoid* volatile kept;\nint main() {{ kept = reinterpret_cast<void*>(&{function}); return kept ? 0 : 1; }}\n')
        run(compiler, source, "-L", libraries, "-L", stand_in / "lib", f"-l{name}", "-lnvinfer", f"-Wl,-rpath-link,{libraries}", "-o", folder / name)
        run(folder / name, env=environment)
    for name in LOAD_NAMES:
        run(sys.executable, "-c", f"import ctypes; ctypes.CDLL('{libraries / 'ingot/generations' / name}')", env=environment)


def main():
    build, compiler = pathlib.Path(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        prefix = folder / "moved"
        run("cmake", "--install", build, "--prefix", folder / "prefix", "--strip")
        (folder / "prefix").rename(prefix)  # an installation may be moved
        stand_in = prefix / "lib/ingot/cudart"
        libraries = prefix / "lib"

        printed = configure_and_run(HERE / "package", folder / "package", ["program", "program8"], f"-DCMAKE_PREFIX_PATH={prefix}",
                                    f"-DCMAKE_CXX_COMPILER={compiler}")
        assert "level 10: 0 2 0 4" in printed and "level 8: 0 2 0 4" in printed, printed

        for include, level in (("include", 10), ("include/tensorrt-8", 8), ("include/tensorrt-11", 11)):
            options = [f"-DTensorRT_ROOT={prefix}", f"-DCUDAToolkit_ROOT={stand_in}", f"-DCMAKE_CXX_COMPILER={compiler}"]
            if level != 10:
                options.append(f"-DTensorRT_INCLUDE_DIR={prefix / include}")
            printed = configure_and_run(HERE / "find_module", folder / f"find{level}", ["program"], *options)
            assert f"version {level}." in printed and f"level {level}: 0 2 0 4" in printed, printed

        run(compiler, "-std=c++14", PROGRAM, "-I", prefix / "include", "-I", stand_in / "include", "-L", libraries, "-L", stand_in / "lib", "-lnvinfer",
            "-lnvonnxparser", "-lcudart", "-o", folder / "plain")
        environment = dict(os.environ, LD_LIBRARY_PATH=f"{libraries}:{stand_in / 'lib'}")
        assert "level 10: 0 2 0 4" in run(folder / "plain", env=environment)
        assert "TensorRT" in run(prefix / "bin/trtexec", "--version")
        assert "usage: ingot inspect" in run(prefix / "bin/ingot", "--help")
        check_names(libraries, stand_in, compiler, folder, environment)

        library = (libraries / "libnvinfer.so").resolve()
        needed = [line.split()[1] for line in run("objdump", "-p", library).splitlines() if line.strip().startswith("NEEDED")]
        assert needed and not any("cuda" in name for name in needed), f"{library.name} links CUDA: {needed}"
        megabytes = library.stat().st_size / 1e6
        assert megabytes < 40, f"{library.name} has {megabytes:.1f} MB; at most 40 are wanted"
        print(f"installed, {library.name} {megabytes:.1f} MB stripped")


main()
