#!/usr/bin/env python3
"""`ingot inspect` on each format: usage inspect_test.py INGOT MODELS_DIR"""
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

INGOT, MODELS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
LENET = 20 * 25 + 20 + 50 * 20 * 25 + 50 + 800 * 500 + 500 + 5000 + 10  # parameters


def inspect(*arguments, code=0):
    done = subprocess.run([INGOT, "inspect", *arguments], capture_output=True, text=True, timeout=60)
    if done.returncode != code:
        raise AssertionError(f"{done.returncode}, not {code}: {done.stdout}{done.stderr}")
    return done.stdout if code != 1 else done.stderr


def as_json(*arguments, code=0):
    return json.loads(inspect(*arguments, "--json", code=code))


class Formats(unittest.TestCase):
    """The same network in five formats: the same parameters, and FLOPs that differ by how a bias is written."""

    def check(self, report, name, input_dims, operators):
        self.assertEqual(report["format"], name)
        self.assertEqual(report["parameters"], LENET)
        self.assertEqual([port["dims"][1:] for port in report["inputs"]], [input_dims])
        self.assertEqual({k: v for k, v in report["operators"].items() if k in operators}, operators)
        self.assertTrue(4.5e6 < report["flops"] < 4.7e6, report["flops"])
        self.assertEqual(report["declined"], [])

    def test_onnx(self):
        report = as_json(f"{MODELS}/mnist_lenet/mnist_lenet_op13.onnx")
        self.check(report, "ONNX", [1, 28, 28], {"Conv": 2, "MaxPool": 2, "Relu": 1, "Softmax": 1})
        self.assertEqual(report["details"]["opset"], "13")

    def test_caffe(self):
        for weights in ([], ["--weights", f"{MODELS}/caffe/mnist_lenet/mnist_v1.caffemodel"]):
            self.check(as_json(f"{MODELS}/caffe/mnist_lenet/deploy.prototxt", *weights), "Caffe", [1, 28, 28],
                       {"Convolution": 2, "Pooling": 2, "InnerProduct": 2, "ReLU": 1, "Softmax": 1})

    def test_uff(self):
        self.check(as_json(f"{MODELS}/uff/mnist_lenet/mnist_lenet.uff"), "UFF", [28, 28, 1], {"Conv": 2, "FullyConnected": 2, "Pool": 2, "MarkOutput": 1})

    def test_saved_model(self):
        report = as_json(f"{MODELS}/tf/saved_model_made/model")
        self.assertEqual(report["format"], "TensorFlow SavedModel")
        self.assertEqual([port["name"] for port in report["inputs"]], ["image"])
        self.assertEqual([port["name"] for port in report["outputs"]], ["logits", "prob"])
        self.assertEqual(report["layers"]["convolution"]["count"], 4)
        self.assertEqual(report["counted_as_one"], [report["inputs"][0]["dims"][0]])

    def test_graph_def(self):
        report = as_json(f"{MODELS}/tf/mnist_allcnn/all_cnn3.pb")
        self.assertEqual(report["format"], "TensorFlow GraphDef")
        self.assertEqual(report["operators"]["Conv2D"], 4)

    def test_weights(self):
        report = as_json(f"{MODELS}/caffe/mnist_lenet/mnist_v1.caffemodel")
        self.assertEqual((report["format"], report["parameters"]), ("Caffe weights", LENET))
        self.assertEqual(report["weights"][0], {"name": "conv1/0", "type": "float", "dims": [20, 1, 5, 5]})

    def test_plan(self):
        with tempfile.TemporaryDirectory() as folder:
            trtexec = os.path.join(os.path.dirname(INGOT), "trtexec")
            model, plan = f"{MODELS}/mnist_lenet/mnist_lenet_op13.onnx", os.path.join(folder, "lenet")
            subprocess.run([trtexec, f"--onnx={model}", f"--saveEngine={plan}", "--skipInference"], check=True, capture_output=True)
            report = as_json(plan)
            self.assertEqual((report["format"], report["parameters"]), ("plan", LENET))
            self.assertIn("matmul", report["layers"])
            self.assertTrue(report["tactics"])


class Reports(unittest.TestCase):
    def test_text(self):
        text = inspect(f"{MODELS}/mnist_lenet/mnist_lenet_op13.onnx")
        for line in ("inputs\n  input  float [", "  Conv     2\n", f"parameters: {LENET:,} (1.64 MiB)\n", "declined: nothing\n"):
            self.assertIn(line, text)

    def test_picture(self):
        root = xml.etree.ElementTree.fromstring(inspect(f"{MODELS}/mnist_lenet/mnist_lenet_op13.onnx", "--svg"))
        self.assertTrue(root.tag.endswith("svg"))
        with tempfile.TemporaryDirectory() as folder:
            picture = os.path.join(folder, "lenet.svg")
            self.assertIn("ONNX", inspect(f"{MODELS}/mnist_lenet/mnist_lenet_op13.onnx", f"--svg={picture}"))
            xml.etree.ElementTree.parse(picture)
        self.assertIn("have no picture", inspect(f"{MODELS}/caffe/mnist_lenet/mnist_v1.caffemodel", "--svg", code=1))

    def test_shapes(self):
        model, name = f"{MODELS}/mnist_lenet/mnist_lenet_op13.onnx", "input"
        one, eight = (as_json(model, "--shapes", f"{name}:{n}x1x28x28")["flops"] for n in (1, 8))
        self.assertEqual(eight, 8 * one)

    def test_declined(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "net.prototxt")
            with open(path, "w") as file:
                file.write('input: "x" input_shape { dim: 1 dim: 2 } layer { name: "a" type: "Strange" bottom: "x" top: "a" }\n'
                           'layer { name: "b" type: "Odd" bottom: "x" top: "b" }')
            report = as_json(path, code=2)
            self.assertEqual(len(report["declined"]), 2)
            self.assertIn("layer 'a' (Strange", report["declined"][0])
            self.assertIn("plugin factory", report["declined"][0])
            self.assertIn("declined: 2", inspect(path, code=2))

    def test_wrong_calls(self):
        self.assertIn("no file", inspect(f"{MODELS}/no file.onnx", code=1).replace("No such", "no"))
        self.assertIn("--strange is not known", inspect("x", "--strange", code=1))
        self.assertIn("which file?", inspect(code=1))
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "broken.onnx")
            with open(path, "wb") as file:
                file.write(struct.pack("<Q", 2**63))
            self.assertIn("not an ONNX model", inspect(path, code=1))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
