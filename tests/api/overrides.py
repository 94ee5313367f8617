#!/usr/bin/env python3
"""Compares a public class whose methods have bodies, so that programs may make empty ones, with the class that implements it: a method
that is not overridden there would compile and do nothing.

usage: overrides.py HEADER CLASS SOURCE
"""
import re
import sys


def main():
    header, name, source = sys.argv[1:]
    with open(header, encoding="utf-8") as file:
        text = file.read()
    body = re.search(rf"^class {name} .*?^}};", text, re.S | re.M)
    if body is None:
        sys.exit(f"{header} has no class {name}")
    declared = re.findall(r"^  virtual .*?\b(\w+)\(", body[0], re.M)
    with open(source, encoding="utf-8") as file:
        overridden = re.findall(r"\b(\w+)\([^;{}]*\)\s*(?:const )?noexcept (?:override|final)", file.read())
    missing = sorted(set(declared) - set(overridden))
    if not declared or missing:
        sys.exit(f"{source} does not override {', '.join(missing) or 'anything'} of {name}")
    print(f"{len(declared)} methods of {name} are overridden")


if __name__ == "__main__":
    main()
