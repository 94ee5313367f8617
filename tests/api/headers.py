#!/usr/bin/env python3
"""Compiles each public header by itself, for every generation: in under two seconds of the processor, with nothing but the CUDA runtime's
headers and the standard library behind it.

usage: headers.py --include DIR --cuda DIR --compiler CXX [--seconds S]
"""
import argparse
import os
import re
import resource
import subprocess
import sys

# What the standard libraries of C++ and C, and the kernel's headers below them, lie in.
STANDARD = re.compile(r"^/usr/(lib|local/lib)/(gcc|llvm|clang)|^/usr/include/(c\+\+|[\w.]+-linux-gnu|bits|sys|asm|asm-generic|linux|gnu)/|^/usr/include/[\w-]+\.h$"
                      r"|/lib/gcc/|/c\+\+/v?\d+")


def seconds_of(command):
    """Processor time of the command, its exit status and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, result.returncode, result.stdout


def strangers(command, allowed):
    """Files behind a header that are neither allowed nor of the standard library."""
    rule = subprocess.run(command + ["-M"], stdout=subprocess.PIPE, text=True, check=True).stdout
    files = [os.path.realpath(name) for name in rule.replace("\\\n", " ").split(":", 1)[1].split()]
    return sorted(name for name in files if name != os.devnull and not name.startswith(allowed) and not STANDARD.search(name))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--include", required=True)
    parser.add_argument("--cuda", required=True)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    allowed = tuple(os.path.realpath(folder) + os.sep for folder in (options.include, options.cuda))
    wrong, slowest = [], (0.0, "")
    for name in sorted(os.listdir(options.include)):
        if not name.endswith(".h"):
            continue
        for level in (4, 8, 11):
            command = [options.compiler, "-x", "c++", "-std=c++14", "-I", options.include, "-isystem", options.cuda, f"-DINGOT_API={level}",
                       "-include", name, os.devnull]
            for stranger in strangers(command, allowed):
                wrong.append(f"{name} of generation {level} pulls in {stranger}")
            seconds, status, output = seconds_of(command + ["-fsyntax-only"])
            slowest = max(slowest, (seconds, f"{name} of generation {level}"))
            if status:
                wrong.append(f"{name} of generation {level} does not compile:\n{output[:2000]}")
            elif seconds > options.seconds:
                wrong.append(f"{name} of generation {level} takes {seconds:.2f} s; at most {options.seconds} are allowed")
    print("\n".join(wrong) or f"all headers stand alone; {slowest[1]} takes longest, {slowest[0]:.2f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
