#!/usr/bin/env python3
"""Compares what the libraries export, and what the headers declare and none exports, with the reviewed list exports.txt.

usage: exports.py --include DIR --list exports.txt [--bless] LIBRARY...   --bless writes the list
"""
import argparse
import os
import re
import subprocess
import sys


def exported(library):
    """Functions that the library defines, with their arguments; inline ones and run-time type information are left out."""
    lines = subprocess.run(["nm", "-DC", "--defined-only", library], check=True, capture_output=True, text=True).stdout.splitlines()
    return sorted(line.split(" ", 2)[2] for line in lines if line.split(" ", 2)[1] in "TDB")


def declared(include):
    """Names of functions that the headers say the libraries export."""
    names = set()
    for folder, _, files in os.walk(include):
        if re.search(r"tensorrt-\d+", folder):
            continue
        for file in files:
            text = open(os.path.join(folder, file)).read()
            text = re.sub(r"//[^\n]*", "", text)
            for match in re.finditer(r"^\s*(?:extern\s+\"C\"\s+)?TENSORRTAPI\s[^;{]*?(\w+)\s*\(", text, re.M):
                names.add(match.group(1))
    return names


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--include", required=True)
    parser.add_argument("--list", required=True)
    parser.add_argument("--bless", action="store_true")
    parser.add_argument("libraries", nargs="+")
    options = parser.parse_args()
    now = ""
    names = set()
    for library in options.libraries:
        functions = exported(library)
        names |= {re.sub(r"\(.*", "", function).split("::")[-1] for function in functions}
        now += os.path.basename(library) + "\n" + "".join(f"  {function}\n" for function in functions)
    missing = sorted(declared(options.include) - names)
    if missing:
        now += "declared in the headers, exported by none\n" + "".join(f"  {name}\n" for name in missing)
    if options.bless:
        open(options.list, "w").write(now)
        return 0
    then = open(options.list).read()
    if now != then:
        a, b = set(now.splitlines()), set(then.splitlines())
        print("exports differ from the reviewed list; look at the difference and run with --bless\n  new: " + "; ".join(sorted(a - b)) + "\n  gone: " + "; ".join(sorted(b - a)))
        return 1
    print(f"{len(names)} functions are exported, as the list says; {len(missing)} of the headers' are not")
    return 0


if __name__ == "__main__":
    sys.exit(main())
