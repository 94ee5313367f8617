#!/usr/bin/env python3
"""Makes the small TensorFlow models of models/tf whose folders end in _made: python3 make_tensorflow_models.py FOLDER

Needs TensorFlow 2. Each model is written as TensorFlow itself exports it, with an input and TensorFlow's answer to it. Weights are seeded.
"""
import os, pathlib, sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
OUT = pathlib.Path(sys.argv[1])


def keep(name, inputs, outputs):
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    for key, value in inputs.items():
        np.save(folder / f"input_{key}.npy", value)
    for key, value in outputs.items():
        np.save(folder / f"expected_{key}.npy", np.asarray(value))
    return folder


def seeded(shape, seed=7):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


class Digits(tf.Module):
    """A small convolutional network with separable and dilated convolutions and variables of its own."""

    def __init__(self):
        super().__init__(name="digits")
        def variable(name, shape, seed, scale=0.3):
            return tf.Variable(seeded(shape, seed) * scale, name=name)
        self.stem = variable("stem/kernel", (3, 3, 1, 8), 1)
        self.gamma, self.beta = tf.Variable(np.abs(seeded(8, 2)) + 0.5, name="bn/gamma"), variable("bn/beta", (8,), 3)
        self.mean, self.variance = variable("bn/mean", (8,), 4), tf.Variable(np.abs(seeded(8, 5)) + 0.5, name="bn/variance")
        self.depth, self.point = variable("sep/depth", (3, 3, 8, 1), 6), variable("sep/point", (1, 1, 8, 16), 7)
        self.wide = variable("wide/kernel", (3, 3, 16, 16), 8, 0.1)
        # Two variables of one name: only the checkpoint's own order tells them apart.
        self.first, self.second = variable("dense/kernel", (16, 12), 9), variable("dense/kernel", (12, 10), 10)
        self.bias = variable("dense/bias", (10,), 11)

    @tf.function(input_signature=[tf.TensorSpec([None, 14, 14, 1], tf.float32, name="image")])
    def __call__(self, image):
        x = tf.nn.conv2d(image, self.stem, 2, "SAME")
        x = tf.raw_ops.FusedBatchNormV3(x=x, scale=self.gamma, offset=self.beta, mean=self.mean, variance=self.variance, is_training=False)[0]
        x = tf.nn.relu6(x)
        x = tf.nn.relu6(tf.nn.conv2d(tf.nn.depthwise_conv2d(x, self.depth, [1, 1, 1, 1], "SAME"), self.point, 1, "SAME"))
        x = tf.nn.relu(tf.nn.convolution(x, self.wide, padding="SAME", dilations=[2, 2]))
        x = tf.reduce_mean(x, [1, 2])
        logits = tf.matmul(tf.nn.relu(tf.matmul(x, self.first)), self.second) + self.bias
        return {"logits": logits, "prob": tf.nn.softmax(logits)}


def saved_model_v2():
    x = seeded((3, 14, 14, 1))
    model = Digits()
    folder = keep("saved_model_made", {"image": x}, {k: v.numpy() for k, v in model(x).items()})
    tf.saved_model.save(model, str(folder / "model"), signatures=model.__call__.get_concrete_function())


def saved_model_v1(name, resource, parts=None):
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 6], name="x")
        with v1.variable_scope("layer", use_resource=resource):
            w = v1.get_variable("w", shape=(6, 5), initializer=v1.random_normal_initializer(seed=1) if parts else v1.constant_initializer(seeded((6, 5), 1)),
                                partitioner=v1.fixed_size_partitioner(parts) if parts else None)
            b = v1.get_variable("b", initializer=seeded((5,), 2))
        y = tf.identity(tf.tanh(tf.matmul(x, tf.convert_to_tensor(w)) + b), name="y")
        session.run(v1.global_variables_initializer())
        value = seeded((2, 6))
        folder = keep(name, {"x": value}, {"y": session.run(y, {x: value})})
        builder = v1.saved_model.Builder(str(folder / "model"))
        signature = v1.saved_model.predict_signature_def({"x": x}, {"y": y})
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()


