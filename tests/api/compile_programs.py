#!/usr/bin/env python3
"""Compiles the programs beside it against the public headers as every generation they name, and each header by itself.

Each program is compiled as C++11 and as C++17 with all warnings as errors, once with -DINGOT_API=N and once with the include folder
tensorrt-N, by the given compiler and by any other of g++ and clang++ that is installed. Prints what failed; exits 0 when nothing did.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wnon-virtual-dtor", "-Werror"]


def generations(program):
    first = open(program).readline()
    found = re.fullmatch(r"// Compiles as generations ([\d ]+)\.\n", first)
    if not found:
        sys.exit(f"{program}: the first line does not name the generations")
    return [int(number) for number in found.group(1).split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--include", required=True, help="the folder of the public headers")
    parser.add_argument("--cuda", required=True, help="a folder with cuda_runtime_api.h")
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--programs", default=os.path.join(HERE, "programs"))
    options = parser.parse_args()

    compilers = [options.compiler]
    for other in ("g++", "clang++"):
        if shutil.which(other) and other not in os.path.basename(options.compiler) and not (
                other == "g++" and os.path.basename(options.compiler) == "c++"):
            compilers.append(other)

    jobs = []
    for compiler in compilers:
        common = [compiler, "-fsyntax-only", "-x", "c++", *WARNINGS, "-isystem", options.cuda]
        for name in sorted(os.listdir(options.programs)):
            program = os.path.join(options.programs, name)
            for level in generations(program):
                by_define = ["-I", options.include, f"-DINGOT_API={level}", "-std=c++11"]
                by_folder = ["-I", os.path.join(options.include, f"tensorrt-{level}"), "-std=c++17"]
                for way in (by_define, by_folder):
                    jobs.append(common + way + [f"-DLEVEL={level}", program])
        for name in sorted(os.listdir(options.include)):
            if name.endswith(".h"):  # as a user includes it: alone
                jobs.append(common + ["-I", options.include, "-std=c++14", "-include", name, os.devnull])

    def run(job):
        result = subprocess.run(job, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return result.returncode == 0 or " ".join(job) + "\n" + result.stdout[:2000]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(run, jobs))
    failures = [text for text in results if text is not True]
    print("\n".join(failures))
    print(f"{len(jobs) - len(failures)} of {len(jobs)} compilations by {' and '.join(compilers)} succeed")
    return 1 if failures or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
