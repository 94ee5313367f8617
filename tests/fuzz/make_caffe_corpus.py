#!/usr/bin/env python3
"""Writes the seeds of the Caffe fuzzers: usage make_caffe_corpus.py FOLDER, which gets caffe_text/ and caffe_model/. The seeds are kept in
the project."""
import pathlib, struct, sys


def layer(kind, parameters="", bottoms="x", tops="y", name="l"):
    ends = "".join(f" bottom: '{b}'" for b in bottoms.split()) + "".join(f" top: '{t}'" for t in tops.split())
    return f"layer {{ name: '{name}' type: '{kind}'{ends} {parameters} }}\n"


def image(*dims, name="x"):
    return layer("Input", "input_param { shape { " + " ".join(f"dim: {d}" for d in dims) + " } }", "", name, name)


X = image(1, 4, 6, 6)
TEXTS = {
    "convolution": X + layer("Convolution", "convolution_param { num_output: 4 kernel_size: 3 pad: 1 stride: 2 group: 2 dilation: 1 }"),
    "sides": X + layer("Convolution", "convolution_param { num_output: 4 kernel_h: 3 kernel_w: 1 pad_h: 1 stride_w: 2 bias_term: false }"),
    "deconvolution": X + layer("Deconvolution", "convolution_param { num_output: 4 kernel_size: 2 stride: 2 }"),
    "pooling": X + layer("Pooling", "pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 round_mode: FLOOR }"),
    "stochastic": X + layer("Pooling", "pooling_param { pool: STOCHASTIC global_pooling: true }"),
    "unpooling": X + layer("Pooling", "pooling_param { kernel_size: 2 stride: 2 }", tops="p m") + layer("Upsample", "upsample_param { scale: 2 }", "p m"),
    "inner_product": X + layer("InnerProduct", "inner_product_param { num_output: 5 axis: 2 transpose: true }"),
    "normalization": X + layer("BatchNorm", tops="b") + layer("Scale", "scale_param { bias_term: true }", "b", "s") + layer("LRN", "lrn_param { norm_region: WITHIN_CHANNEL local_size: 3 }", "s") + layer("MVN", bottoms="y", tops="z") + layer("Normalize", bottoms="z", tops="n"),
    "activations": X + "".join(layer(k, bottoms="x", tops=k) for k in ("ReLU", "PReLU", "ELU", "Sigmoid", "TanH", "AbsVal", "BNLL", "Clip", "Swish", "Power", "Exp", "Log", "Threshold", "Softmax")),
    "moves": X + layer("Reshape", "reshape_param { shape { dim: 0 dim: -1 dim: 2 } axis: 0 num_axes: -1 }", tops="r") + layer("Flatten", "flatten_param { axis: 1 }", "r", "f") + layer("Tile", "tile_param { tiles: 2 }", "f", "t") + layer("ArgMax", "argmax_param { top_k: 2 out_max_val: true }", "t") + layer("Permute", "permute_param { order: 0 order: 2 }", "x", "p"),
    "several": X + layer("Slice", "slice_param { axis: 1 slice_point: 1 }", tops="a b") + layer("Concat", "", "a b a", "c") + layer("Eltwise", "eltwise_param { operation: SUM coeff: 1 coeff: -1 }", "x x", "e") + layer("Reduction", "reduction_param { operation: SUMSQ axis: 1 coeff: 2 }", "e") + layer("Split", "", "c", "s t") + layer("Silence", "", "s", ""),
    "crop": X + image(1, 4, 3, 3, name="r") + layer("Crop", "crop_param { axis: 2 offset: 1 }", "x r"),
    "forks": X + layer("ShuffleChannel", "shuffle_channel_param { group: 2 }", tops="s") + layer("Reorg", "reorg_param { stride: 2 }", "s", "r") + layer("Interp", "interp_param { zoom_factor: 2 pad_beg: -1 }", "x", "i") + layer("SPP", "spp_param { pyramid_height: 2 }", "x"),
    "detection": X + layer("PriorBox", "prior_box_param { min_size: 2 max_size: 4 aspect_ratio: 2 step: 1 }", "x x", "p") + image(1, 576, name="l") + image(1, 288, name="c") + layer("DetectionOutput", "detection_output_param { num_classes: 2 keep_top_k: 3 code_type: CENTER_SIZE nms_param { top_k: 5 } }", "l c p"),
    "of_2014": "input: 'x' input_dim: 1 input_dim: 2 input_dim: 4 input_dim: 4\nlayers { name: 'c' type: CONVOLUTION bottom: 'x' top: 'c' convolution_param { num_output: 2 kernel_size: 3 } }\nlayers { name: 'r' type: RELU bottom: 'c' top: 'c' }\n",
    "of_2013": "input: 'x' input_dim: 1 input_dim: 2 input_dim: 4 input_dim: 4\nlayers { layer { name: 'p' type: 'padding' pad: 1 } bottom: 'x' top: 'p' }\nlayers { layer { name: 'c' type: 'conv' num_output: 2 kernelsize: 3 } bottom: 'p' top: 'c' }\n",
    "rules": X + layer("ReLU", "include { phase: TEST min_level: 0 not_stage: 'a' } loss_weight: 1"),
    "huge": image(1, 2147483647, 2147483647, 2147483647) + layer("Flatten"),
    "positions": X + image(2, 5, name="r") + layer("PSROIPooling", "psroi_pooling_param { spatial_scale: 0.5 output_dim: 1 group_size: 2 }", "x r"),
    "filter": X + image(1, 1, 1, 1, name="k") + layer("Filter", "", "x x k", "a b"),
    "no_brace": X + "layer { name: 'c' type: 'ReLU' bottom: 'x' top: 'c' # {\n" + layer("ReLU", "", "c"),
    "misspelt": X + layer("Pooling", "pooling_param { kernal_size: 3 strde: 2 }") + layer("Relu", "", "xx"),
    "unknown_field": X + layer("ReLU", "relu_param { what { is: 'this' } }"),
}


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def blob(values, dims=None, old=False):
    shape = field(7, field(1, b"".join(map(varint, dims or [len(values)]))))
    if old:
        shape = b"".join(varint(n << 3) + varint(d) for n, d in zip((1, 2, 3, 4), (1, 1, 1, len(values))))
    return shape + field(5, struct.pack(f"<{len(values)}f", *values))


