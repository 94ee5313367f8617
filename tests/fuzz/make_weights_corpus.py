#!/usr/bin/env python3
"""Writes the seeds of the fuzzer of weights' files: usage make_weights_corpus.py FOLDER, which gets weights/. The seeds are kept in the
project."""
import io, pathlib, struct, sys, zipfile


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


def npy(descr, shape, data, columns_first=False):
    header = f"{{'descr': '{descr}', 'fortran_order': {columns_first}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + data


def archive(files, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, data in files.items():
            file.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def safetensors(header, data):
    return struct.pack("<Q", len(header)) + header.encode() + data


def text(word):
    return b"X" + struct.pack("<I", len(word)) + word.encode()


def state_dict(dims=b"K\1K\2\x86", strides=b"K\2K\1\x86", storage=b"FloatStorage"):
    return (b"\x80\2}" + text("w") + b"ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + b"ctorch\n" + storage + b"\n" + text("0") + text("cpu")
            + b"K\2tQK\0" + dims + strides + b"\x89}tRs.")


STREAM = b"\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19." + b"\x80\2M\xe9\3." + b"\x80\2}."
KEYS = b"\x80\2]" + text("0") + b"a."
SEEDS = {
    "bits.wts": b"2\nconv.weight 2 3f800000 c0000000\nbias 1 3f000000\n",
    "types.wts": b"2\na 0 1 3f800000\nb 1 2 3c00 4000\n",
    "binary.wts": b"2\nw 0 (2, 1) " + floats(1, 2) + b"\nv 1 (1,) \0\x3c\n",
    "two.safetensors": safetensors('{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"b":{"dtype":"BOOL","shape":[],"data_offsets":[8,9]}}', floats(1, 2) + b"\7"),
    "beyond.safetensors": safetensors('{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}', floats(1, 2)),
    "stored.npz": archive({"a.npy": npy("<f4", "(2,)", floats(1, 2)), "b.npy": npy("<i8", "()", b"\1" * 8)}),
    "packed.npz": archive({"a.npy": npy("<f4", "(2, 3)", floats(1, 2, 3, 4, 5, 6), True)}, zipfile.ZIP_DEFLATED),
    "one.npy": npy("<f2", "(1,)", b"\0\x3c"),
    "zip.pt": archive({"m/data.pkl": state_dict(), "m/data/0": floats(1, 2)}),
    "view.pt": archive({"m/data.pkl": state_dict(b"K\2K\2\x86", b"K\1K\2\x86"), "m/data/0": floats(1, 2, 3, 4)}),
    "packed.pt": archive({"m/data.pkl": state_dict(storage=b"HalfStorage"), "m/data/0": b"\0\x3c" * 2}, zipfile.ZIP_DEFLATED),
    "call.pt": archive({"data.pkl": b"\x80\2}" + text("w") + b"cposix\nsystem\n" + text("false") + b"\x85Rs."}),
    "memo.pt": archive({"data.pkl": b"\x80\2]q\0(h\0h\0e}q\1" + text("a") + b"h\1s."}),
    "older.pth": STREAM + state_dict() + KEYS + struct.pack("<q", 2) + floats(1, 2),
    "nested.pth": STREAM + b"\x80\2}" + text("state_dict") + state_dict()[2:-1] + b"s." + KEYS + struct.pack("<q", 2) + floats(1, 2),
}

if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1]) / "weights"
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in SEEDS.items():
        (folder / name).write_bytes(data)
