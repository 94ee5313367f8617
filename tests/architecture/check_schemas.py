#!/usr/bin/env python3
"""check_schemas.py ROOT: the schemas of python/ give the fields that they share with those of src/import/ the same numbers and kinds.

There are two of each because C++ reads names as bytes, which any file may hold, by the lite runtime, and what no message needs it leaves out,
while programs of graphsurgeon and uff see whole messages with text and enums."""
import pathlib
import re
import sys

PAIRS = [("src/import/tensorflow/tensorflow.proto", "python/graphsurgeon/graph.proto"), ("src/import/uff/uff.proto", "python/uff/uff.proto")]
# Messages that the Python package calls as the original does.
RENAMED = {"ListInt": "ListINT64", "ListType": "ListDataType"}
TOKENS = re.compile(r"//[^\n]*|\"[^\"]*\"|[A-Za-z_][\w.]*|-?\d+|[{}<>,;=]")


def fields_of(path):
    """{"Message.field": (number, kind)}; enums count as int32, bytes as string."""
    tokens = [t for t in TOKENS.findall(path.read_text()) if not t.startswith("//")]
    enums = {tokens[i + 1] for i, t in enumerate(tokens) if t == "enum"}
    fields, scopes = {}, []
    at = 0
    while at < len(tokens):
        if tokens[at] in ("message", "oneof", "enum"):
            scopes.append((tokens[at], RENAMED.get(tokens[at + 1], tokens[at + 1])))
            at += 3
        elif tokens[at] == "}":
            scopes.pop()
            at += 1
        elif tokens[at] == "=" and scopes and scopes[-1][0] != "enum":
            begin = max(i for i in range(at) if tokens[i] in (";", "{", "}")) + 1
            kind = [RENAMED.get(k, k) for k in tokens[begin:at - 1]]
            kind = ["int32" if k in enums else "string" if k == "bytes" else k for k in kind]
            message = ".".join(name for what, name in scopes if what == "message")
            fields[f"{message}.{tokens[at - 1]}"] = (int(tokens[at + 1]), " ".join(kind))
            at += 2
        else:
            at += 1
    return fields


def main():
    root, wrong = pathlib.Path(sys.argv[1]), 0
    for ours, theirs in PAIRS:
        a, b = fields_of(root / ours), fields_of(root / theirs)
        shared = sorted(a.keys() & b.keys())
        if len(shared) < 15:
            print(f"{ours} and {theirs} share {len(shared)} fields only")
            wrong += 1
        for name in shared:
            (number, kind), (other_number, other_kind) = a[name], b[name]
            if number != other_number or kind != other_kind:
                print(f"{name} is '{kind}' {number} in {ours}, but '{other_kind}' {other_number} in {theirs}")
                wrong += 1
    sys.exit(1 if wrong else 0)


main()