COUNTS = {"c": [36, 2], "b": [2, 2, 1], "s": [2, 2], "p": [2], "n": [1], "d": [8, 1], "i": [27, 3]}


def net(make_layer, number):
    return b"".join(field(number, make_layer(name.encode(), counts)) for name, counts in COUNTS.items())


MODELS = {
    "now": net(lambda name, counts: field(1, name) + b"".join(field(7, blob([0.5] * n)) for n in counts), 100),
    "of_2014": net(lambda name, counts: field(4, name) + b"".join(field(6, blob([0.5] * n, old=True)) for n in counts), 2),
    "of_2013": net(lambda name, counts: field(1, field(1, name) + b"".join(field(50, blob([0.5] * n, old=True)) for n in counts)), 2),
    "half": net(lambda name, counts: field(1, name) + b"".join(field(7, field(12, b"\0\x38" * n) + b"\x50\2") for n in counts), 100),
    "double": net(lambda name, counts: field(1, name) + b"".join(field(7, field(8, struct.pack("<d", 0.5) * n)) for n in counts), 100),
    "mean": blob([1, 2, 3, 4], [1, 1, 2, 2]),
    "wrong_dims": net(lambda name, counts: field(1, name) + b"".join(field(7, blob([0.5] * n, [2 ** 40, 2 ** 40])) for n in counts), 100),
}

if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    for kind, suffix, seeds in (("caffe_text", "prototxt", TEXTS), ("caffe_model", "caffemodel", MODELS)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for name, data in seeds.items():
            (folder / kind / f"{name}.{suffix}").write_bytes(data.encode() if isinstance(data, str) else data)
