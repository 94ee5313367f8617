#!/usr/bin/env python3
"""Writes an ONNX file's fp32 weights as text, as programs of generations 4 to 7 read them: the number of entries, then lines
"name type count bits bits ..." with type 0 for fp32 and the bits in hexadecimal.

usage: write_wts.py MODEL.onnx WEIGHTS.wts
"""
import struct
import sys


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at, value, shift = at + 1, value | (byte & 0x7F) << shift, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    """(number, value) of each field of a protobuf message; values are ints or bytes."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        else:
            length, at = varint(data, at) if tag & 7 == 2 else ({1: 8, 5: 4}[tag & 7], at)
            value, at = data[at:at + length], at + length
        yield tag >> 3, value


def main():
    model, out = sys.argv[1:]
    graph = next(value for number, value in fields(open(model, "rb").read()) if number == 7)
    lines = []
    for number, tensor in fields(graph):
        if number != 5:
            continue
        parts = dict(fields(tensor))
        if parts.get(2) != 1 or 9 not in parts:
            continue
        bits = struct.unpack(f"<{len(parts[9]) // 4}I", parts[9])
        lines.append(" ".join([parts[8].decode(), "0", str(len(bits))] + [format(word, "x") for word in bits]))
    with open(out, "w") as file:
        file.write("\n".join([str(len(lines))] + lines) + "\n")


if __name__ == "__main__":
    main()
