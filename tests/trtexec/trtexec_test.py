#!/usr/bin/env python3
"""trtexec as its users meet it: flags, messages, files.

usage: trtexec_test.py TRTEXEC MODELS_DIR [TEST...]
"""
import array
import ast
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

TRTEXEC, MODELS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
MODEL = os.path.join(MODELS, "mnist_lenet", "mnist_lenet_op13.onnx")  # input [N, 1, 28, 28] -> prob [N, 10]
BRIEF = ["--warmUp=0", "--duration=0", "--iterations=10"]
FLAGS = """help version onnx saveEngine loadEngine shapes minShapes optShapes maxShapes stronglyTyped fp16 bf16 int8 best noTF32 calib
inputIOFormats outputIOFormats memPoolSize timingCacheFile loadInputs exportOutput exportTimes exportProfile exportLayerInfo dumpOutput
dumpProfile dumpLayerInfo profilingVerbosity iterations duration warmUp avgRuns percentile infStreams threads useCudaGraph useSpinWait
noDataTransfers separateProfileRun useProfile skipInference builderOptimizationLevel precisionConstraints layerPrecisions
layerOutputTypes sparsity refit device verbose verify""".split()
STATISTICS = r"min = [\d.e+-]+ ms, max = [\d.e+-]+ ms, mean = [\d.e+-]+ ms, median = [\d.e+-]+ ms"


class Outcome:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
        self.text = self.out + self.err