def graph_v1(name, build, feeds):
    """A frozen graph of TensorFlow 1: control flow as Enter, Merge, Switch, NextIteration and Exit."""
    v1.disable_control_flow_v2()
    with tf.Graph().as_default() as graph, v1.Session() as session:
        places = {k: v1.placeholder(v.dtype, [None, *v.shape[1:]] if v.ndim > 1 else v.shape, name=k) for k, v in feeds.items()}
        outputs = build(**places)
        session.run(v1.global_variables_initializer())
        names = {k: tf.identity(v, name=k) for k, v in outputs.items()}
        answers = session.run(names, {places[k]: v for k, v in feeds.items()})
        frozen = v1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), list(names))
    folder = keep(name, feeds, answers)
    (folder / "graph.pb").write_bytes(frozen.SerializeToString())
    v1.enable_control_flow_v2()


def graph_v2(name, build, feeds):
    """A SavedModel of a function with While and If."""
    signature = [tf.TensorSpec([None, *v.shape[1:]] if v.ndim > 1 else v.shape, v.dtype, name=k) for k, v in feeds.items()]
    module = tf.Module()
    module.run = tf.function(lambda *arguments: build(**dict(zip(feeds, arguments))), input_signature=signature)
    concrete = module.run.get_concrete_function()
    answers = {k: v.numpy() for k, v in module.run(*[tf.constant(v) for v in feeds.values()]).items()}
    folder = keep(name, feeds, answers)
    tf.saved_model.save(module, str(folder / "model"), signatures=concrete)


def loop(x, limit):
    """Halves and shifts until the sum is small or eight turns are over."""
    def body(i, y, s):
        return i + 1, y * 0.5 + 0.1, s + tf.reduce_sum(y)
    i, y, s = v1.while_loop(lambda i, y, s: tf.logical_and(i < 8, tf.reduce_sum(tf.abs(y)) > limit), body, [tf.constant(0), x, tf.constant(0.0)])
    return {"turns": i, "y": y, "sum": s}


def branches(x, limit):
    y = tf.cond(tf.reduce_sum(x) > limit, lambda: tf.cond(limit > 0, lambda: x * 2, lambda: x * 3), lambda: tf.nn.relu(x) - 1)
    z = tf.cond(limit > 100, lambda: tf.constant(1.0), lambda: tf.constant(2.0))
    return {"y": y, "z": z}


def nested(x):
    """A loop inside a loop, both of known length."""
    def outer(i, y):
        def inner(j, z):
            return j + 1, z + tf.cast(j, tf.float32) * x
        return i + 1, v1.while_loop(lambda j, z: j < 3, inner, [tf.constant(0), y])[1] * 0.5
    return {"y": v1.while_loop(lambda i, y: i < 4, outer, [tf.constant(0), x])[1]}


