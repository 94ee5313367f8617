#!/usr/bin/env python3
"""Plans of the project's models: the same bytes from one timing cache, the same bits with any number of threads, and answers on every
instruction set and with tactics switched off. The switches of docs/environment.md are what makes the difference, so they are tested too.

usage: plans_test.py TRTEXEC MODELS_DIR [TEST...]
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

TRTEXEC, MODELS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
# file, input, its values
NETWORKS = [
    ("ultraface_rfb320/version-RFB-320.onnx", "input", "ultraface_rfb320/input_input.npy"),
    ("yunet_n_320/yunet_n_320_320.onnx", "input", "yunet_n_320/input_input.npy"),
    ("mnist_lenet/mnist_lenet_op13.onnx", "input", "mnist_lenet/input.npy"),
    ("resnet20_cifar10/resnet20_cifar10.onnx", "input", "resnet20_cifar10/input.npy"),
]
LEVELS = ["portable", "avx2", "avx512", "vnni", "bf16", "amx"]
FAST = ["--warmUp=0", "--duration=0", "--iterations=1"]


def npy(path):
    """Shape and bytes of a .npy file."""
    with open(path, "rb") as file:
        data = file.read()
    length = int.from_bytes(data[8:10], "little")
    header = data[10:10 + length].decode()
    shape = header.split("'shape': (")[1].split(")")[0]
    return [int(d) for d in shape.split(",") if d.strip()], data[10 + length:]


class Plans(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.plans = []
        for i, (file, name, values) in enumerate(NETWORKS):
            shape, data = npy(os.path.join(MODELS, values))
            raw = os.path.join(cls.folder, f"input{i}.bin")
            with open(raw, "wb") as out:
                out.write(data)
            onnx, plan, cache = os.path.join(MODELS, file), os.path.join(cls.folder, f"{i}.plan"), os.path.join(cls.folder, f"{i}.cache")
            dims = "x".join(str(d) for d in shape)
            network = {"onnx": onnx, "plan": plan, "cache": cache, "inputs": f"--loadInputs={name}:{raw}", "shapes": [f"--shapes={name}:{dims}"]}
            tried = cls.call([f"--onnx={onnx}", "--skipInference"])
            if "Dynamic dimensions required" not in tried.stdout + tried.stderr:
                network["shapes"] = []
            cls.build(network, plan)
            cls.plans.append(network)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    @staticmethod
    def call(arguments, **environment):
        return subprocess.run([TRTEXEC, *arguments], capture_output=True, text=True, timeout=300, env={**os.environ, **environment})

    @classmethod
    def build(cls, network, plan, *flags, **environment):
        done = cls.call([f"--onnx={network['onnx']}", f"--saveEngine={plan}", f"--timingCacheFile={network['cache']}", "--noTF32", "--skipInference",
                         *network["shapes"], *flags], **environment)
        assert done.returncode == 0, done.stdout + done.stderr

    def answers(self, network, plan, **environment):
        """The outputs as trtexec writes them, by name, and what it prints."""
        file = os.path.join(self.folder, "out.json")
        done = self.call([f"--loadEngine={plan}", network["inputs"], f"--exportOutput={file}", *network["shapes"], *FAST], **environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        with open(file) as text:
            return {o["name"]: o["values"] for o in json.load(text)}, done.stdout + done.stderr

    def assert_close(self, got, want, why):
        self.assertEqual(got.keys(), want.keys())
        for name in want:
            largest = max(abs(v) for v in want[name]) or 1
            # YuNet's obj_32 ends below 4e-4, so that its own rounding is 3e-4 of its largest value.
            limit = 1e-3 if name == "obj_32" else 1e-4
            self.assertLessEqual(max(abs(a - b) for a, b in zip(got[name], want[name])) / largest, limit, f"{why}: {name}")

    def test_two_builds_with_one_timing_cache_give_the_same_bytes(self):
        for network in self.plans:
            again = network["plan"] + ".again"
            self.build(network, again)
            with open(network["plan"], "rb") as a, open(again, "rb") as b:
                self.assertEqual(a.read() == b.read(), True, network["onnx"])

    def test_one_and_two_threads_give_the_same_bits_run_after_run(self):
        for network in self.plans:
            first, _ = self.answers(network, network["plan"], INGOT_THREADS="1")
            for threads in ("1", "2", "2", "3"):
                self.assertEqual(self.answers(network, network["plan"], INGOT_THREADS=threads)[0] == first, True, f"{threads} threads: {network['onnx']}")

    def test_plans_load_on_every_instruction_set_and_say_what_was_chosen_again(self):
        for network in self.plans:
            want, _ = self.answers(network, network["plan"])
            for level in LEVELS:
                got, text = self.answers(network, network["plan"], INGOT_ISA=level)
                self.assert_close(got, want, level)
        lesser = network["plan"] + ".portable"
        self.build(network, lesser, INGOT_ISA="portable")
        got, _ = self.answers(network, lesser)
        self.assert_close(got, want, "built for portable")

    def test_plans_load_without_the_tactics_that_they_name(self):
        for network in self.plans:
            want, _ = self.answers(network, network["plan"])
            for name in ("cpu.convolution_panels", "cpu.pool,cpu.pointwise,cpu.reformat", "cpu"):
                got, text = self.answers(network, network["plan"], INGOT_DISABLE=name)
                self.assert_close(got, want, "without " + name)
                if name == "cpu.convolution_panels" or name == "cpu":
                    self.assertRegex(text, r"\d+ of \d+ steps do not fit here and were chosen again", name)

    def test_debug_topics_print_and_other_runs_do_not(self):
        network = self.plans[2]
        for topic, line in (("steps", r"(?m)^\[steps\] +\d+ +[\d.]+ us  \S.*'.*' ->"), ("memory", r"(?m)^\[memory\] +at \d+: \d+ bytes, steps \d+ to \d+, '"),
                            ("all", r"(?m)^\[steps\] ")):
            self.assertRegex(self.answers(network, network["plan"], INGOT_DEBUG=topic)[1], line, topic)
        self.assertNotRegex(self.answers(network, network["plan"])[1], r"(?m)^\[steps\]|^\[memory\]")
        for topic, line in (("passes", r"(?m)^\[passes\] +\d+ +simplify .* layers +[\d.]+ ms"), ("tactics", r"(?m)^\[tactics\] layer '.*: [\d.]+ us")):
            done = self.call([f"--onnx={network['onnx']}", "--skipInference", *network["shapes"]], INGOT_DEBUG=topic)
            self.assertRegex(done.stderr, line, topic)

    def test_a_dump_has_every_pass_and_the_plan_as_text_and_picture(self):
        network, folder = self.plans[2], os.path.join(self.folder, "dump")
        done = self.call([f"--onnx={network['onnx']}", "--skipInference", *network["shapes"]], INGOT_DUMP=folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        files = sorted(os.listdir(folder))
        for file in ("00-imported.net", "00-imported.svg", "plan.net", "plan.svg", "plan.txt"):
            self.assertIn(file, files)
        with open(os.path.join(folder, "plan.svg")) as picture:
            self.assertIn("<svg", picture.read(200))
        with open(os.path.join(folder, "plan.txt")) as plan:
            self.assertRegex(plan.read(), r"(?m)^ +[\d.]+ ms  cpu\.\S+  convolution '")

    def test_a_switched_off_fusion_leaves_its_layers(self):
        network = self.plans[3]
        def layers(**environment):
            done = self.call([f"--onnx={network['onnx']}", "--skipInference", *network["shapes"]], INGOT_DEBUG="passes", **environment)
            return done.stderr.count("fuse_activation_into_product x")
        self.assertGreater(layers(), 0)
        self.assertEqual(layers(INGOT_DISABLE="fuse_activation_into_product"), 0)

    def test_verify_passes(self):
        network = self.plans[2]
        done = self.call([f"--onnx={network['onnx']}", "--skipInference", *network["shapes"]], INGOT_VERIFY="1")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("is rejected", done.stdout + done.stderr)

    def test_a_wrong_instruction_set_is_named(self):
        network = self.plans[2]
        _, text = self.answers(network, network["plan"], INGOT_ISA="sse9")
        self.assertIn("'sse9' is no instruction set; there are portable, avx2, avx512, vnni, bf16, amx", text)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]] + sys.argv[3:])
