#!/usr/bin/env python3
"""The package `uff`: usage uff_test.py PROJECT CHECK_MODEL"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import numpy as np

PROJECT, CHECK_MODEL = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
sys.path.insert(0, str(PROJECT / "python"))
import graphsurgeon as gs
import uff
from uff._model import MetaGraph

MODELS = PROJECT / "models"
SHARED = PROJECT.parent / "shared" / "models"  # further ones, where they are there


def message_of(data):
    message = MetaGraph()
    message.ParseFromString(data)
    return message


def nodes_of(data):
    return {node.id: node for node in message_of(data).graphs[0].nodes}


def constant(name, values, dtype=np.float32):
    return gs.create_node(name, op="Const", value=np.asarray(values, dtype))


def graph_of(*nodes):
    graph = gs.DynamicGraph()
    graph.extend(nodes)
    return graph.as_graph_def()


def convert(*nodes, outputs="y", **options):
    return uff.from_tensorflow(graph_of(*nodes), outputs, quiet=True, **options)


IMAGE = gs.create_node("x", op="Placeholder", dtype="float32", shape=[None, 8, 8, 3])


class WholeModels(unittest.TestCase):
    def test_known_conversions_come_out_the_same(self):
        """Node for node and field for field, as files that other converters wrote of the same graphs."""
        pairs = [("tf/kws_ds_cnn/DS_CNN_S.pb", "labels_softmax", "uff/kws_ds_cnn/kws_ds_cnn.uff", ["Reshape,Reshape,float32,1,490"]),
                 ("tf/fsrcnn_x2/FSRCNN_x2.pb", "conv8", "uff/fsrcnn_x2_features/fsrcnn_x2_features.uff", []),
                 ("tf/mnist_lenet/mnist_lenet_frozen.pb", "prob/Softmax", "uff/mnist_lenet/mnist_lenet.uff", []),
                 ("tf/mnist_mlp_keras/model.pb", "dense_1/Softmax", "uff/mnist_mlp_keras/model.uff", [])]
        compared = 0
        for source, output, known, inputs in pairs:
            for root in (MODELS, SHARED):
                if (root / source).exists() and (root / known).exists():
                    with self.subTest(source):
                        got = message_of(uff.from_tensorflow_frozen_model(root / source, [output], quiet=True, input_node=inputs))
                        self.assertEqual([n.id for n in got.graphs[0].nodes], [n.id for n in message_of((root / known).read_bytes()).graphs[0].nodes])
                        self.assertEqual(got, message_of((root / known).read_bytes()))
                    compared += 1
                    break
        self.assertGreaterEqual(compared, 2)

    def test_converted_models_compute(self):
        """What a conversion gives, through our reader, is what the graph gave."""
        models = [("tf/mnist_allcnn/all_cnn3.pb", "AllCNN/Softmax", "input_layer_1", "input_nhwc.npy", "expected_numpy.npy", []),
                  ("tf/kws_ds_cnn/DS_CNN_S.pb", "labels_softmax", "Reshape", "input_fingerprint.npy", "expected_numpy.npy",
                   ["Reshape,Reshape,float32,-1,490"])]
        for source, output, name, given, expected, inputs in models:
            with self.subTest(source), tempfile.TemporaryDirectory() as folder:
                path, beside = os.path.join(folder, "model.uff"), (MODELS / source).parent
                uff.from_tensorflow_frozen_model(MODELS / source, output, output_filename=path, quiet=True, input_node=inputs)
                done = subprocess.run([CHECK_MODEL, path, "--engine=reference", "--static", "--input", f"{name}={beside / given}",
                                       "--output", output, "--expect", f"{output}={beside / expected}"], capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Operators(unittest.TestCase):
    def test_convolutions(self):
        kernel = constant("k", np.ones((3, 3, 3, 4)))
        nodes = nodes_of(convert(IMAGE, kernel, gs.create_node("y", op="Conv2D", inputs=["x", "k"], strides=[1, 2, 2, 1], padding="SAME",
                                                               dilations=[1, 1, 1, 1])))
        self.assertEqual(nodes["y"].operation, "Conv")
        self.assertEqual(list(nodes["y"].fields["strides"].i_list.val), [2, 2])
        self.assertEqual(list(nodes["y"].fields["dilation"].i_list.val), [1, 1])
        self.assertEqual(nodes["y"].fields["implicit_padding"].s, "same")
        self.assertEqual(nodes["y"].fields["inputs_orders"].ref, "orders_N+C_+CK")
        self.assertEqual(list(nodes["k"].fields["shape"].i_list.val), [3, 3, 3, 4])
        self.assertEqual(nodes["MarkOutput_0"].inputs[0], "y")

    def test_depthwise_kernels_tell_groups(self):
        nodes = nodes_of(convert(IMAGE, constant("k", np.ones((3, 3, 3, 2))),
                                 gs.create_node("y", op="DepthwiseConv2dNative", inputs=["x", "k"], strides=[1, 1, 1, 1], padding="VALID")))
        self.assertEqual(nodes["y"].fields["number_groups"].i, 3)

    def test_a_pad_in_front_goes_into_the_window(self):
        def pool(pads):
            return nodes_of(convert(IMAGE, constant("p", pads, np.int32), gs.create_node("padded", op="Pad", inputs=["x", "p"]),
                                    gs.create_node("y", op="MaxPool", inputs=["padded"], ksize=[1, 3, 3, 1], strides=[1, 1, 1, 1], padding="VALID")))
        nodes = pool([[0, 0], [1, 1], [2, 2], [0, 0]])
        self.assertEqual(list(nodes["y"].fields["padding"].i_list.val), [1, 2])
        self.assertEqual(list(nodes["y"].inputs), ["x"])
        self.assertNotIn("padded", nodes)
        self.assertEqual(list(pool([[0, 0], [1, 1], [2, 2], [1, 1]])["y"].inputs), ["padded"])
        self.assertEqual(list(pool([[0, 0], [0, 1], [0, 1], [0, 0]])["y"].inputs), ["padded"])

    def test_dilations_around_a_convolution(self):
        def dilated(crops):
            return nodes_of(convert(
                IMAGE, constant("k", np.ones((3, 3, 3, 4))), constant("b", [2, 2], np.int32), constant("p", [[2, 2], [2, 2]], np.int32),
                constant("c", crops, np.int32), gs.create_node("s", op="SpaceToBatchND", inputs=["x", "b", "p"]),
                gs.create_node("conv", op="Conv2D", inputs=["s", "k"], strides=[1, 1, 1, 1], padding="VALID"),
                gs.create_node("y", op="BatchToSpaceND", inputs=["conv", "b", "c"])))
        nodes = dilated([[0, 0], [0, 0]])
        self.assertEqual(list(nodes["conv"].fields["dilation"].i_list.val), [2, 2])
        self.assertEqual(list(nodes["conv"].fields["padding"].i_list.val), [2, 2])
        self.assertEqual(list(nodes["conv"].inputs), ["x", "k"])
        with self.assertRaisesRegex(uff.UffException, "differ between the sides"):
            dilated([[0, 1], [0, 0]])

    def test_flatten_by_the_scopes_name(self):
        def reshape(name):
            return nodes_of(convert(IMAGE, constant("d", [-1, 192], np.int32), gs.create_node(name, op="Reshape", inputs=["x", "d"]), outputs=name))
        self.assertEqual(reshape("flatten/Reshape")["flatten/Reshape"].operation, "Flatten")
        self.assertEqual(list(reshape("other/Reshape")["other/Reshape"].inputs), ["x", "d"])

    def test_powers_are_binary(self):
        nodes = nodes_of(convert(IMAGE, constant("e", 2.0), gs.create_node("y", op="Pow", inputs=["x", "e"])))
        self.assertEqual((nodes["y"].operation, nodes["y"].fields["func"].s), ("Binary", "pow"))

    def test_custom_nodes_keep_their_attributes(self):
        model = message_of(convert(IMAGE, gs.create_plugin_node("y", op="Special_TRT", inputs=["x"], scale=0.5, count=3, deep=True, name_of="a",
                                                                sizes=[1, 2], factors=[0.5, 1.5])))
        fields = {node.id: node for node in model.graphs[0].nodes}["y"].fields
        self.assertEqual((fields["scale"].d, fields["count"].i, fields["deep"].b, fields["name_of"].s), (0.5, 3, True, "a"))
        self.assertEqual((list(fields["sizes"].i_list.val), list(fields["factors"].d_list.val)), ([1, 2], [0.5, 1.5]))
        self.assertEqual([d.id for d in model.descriptors], ["tensorflow_extension", "custom"])

    def test_constants_written_in_short(self):
        node = gs.create_node("c", op="Const", value=np.zeros(4, np.float32))
        node.attr["value"].tensor.ClearField("tensor_content")
        node.attr["value"].tensor.float_val.append(2.5)
        model = message_of(convert(IMAGE, node, gs.create_node("y", op="Add", inputs=["x", "c"])))
        self.assertEqual(np.frombuffer(model.referenced_data["weights_c"].blob, np.float32).tolist(), [2.5] * 4)


class Calls(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.graph = graph_of(IMAGE, gs.create_node("a", op="Relu", inputs=["x"]), gs.create_node("y", op="Tanh", inputs=["a:0", "^x"]),
                              gs.create_node("check", op="Assert", inputs=["x"]))

    def command(self, *arguments, code=0):
        (self.folder / "graph.pb").write_bytes(self.graph.SerializeToString())
        done = subprocess.run([sys.executable, "-m", "uff", str(self.folder / "graph.pb"), *arguments], capture_output=True, text=True,
                              env={**os.environ, "PYTHONPATH": str(PROJECT / "python")})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_outputs_are_deduced(self):
        nodes = nodes_of(uff.from_tensorflow(self.graph, quiet=True))
        self.assertEqual(list(nodes["MarkOutput_0"].inputs), ["y"])
        self.assertEqual(list(nodes["y"].inputs), ["a"])
        self.assertNotIn("check", nodes)

    def test_information_about_the_graph(self):
        _, inputs, outputs = uff.from_tensorflow(self.graph, ["y"], quiet=True, return_graph_info=True)
        self.assertEqual(([n.name for n in inputs], [n.name for n in outputs]), (["x"], ["y"]))

    def test_the_command_writes_files(self):
        said = self.command("-O", "y", "-t")
        self.assertIn("UFF Output written to", said)
        self.assertIn("MarkOutput_0", nodes_of((self.folder / "graph.uff").read_bytes()))
        self.assertIn('operation: "Activation"', (self.folder / "graph.uff.pbtxt").read_text())
        self.assertEqual(self.command("-O", "y", "-q", "-o", str(self.folder / "other.uff")), "")
        self.assertTrue((self.folder / "other.uff").exists())

    def test_the_command_lists_nodes_which_numbers_then_mean(self):
        self.assertIn('2 Relu: "a"\n', self.command("-l"))
        self.command("-q", "-O", "2")
        self.assertEqual(list(nodes_of((self.folder / "graph.uff").read_bytes())["MarkOutput_0"].inputs), ["a"])

    def test_a_preprocessor_changes_the_graph(self):
        script = self.folder / "config.py"
        script.write_text("import graphsurgeon as gs\n"
                          "plugin = gs.create_plugin_node('a', op='Clip_TRT', clipMin=0.0)\n"
                          "def preprocess(dynamic_graph):\n    dynamic_graph.collapse_namespaces({'a': plugin})\n")
        self.command("-q", "-O", "y", "-p", str(script), "--write_preprocessed")
        self.assertEqual(nodes_of((self.folder / "graph.uff").read_bytes())["a"].operation, "_Clip_TRT")
        self.assertEqual(gs.StaticGraph(self.folder / "graph_preprocessed.pb").node_ops["a"], "Clip_TRT")
        script.write_text("")
        self.assertIn("has no function preprocess", self.command("-p", str(script), code=1))

    def test_a_node_becomes_an_input(self):
        self.command("-q", "-O", "y", "-I", "a,a,float32,1,2,2,3")
        nodes = nodes_of((self.folder / "graph.uff").read_bytes())
        self.assertEqual((nodes["a"].operation, list(nodes["a"].fields["shape"].i_list.val)), ("Input", [1, 2, 2, 3]))
        self.assertNotIn("x", nodes)

    def test_errors_name_what_is_wrong(self):
        self.assertIn("there is no node 'z'", self.command("-O", "z", code=1))
        with self.assertRaisesRegex(uff.UffException, "'y' \\(Relu\\) reads 'gone'"):
            convert(gs.create_node("y", op="Relu", inputs=["gone"]))
        with self.assertRaisesRegex(uff.UffException, "no frozen TensorFlow graph"):
            (self.folder / "wrong.pb").write_bytes(b"\xff\xff\xff")
            uff.from_tensorflow_frozen_model(self.folder / "wrong.pb", quiet=True)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