def recurrent(x):
    """An LSTM over time with arrays of tensors, as dynamic_rnn and Keras write it."""
    k, r, b = seeded((4, 20), 1) * 0.5, seeded((5, 20), 2) * 0.5, seeded((20,), 3) * 0.1
    steps = 6
    source = tf.TensorArray(tf.float32, steps).unstack(tf.transpose(x, [1, 0, 2]))
    made = tf.TensorArray(tf.float32, steps, element_shape=[None, 5])
    zero = tf.zeros([tf.shape(x)[0], 5])

    def body(t, made, h, c):
        gates = tf.matmul(source.read(t), k) + tf.matmul(h, r) + b
        i, f, g, o = tf.split(gates, 4, axis=1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        h = tf.sigmoid(o) * tf.tanh(c)
        return t + 1, made.write(t, h), h, c

    _, made, h, c = v1.while_loop(lambda t, *_: t < steps, body, (tf.constant(0), made, zero, zero), maximum_iterations=steps)
    return {"h": h, "all": tf.transpose(made.stack(), [1, 0, 2])}


def volumes(x):
    """Three spatial dimensions, gathers by several axes and other operators of exports."""
    y = tf.nn.conv3d(x, seeded((2, 3, 3, 2, 4), 1) * 0.3, [1, 1, 2, 2, 1], "SAME")
    y = tf.nn.max_pool3d(tf.nn.bias_add(y, seeded((4,), 2)), [1, 2, 2, 2, 1], [1, 2, 2, 2, 1], "SAME")
    places = tf.constant([[0, 1], [1, 0]])
    picked = tf.gather_nd(tf.reshape(y, [tf.shape(y)[0], 2, -1]), places)
    best, where = tf.math.top_k(picked, 3)
    hot = tf.one_hot(where, 5, on_value=2.0, off_value=-1.0)
    total = tf.cumsum(tf.reverse(picked, [1]), axis=1, exclusive=True)
    tiles = tf.broadcast_to(tf.expand_dims(best, 1), [2, 4, 3]) + tf.linspace(0.0, 1.0, 3)
    return {"y": y, "hot": hot, "total": total, "tiles": tiles, "product": tf.einsum("ij,kj->ik", best, best),
            "scattered": tf.scatter_nd([[1], [3]], best, [5, 3]), "functions": tf.math.erf(best) + tf.math.log1p(tf.abs(best)) + tf.math.expm1(-best),
            "length": tf.norm(picked, axis=1), "clipped": tf.clip_by_value(picked, -0.5, 0.5), "some": tf.cast(tf.reduce_any(picked > 0, 1), tf.float32)}


def detector(image, boxes, scores):
    """What stands behind a detector: the boxes that stay, in the versions of it, and windows of the image."""
    kept = tf.raw_ops.NonMaxSuppressionV3(boxes=boxes, scores=scores, max_output_size=4, iou_threshold=0.4, score_threshold=0.1)
    places, count = tf.raw_ops.NonMaxSuppressionV4(boxes=boxes, scores=scores, max_output_size=12, iou_threshold=0.4, score_threshold=0.1,
                                                   pad_to_max_output_size=True)
    _, best, more = tf.raw_ops.NonMaxSuppressionV5(boxes=boxes, scores=scores, max_output_size=6, iou_threshold=0.2, score_threshold=0.1,
                                                   soft_nms_sigma=0.0, pad_to_max_output_size=True)
    first = tf.gather(boxes, places[:3])
    windows = tf.image.crop_and_resize(image, first, [0, 1, 0], [3, 4], extrapolation_value=-2.0)
    nearest = tf.image.crop_and_resize(image, first, [1, 1, 0], [2, 1], method="nearest")
    return {"kept": kept, "places": places, "count": count, "best": best, "more": more, "windows": tf.identity(windows), "nearest": nearest}


def cases(x, index):
    return {"y": tf.switch_case(index, [lambda: x * 2, lambda: tf.nn.relu(x) - 1, lambda: tf.reduce_sum(x) + x])}


saved_model_v2()
saved_model_v1("saved_model_v1_made", False)
saved_model_v1("saved_model_v1_resource_made", True)
saved_model_v1("saved_model_v1_parts_made", False, 3)
image, few, limit = seeded((2, 4, 4, 2)), seeded((2, 3)), np.float32(2.0)
for way, make in (("v1", graph_v1), ("v2", graph_v2)):
    make(f"while_{way}_made", loop, {"x": few, "limit": np.float32(0.9)})
    make(f"cond_{way}_made", branches, {"x": few, "limit": np.float32(-50.0)})
    make(f"nested_{way}_made", nested, {"x": few})
    make(f"recurrent_{way}_made", recurrent, {"x": seeded((2, 6, 4))})
graph_v2("cases_v2_made", cases, {"x": few, "index": np.int32(1)})
corners = np.random.default_rng(5).uniform(0, 0.7, (12, 2)).astype(np.float32)
graph_v1("detector_made", detector,
         {"image": seeded((2, 5, 7, 3)), "boxes": np.concatenate([corners - 0.1, corners + 0.35], 1),
          "scores": np.random.default_rng(6).uniform(0, 1, 12).astype(np.float32)})
for left_over in OUT.glob("*/model/fingerprint.pb"):
    left_over.unlink()
graph_v1("volumes_made", volumes, {"x": seeded((2, 4, 6, 6, 2))})