def read_floats(path):
    """The values of a .npy file of float32."""
    with open(path, "rb") as file:
        data = file.read()
    length = struct.unpack("<H", data[8:10])[0]
    header = ast.literal_eval(data[10:10 + length].decode())
    assert header["descr"] == "<f4" and not header["fortran_order"], header
    return header["shape"], list(array.array("f", data[10 + length:]))


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def call(self, *flags):
        return Outcome(subprocess.run([TRTEXEC, *flags], capture_output=True, text=True, timeout=120))

    def passes(self, *flags):
        outcome = self.call(*flags)
        self.assertEqual(outcome.code, 0, outcome.text)
        self.assertRegex(outcome.out.splitlines()[-1], r"^&&&& PASSED TensorRT\.trtexec \[TensorRT v\d+\] # ")
        return outcome

    def fails(self, *flags):
        outcome = self.call(*flags)
        self.assertGreater(outcome.code, 0, outcome.text)  # a signal would be negative
        self.assertRegex(outcome.out.splitlines()[-1], r"^&&&& FAILED TensorRT\.trtexec \[TensorRT v\d+\] # ")
        return outcome

    def run_brief(self, *flags):
        return self.passes("--onnx=" + MODEL, *BRIEF, *flags)

    def build(self, *flags):
        plan = self.path("model.plan")
        self.passes("--onnx=" + MODEL, "--saveEngine=" + plan, "--skipInference", *flags)
        return plan

    def json(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return json.load(file)


class CommandLine(Case):
    def test_help_lists_every_flag(self):
        for flag in ("--help", "-h"):
            outcome = self.call(flag)
            self.assertEqual(outcome.code, 0)
            for name in FLAGS:
                self.assertIn("--" + name, outcome.out)

    def test_the_version_is_that_of_the_library(self):
        outcome = self.call("--version")
        self.assertEqual(outcome.code, 0)
        self.assertRegex(outcome.out, r"TensorRT v10\d\d\d\d")

    def test_without_flags_help_comes_and_failure(self):
        self.assertIn("--onnx", self.fails().out)

    def test_an_unknown_flag_fails_and_the_nearest_is_named(self):
        outcome = self.fails("--onnx=" + MODEL, "--saveEngin=x")
        self.assertIn("Unknown option: --saveEngin=x", outcome.err)
        self.assertIn("did you mean --saveEngine?", outcome.err)
        self.assertNotIn("did you mean", self.fails("--onnx=" + MODEL, "--qqqqqqqqqqqq").err)

    def test_every_fault_is_told_at_once(self):
        outcome = self.fails("--onnx=" + MODEL, "--iterations=many", "--fp16=1", "--saveEngine")
        self.assertIn("--iterations: 'many' is not a whole number", outcome.err)
        self.assertIn("--fp16 takes no value", outcome.err)
        self.assertIn("--saveEngine needs a value", outcome.err)

    def test_values_that_cannot_be(self):
        for flag, message in [("--duration=-1", "0 or more"), ("--percentile=101", "percentage"), ("--shapes=1x2", "has no name"),
                              ("--shapes=input:1xq", "is no shape"), ("--inputIOFormats=fp33", "has no known type"),
                              ("--outputIOFormats=fp32:xyz", "is no format"), ("--memPoolSize=pond:1", "is no pool"),
                              ("--memPoolSize=workspace:lots", "has no size"), ("--builderOptimizationLevel=6", "0 to 5"),
                              ("--profilingVerbosity=loud", "is none of"), ("--precisionConstraints=maybe", "is none of"),
                              ("--layerPrecisions=conv:fp33", "is no type"), ("--sparsity=force", "prune"), ("--loadInputs=x", "NAME:FILE")]:
            with self.subTest(flag):
                self.assertIn(message, self.fails("--onnx=" + MODEL, flag).err)

    def test_flags_that_exclude_each_other(self):
        self.assertIn("exclude each other", self.fails("--onnx=" + MODEL, "--loadEngine=x").err)
        self.assertIn("--stronglyTyped", self.fails("--onnx=" + MODEL, "--stronglyTyped", "--fp16").err)
        self.assertIn("needs --int8", self.fails("--onnx=" + MODEL, "--calib=x").err)
        self.assertIn("for building", self.fails("--loadEngine=x", "--minShapes=input:1").err)
        self.assertIn("No model is given", self.fails("--fp16").err)

    def test_harmless_flags_of_other_versions_warn(self):
        outcome = self.run_brief("--explicitBatch", "--workspace=64", "--batch=1", "--streams=1", "--preview=x", "--noSpinWait")
        self.assertEqual(outcome.err.count("[W] A flag of another version"), 6, outcome.err)
        self.assertIn("workspace: 64 MiB", outcome.out)
        self.assertIn("taken as --skipInference", self.passes("--onnx=" + MODEL, "--buildOnly").err)

    def test_other_flags_of_other_versions_say_what_to_use(self):
        for flag, message in [("--batch=4", "--shapes=NAME:4x"), ("--uff=x", "exclude each other"), ("--useDLACore=0", "no DLA"),
                              ("--safetyPlugins=x", "dynamicPlugins"), ("--strictTypes", "--precisionConstraints"), ("--sleepTime=1", "--idleTime")]:
            with self.subTest(flag):
                self.assertIn(message, self.fails("--onnx=" + MODEL, flag).err)


class OldFormats(Case):
    """Caffe, UFF and TensorFlow models give the digits that their expected outputs tell."""

    def check(self, name, expected, digits, *flags, pixels=784):
        expected = read_floats(os.path.join(MODELS, expected))[1]
        for digit in range(digits):
            images = read_floats(os.path.join(MODELS, name))[1]
            with open(self.path("in.raw"), "wb") as file:
                file.write(array.array("f", images[digit * pixels:(digit + 1) * pixels]).tobytes())
            self.passes(*flags, *BRIEF, "--exportOutput=" + self.path("out.json"))
            with open(self.path("out.json")) as file:
                values = json.load(file)[0]["values"]
            for got, wanted in zip(values, expected[digit * 10:digit * 10 + 10]):
                self.assertAlmostEqual(got, wanted, places=4)

    def test_caffe(self):
        folder = os.path.join(MODELS, "caffe", "mnist_lenet")
        self.check("caffe/mnist_lenet/input_data.npy", "caffe/mnist_lenet/expected_opencv.npy", 2, "--deploy=" + os.path.join(folder, "deploy.prototxt"),
                   "--model=" + os.path.join(folder, "mnist_v1.caffemodel"), "--output=prob", "--loadInputs=data:" + self.path("in.raw"))

    def test_uff(self):
        self.check("uff/mnist_lenet/input_nchw.npy", "uff/mnist_lenet/expected_numpy.npy", 2, "--uff=" + os.path.join(MODELS, "uff/mnist_lenet/mnist_lenet.uff"),
                   "--uffInput=input_1,1,28,28", "--output=prob/Softmax", "--loadInputs=input_1:" + self.path("in.raw"))

    def test_tensorflow(self):
        self.check("tf/mnist_allcnn/input_nhwc.npy", "tf/mnist_allcnn/expected_numpy.npy", 2, "--tf=" + os.path.join(MODELS, "tf/mnist_allcnn/all_cnn3.pb"),
                   "--uffInput=input_layer_1,28,28,1", "--uffNHWC", "--output=AllCNN/Softmax", "--loadInputs=input_layer_1:" + self.path("in.raw"))

    def test_a_frozen_graph_ends_where_nothing_reads_on(self):
        said = self.passes("--tf=" + os.path.join(MODELS, "tf/mnist_allcnn/all_cnn3.pb"), "--dumpOutput", *BRIEF)
        self.assertIn("Output binding for AllCNN/Softmax", said.out)

    def test_saved_model(self):
        self.check("tf/saved_model_made/input_image.npy", "tf/saved_model_made/expected_prob.npy", 2,
                   "--tf=" + os.path.join(MODELS, "tf/saved_model_made/model"), "--uffInput=image,14,14,1", "--uffNHWC", "--output=prob",
                   "--loadInputs=image:" + self.path("in.raw"), pixels=196)
        said = self.passes("--tf=" + os.path.join(MODELS, "tf/saved_model_made/model"), "--dumpOutput", *BRIEF)
        self.assertIn("logits", said.out)
        self.assertIn("prob", said.out)

    def test_what_is_missing_is_told(self):
        deploy = "--deploy=" + os.path.join(MODELS, "caffe", "mnist_lenet", "deploy.prototxt")
        self.assertIn("--output=NAME is missing", self.fails(deploy).err)
        self.assertIn("no blob 'x'", self.fails(deploy, "--output=x").err)
        self.assertIn("the weights are made up", self.passes(deploy, "--output=prob", *BRIEF).err)
        self.assertIn("--deploy=FILE", self.fails("--onnx=" + MODEL, "--model=x").err)
        self.assertIn("is no NAME,X,Y,Z", self.fails("--uff=x", "--uffInput=x").err)


class Messages(Case):
    def test_a_missing_model_is_told_with_its_neighbours(self):
        outcome = self.fails("--onnx=" + os.path.join(os.path.dirname(MODEL), "mnist.onnx"))
        self.assertIn("No such file", outcome.err)
        self.assertIn("has mnist_lenet_op13.onnx", outcome.err)

    def test_a_folder_a_missing_folder_and_an_empty_file_are_no_models(self):
        self.assertIn("it is a folder", self.fails("--onnx=" + self.folder).err)
        self.assertIn("no folder", self.fails("--onnx=" + self.path("nowhere/x.onnx")).err)
        open(self.path("empty.onnx"), "w").close()
        self.assertIn("is empty", self.fails("--onnx=" + self.path("empty.onnx")).err)

    def test_bytes_that_are_no_model_or_no_plan(self):
        with open(self.path("noise"), "wb") as file:
            file.write(bytes(range(256)) * 8)
        self.assertIn("Failed to parse onnx file", self.fails("--onnx=" + self.path("noise")).err)
        self.assertIn("has to be a plan", self.fails("--loadEngine=" + self.path("noise")).err)

    def test_an_unknown_input_is_told_with_the_known_ones(self):
        for flag in ("--shapes", "--minShapes", "--optShapes", "--maxShapes"):
            outcome = self.fails("--onnx=" + MODEL, flag + "=imput:1x1x28x28")
            self.assertIn(flag + ": the model has no input 'imput'; its inputs are 'input'; did you mean 'input'?", outcome.err)
        plan = self.build()
        for flag in ("--shapes=data:1x1x28x28", "--loadInputs=data:x"):
            self.assertIn("no input 'data'; its inputs are 'input' (-1x1x28x28 float32)", self.fails("--loadEngine=" + plan, flag).err)

    def test_a_wrong_shape_is_told_with_the_right_one(self):
        for shape in ("1x3x28x28", "1x28x28"):
            outcome = self.fails("--onnx=" + MODEL, "--shapes=input:" + shape)
            self.assertIn("'input' has the shape -1x1x28x28, where -1 is any extent; " + shape + " does not fit it", outcome.err)
        self.assertIn("not in order", self.fails("--onnx=" + MODEL, "--minShapes=input:4x1x28x28", "--maxShapes=input:2x1x28x28").err)

    def test_a_shape_outside_of_the_profile(self):
        plan = self.build("--minShapes=input:1x1x28x28", "--optShapes=input:2x1x28x28", "--maxShapes=input:4x1x28x28")
        outcome = self.fails("--loadEngine=" + plan, "--shapes=input:5x1x28x28")
        self.assertIn("from 1x1x28x28 to 4x1x28x28; 5x1x28x28 does not fit it", outcome.err)
        self.assertIn("1 optimization profiles", self.fails("--loadEngine=" + plan, "--useProfile=3").err)

    def test_a_file_of_wrong_size(self):
        with open(self.path("x.bin"), "wb") as file:
            file.write(bytes(100))
        outcome = self.fails("--onnx=" + MODEL, "--loadInputs=input:" + self.path("x.bin"))
        self.assertIn("takes 3136 bytes", outcome.err)
        self.assertIn("has 100", outcome.err)

    def test_what_cannot_be_written(self):
        self.assertIn("make the folder", self.fails("--onnx=" + MODEL, "--saveEngine=" + self.path("nowhere/x.plan")).err)

    def test_an_unknown_device(self):
        self.assertIn("the devices are 0", self.fails("--onnx=" + MODEL, "--device=7").err)
        self.assertIn("the devices are 0", self.fails("--onnx=" + MODEL, "--device=gpu").err)
        self.run_brief("--device=cpu")

    def test_an_unknown_layer(self):
        outcome = self.fails("--onnx=" + MODEL, "--precisionConstraints=prefer", "--layerPrecisions=/conv1/Comv:fp32")
        self.assertIn("no layer is named '/conv1/Comv'; did you mean '/conv1/Conv'?", outcome.err)
        self.assertIn("have no effect", self.run_brief("--layerPrecisions=*:fp32").err)


class Building(Case):
    def test_open_extents_become_1_with_a_warning(self):
        outcome = self.run_brief()
        self.assertIn("[W] Dynamic dimensions required for input: input, but no shapes were provided. Automatically overriding shape to: 1x1x28x28", outcome.err)
        self.assertNotIn("Dynamic dimensions", self.run_brief("--shapes=input:1x1x28x28").err)

    def test_a_saved_plan_loads_and_gives_the_same(self):
        plan = self.path("m.plan")
        self.run_brief("--saveEngine=" + plan, "--exportOutput=" + self.path("built.json"))
        self.passes("--loadEngine=" + plan, *BRIEF, "--exportOutput=" + self.path("loaded.json"))
        self.assertEqual(self.json("built.json"), self.json("loaded.json"))

    def test_builds_with_one_timing_cache_give_equal_plans(self):
        cache, plans = self.path("timings"), [self.path("a.plan"), self.path("b.plan")]
        self.passes("--onnx=" + MODEL, "--skipInference", "--timingCacheFile=" + cache)
        self.assertGreater(os.path.getsize(cache), 0)
        for plan in plans:
            self.assertIn("Loaded", self.passes("--onnx=" + MODEL, "--skipInference", "--timingCacheFile=" + cache, "--saveEngine=" + plan).out)
        contents = []
        for plan in plans:
            with open(plan, "rb") as file:
                contents.append(file.read())
        self.assertEqual(contents[0], contents[1])

    def test_a_damaged_timing_cache_is_replaced(self):
        with open(self.path("timings"), "wb") as file:
            file.write(b"this is no timing cache")
        self.assertIn("replaced by a new one", self.passes("--onnx=" + MODEL, "--skipInference", "--timingCacheFile=" + self.path("timings")).err)
        self.assertNotIn("replaced", self.passes("--onnx=" + MODEL, "--skipInference", "--timingCacheFile=" + self.path("timings")).err)

    def test_switches_of_the_build_are_taken(self):
        for flags in (["--fp16"], ["--bf16"], ["--best"], ["--noTF32"], ["--stronglyTyped"], ["--refit"], ["--sparsity=enable"],
                      ["--builderOptimizationLevel=0"], ["--builderOptimizationLevel=5"], ["--memPoolSize=workspace:1G,tacticDRAM:512"],
                      ["--precisionConstraints=prefer", "--layerPrecisions=*conv1*:fp32", "--layerOutputTypes=*ip1*:fp32"], ["--noBuilderCache"]):
            with self.subTest(flags):
                self.run_brief(*flags)

    def test_int8_without_scales_takes_ranges_from_a_run_and_warns(self):
        outcome = self.run_brief("--int8")
        self.assertIn("[W] int8 is allowed, but the model has no quantize layers and there is no --calib=FILE", outcome.err)
        self.assertIn("one run on random values", outcome.err)
        self.assertIn("calibrated with 1 batch", outcome.out)
        with open(self.path("x.bin"), "wb") as file:
            file.write(bytes(784 * 4))
        self.assertIn("the values of --loadInputs", self.run_brief("--best", "--loadInputs=input:" + self.path("x.bin")).err)

    def test_a_calibration_cache_gives_ranges(self):
        calib = self.path("calib")
        def cache(lines):
            with open(calib, "w", encoding="ascii") as file:
                file.write("TRT-8601-EntropyCalibration2\n" + lines)

        cache("input: 3c010a14\nunknown: 3c010a14\n")
        outcome = self.run_brief("--int8", "--calib=" + calib)
        self.assertIn("has 2 tensors, 1 of them in the model", outcome.out)
        self.assertNotIn("random values. That", outcome.err)
        for lines, message in [("input: zero\n", "calibration cache, line 2"), ("", "has 0 tensors"),
                               ("unknown: 3c010a14\n", "0 of them in the model; give one that was made of this model")]:
            cache(lines)
            with self.subTest(lines):
                self.assertIn(message, self.fails("--onnx=" + MODEL, "--int8", "--calib=" + calib).err)
        self.assertIn("No such file", self.fails("--onnx=" + MODEL, "--int8", "--calib=" + self.path("none")).err)

    def test_verify_says_what_was_checked(self):
        checked = re.search(r"verified on the real shapes: (\d+) tactics agree with the reference, 0 were rejected", self.run_brief("--verify").out)
        self.assertGreater(int(checked.group(1)), 5)
        self.assertNotIn("verified", self.run_brief().out)

    def on_terminal(self, *flags):
        """What comes out of the error stream when it is a terminal."""
        master, slave = pty.openpty()
        with subprocess.Popen([TRTEXEC, *flags], stdout=subprocess.DEVNULL, stderr=slave) as process:
            os.close(slave)
            text = b""
            while True:
                try:
                    part = os.read(master, 65536)
                except OSError:  # the other end is closed
                    break
                if not part:
                    break
                text += part
        os.close(master)
        self.assertEqual(process.returncode, 0, text)
        return text.decode()

    def test_a_terminal_shows_stages_and_the_time_left(self):
        text = self.on_terminal("--onnx=" + os.path.join(MODELS, "resnet20_cifar10", "resnet20_cifar10.onnx"), "--skipInference", "--verify")
        lines = text.split("\r\033[K")
        for stage in ("Reading the model", "Optimizing the network", "Choosing tactics: "):
            self.assertTrue(any(line.startswith(stage) for line in lines), lines)
        self.assertRegex(text, r"Choosing tactics: \d+ of \d+ \(\d+%\)[^\r]* left")
        self.assertTrue(text.endswith("\r\033[K"), "the last line stays")
        for line in lines:
            self.assertLess(len(line.split("\r\n")[-1]), 80, line)

    def test_without_a_terminal_no_line_is_drawn_over(self):
        outcome = self.passes("--onnx=" + MODEL, "--skipInference", "--verify")
        self.assertNotIn("\r", outcome.text)
        self.assertNotIn("\033", outcome.text)

    def test_types_of_inputs_and_outputs(self):
        outcome = self.fails("--onnx=" + MODEL, "--inputIOFormats=fp32:chw,fp32:chw")
        self.assertIn("2 formats for 1 tensors", outcome.err)
        with open(self.path("x.bin"), "wb") as file:
            file.write(struct.pack("<e", 1.0) * 784)
        self.run_brief("--inputIOFormats=fp16:chw", "--outputIOFormats=fp16:chw", "--loadInputs=input:" + self.path("x.bin"), "--exportOutput=" + self.path("o.json"))
        self.assertAlmostEqual(sum(self.json("o.json")[0]["values"]), 1, delta=0.01)

    def test_verbose_says_more(self):
        self.assertIn("[V] ", self.run_brief("--verbose").out)
        self.assertNotIn("[V] ", self.run_brief().out)


class Running(Case):
    def setUp(self):
        super().setUp()
        shape, values = read_floats(os.path.join(MODELS, "mnist_lenet", "input.npy"))
        self.shapes = "--shapes=input:" + "x".join(map(str, shape))
        with open(self.path("input.bin"), "wb") as file:
            file.write(array.array("f", values).tobytes())
        self.inputs = "--loadInputs=input:" + self.path("input.bin")

    def values(self, *flags):
        self.run_brief(self.shapes, self.inputs, "--noTF32", "--exportOutput=" + self.path("out.json"), *flags)
        return self.json("out.json")[0]

    def test_answers_are_those_of_the_model(self):
        shape, expected = read_floats(os.path.join(MODELS, "mnist_lenet", "expected_ort.npy"))
        output = self.values()
        self.assertEqual(output["name"], "prob")
        self.assertEqual(output["dimensions"], "x".join(map(str, shape)))
        self.assertEqual(len(output["values"]), len(expected))
        self.assertLess(max(abs(a - b) for a, b in zip(output["values"], expected)), 1e-4)

    def test_layers_keep_their_outputs_in_the_type_asked_for(self):
        expected = self.values()["values"]
        layer = "--layerOutputTypes=/conv1/Conv:"
        self.assertEqual(self.values("--precisionConstraints=obey", layer + "fp32")["values"], expected)
        rounded = self.values("--precisionConstraints=obey", layer + "bf16")["values"]
        self.assertNotEqual(rounded, expected)
        self.assertLess(max(abs(a - b) for a, b in zip(rounded, expected)), 0.05)

    def test_layers_compute_in_the_type_asked_for(self):
        expected = self.values()["values"]
        wish = ["--precisionConstraints=obey", "--layerPrecisions=*Conv:bf16"]
        rounded = self.values("--bf16", *wish)["values"]
        self.assertNotEqual(rounded, expected)
        self.assertLess(max(abs(a - b) for a, b in zip(rounded, expected)), 0.05)
        outcome = self.fails("--onnx=" + MODEL, *wish)
        self.assertIn("--layerPrecisions=*Conv:bf16 has no effect without --bf16; add it", outcome.err)

    def test_int8_is_near_fp32_with_ranges_of_the_inputs(self):
        expected = self.values()["values"]
        rounded = self.values("--int8")["values"]
        self.assertNotEqual(rounded, expected)
        self.assertLess(max(abs(a - b) for a, b in zip(rounded, expected)), 0.1)

    def test_ways_of_running_do_not_change_answers(self):
        expected = self.values()
        for flags in (["--useCudaGraph"], ["--useSpinWait"], ["--noDataTransfers"], ["--infStreams=3"], ["--infStreams=3", "--threads"], ["--idleTime=1"]):
            with self.subTest(flags):
                self.assertEqual(self.values(*flags), expected)

    def test_memory_may_follow_the_shapes_at_hand(self):
        for word in ("static", "profile", "runtime"):
            self.run_brief("--allocationStrategy=" + word)
        self.assertIn("none of static, profile, runtime", self.fails("--onnx=" + MODEL, "--allocationStrategy=never").err)

    def test_debug_tensors_are_written(self):
        outcome = self.passes("--onnx=" + MODEL, "--markDebug=prob", "--saveDebugTensors=prob:" + self.path("prob.raw"),
                              "--saveAllDebugTensors=summary", "--exportOutput=" + self.path("out.json"), *BRIEF)
        with open(self.path("prob.raw"), "rb") as file:
            values = array.array("f", file.read())
        self.assertEqual(len(values), 10)
        self.assertAlmostEqual(sum(values), 1, places=5)
        self.assertRegex(outcome.out, r"Debug tensor prob \(1x10\): from [\d.]+ to [\d.]+, mean 0.1000")
        self.assertIn("no tensor is named 'prop'; did you mean 'prob'?", self.fails("--onnx=" + MODEL, "--markDebug=prop").err)
        self.assertIn("mark it with --markDebug=prob", self.fails("--onnx=" + MODEL, "--saveDebugTensors=prob:x", *BRIEF).err)

    def test_a_graph_is_captured(self):
        self.assertIn("Captured the run as a graph", self.run_brief("--useCudaGraph").out)

    def test_the_summary_has_the_lines_that_people_look_for(self):
        outcome = self.run_brief("--percentile=50,90", "--avgRuns=5")
        self.assertRegex(outcome.out.splitlines()[0], r"^&&&& RUNNING TensorRT\.trtexec \[TensorRT v\d+\] # .*trtexec --onnx=")
        for line in outcome.text.splitlines():
            self.assertRegex(line, r"^(&&&& |\[\d\d/\d\d/\d{4}-\d\d:\d\d:\d\d\] \[[VIWEF]\] )")
        for section in ("Model Options", "Build Options", "System Options", "Inference Options", "Reporting Options", "Device Information",
                        "Trace details", "Performance summary"):
            self.assertIn("[I] === " + section + " ===", outcome.out)
        for title in ("Latency", "Enqueue Time", "H2D Latency", "GPU Compute Time", "D2H Latency"):
            self.assertRegex(outcome.out, r"\[I\] " + title + ": " + STATISTICS + r", percentile\(50%\) = [\d.e+-]+ ms, percentile\(90%\) = ")
        for line in (r"Throughput: [\d.e+-]+ qps", r"Total Host Walltime: [\d.e+-]+ s", r"Total GPU Compute Time: [\d.e+-]+ s",
                     r"Engine built in [\d.e+-]+ sec\.", r"Timing trace has 10 queries over [\d.e+-]+ s"):
            self.assertRegex(outcome.out, line)
        self.assertEqual(outcome.out.count("Average on 5 runs - GPU latency: "), 2)

    def test_iterations_duration_and_warm_up_are_kept(self):
        outcome = self.passes("--onnx=" + MODEL, "--warmUp=50", "--duration=0.2", "--iterations=1")
        warm_queries, warm = re.search(r"Warmup completed (\d+) queries over ([\d.]+) ms", outcome.out).groups()
        self.assertGreaterEqual(float(warm), 50)
        self.assertGreater(int(warm_queries), 0)
        self.assertGreaterEqual(float(re.search(r"Timing trace has \d+ queries over ([\d.]+) s", outcome.out).group(1)), 0.2)
        self.assertIn("Timing trace has 30 queries", self.run_brief("--infStreams=3").out)

    def test_skipping_runs_nothing(self):
        outcome = self.passes("--onnx=" + MODEL, "--skipInference")
        self.assertIn("Skipped inference phase", outcome.out)
        self.assertNotIn("Performance summary", outcome.out)

    def test_a_loaded_plan_takes_other_batches(self):
        plan = self.build("--minShapes=input:1x1x28x28", "--optShapes=input:2x1x28x28", "--maxShapes=input:4x1x28x28")
        self.assertIn("prob with dimensions 3x10", self.passes("--loadEngine=" + plan, *BRIEF, "--shapes=input:3x1x28x28").out)
        outcome = self.passes("--loadEngine=" + plan, *BRIEF)
        self.assertIn("prob with dimensions 2x10", outcome.out)
        self.assertIn("Shape missing for input with dynamic shape: input", outcome.err)


class Exports(Case):
    def test_times(self):
        self.run_brief("--exportTimes=" + self.path("t.json"))
        times = self.json("t.json")
        self.assertEqual(len(times), 10)
        keys = "startEnqMs endEnqMs startH2dMs endH2dMs startComputeMs endComputeMs startD2hMs endD2hMs h2dMs computeMs d2hMs latencyMs".split()
        for query in times:
            self.assertEqual(list(query), keys)
            self.assertGreaterEqual(query["endD2hMs"], query["startH2dMs"])
            self.assertAlmostEqual(query["latencyMs"], query["h2dMs"] + query["computeMs"] + query["d2hMs"], delta=0.01)

    def test_profile(self):
        for extra in ([], ["--separateProfileRun"]):
            outcome = self.run_brief("--exportProfile=" + self.path("p.json"), "--dumpProfile", *extra)
            profile = self.json("p.json")
            self.assertEqual(profile[0], {"count": 10})
            self.assertGreater(len(profile), 3)
            for layer in profile[1:]:
                self.assertEqual(list(layer), ["name", "timeMs", "averageMs", "medianMs", "percentage"])
            self.assertAlmostEqual(sum(layer["percentage"] for layer in profile[1:]), 100, delta=0.01)
            self.assertIn("=== Profile (10 iterations ) ===", outcome.out)
            self.assertRegex(outcome.out, r"100\.0   Total")

    def test_output(self):
        outcome = self.run_brief("--exportOutput=" + self.path("o.json"), "--dumpOutput", "--shapes=input:2x1x28x28")
        output, = self.json("o.json")
        self.assertEqual(list(output), ["name", "dimensions", "values"])
        self.assertEqual((output["name"], output["dimensions"], len(output["values"])), ("prob", "2x10", 20))
        self.assertAlmostEqual(sum(output["values"]), 2, delta=1e-4)
        self.assertIn("prob: (2x10)", outcome.out)

    def test_layers(self):
        outcome = self.passes("--onnx=" + MODEL, "--skipInference", "--dumpLayerInfo", "--exportLayerInfo=" + self.path("names.json"))
        self.assertIn("Layer Information:", outcome.out)
        names = self.json("names.json")
        self.assertEqual(names["Bindings"], ["input", "prob"])
        self.assertTrue(names["Layers"] and all(isinstance(layer, str) for layer in names["Layers"]))
        self.passes("--onnx=" + MODEL, "--skipInference", "--profilingVerbosity=detailed", "--exportLayerInfo=" + self.path("all.json"))
        for layer in self.json("all.json")["Layers"]:
            for key in ("Name", "LayerType", "Inputs", "Outputs", "TacticName"):
                self.assertIn(key, layer)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
