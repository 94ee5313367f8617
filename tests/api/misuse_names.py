#!/usr/bin/env python3
"""Every method of the public headers that the library implements is called by a test of misuse: by misuse_*, borders_*, settings_*,
lifetimes_* and throwing_* of tests/api/runtime, or by a test of the list below, which misuses it where it can be.

usage: misuse_names.py [--list]   --list prints what is called nowhere and exits 0
"""
import importlib.machinery
import importlib.util
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
# Tests that misuse what only they can reach.
ELSEWHERE = (
    "tests/cuda/compiled_plugins_test.cpp",  # sizes of launches
    "tests/calibration/selector_test.cpp",  # algorithms
    "tests/programs/v8_safe_runtime.cpp",
    "tests/api/runtime/sequences_test.cpp",  # quantization of experts
    "tests/api/runtime/stock_plugins_test.cpp",  # addPluginV2 of tensors that do not fit
)
# Getters without arguments of objects that no call spoils, and setters whose misuse the tests of their layers show.
EXCEPTIONS = {
    "IBinaryProtoBlob::getData", "IAlgorithmIOInfo::getVectorizedDim", "IAlgorithmIOInfo::getComponentsPerElement", "IAlgorithm::getTimingMSec",
    "IAlgorithm::getAlgorithmIOInfo", "IDimensionExpr::isConstant", "IDimensionExpr::isSizeTensor", "IExprBuilder::declareSizeTensor",
    "IPluginV3Layer::getPlugin", "IPluginV2Layer::getPlugin", "IPluginLayer::getPlugin", "IRNNLayer::getSeqLength", "IRNNLayer::setBias",
    "IRNNLayer::getBias", "IPluginResourceContext::getGpuAllocator",
}
# Programs implement these; throwing_test and the plugins' tests say what happens where they fail.
OF_PROGRAMS = re.compile(
    r"I(Logger|Profiler|ErrorRecorder|Gpu(Async)?Allocator|OutputAllocator|DebugListener|ProgressMonitor|StreamReader(V2)?|StreamWriter|"
    r"LoggerFinder|AlgorithmSelector|Int8\w*Calibrator2?|Plugin|PluginExt|PluginV2\w*|PluginV3\w*|PluginCreator\w*|PluginResource|"
    r"PluginFactory\w*|OutputDimensionsFormula|PluginChecker|VersionedInterface|PluginCapability|NvPlugin)$")


def load_coverage():
    loader = importlib.machinery.SourceFileLoader("api_coverage", os.path.join(ROOT, "tools", "api_coverage"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("api_coverage", loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


def called():
    folder = os.path.join(HERE, "runtime")
    files = [os.path.join(folder, name) for name in sorted(os.listdir(folder))
             if re.match(r"(misuse|borders|settings|lifetimes|throwing)\w*\.(cpp|h)$", name)]
    words = set()
    for path in files + [os.path.join(ROOT, name) for name in ELSEWHERE]:
        text = open(path).read()
        words.update(re.findall(r"\b(\w+)\s*\(", text))
        for row in re.findall(r"\bSETTING\(\s*\w+,\s*(\w+),\s*(\w+)", text):
            words.update(row)
    return words


def main():
    words, count, missing = called(), 0, []
    for name, methods in load_coverage().classes().items():
        if OF_PROGRAMS.match(name) and name not in ("IPluginV2Layer", "IPluginV3Layer"):
            continue
        count += len(methods)
        missing += [f"{name}::{method}" for method in methods
                    if method not in words and f"{name}::{method}" not in EXCEPTIONS]
    print("\n".join(missing + [f"{count - len(missing) - len(EXCEPTIONS)} of {count} methods are called by tests of misuse, {len(EXCEPTIONS)} are exceptions"]))
    return 0 if "--list" in sys.argv[1:] or not missing else 1


if __name__ == "__main__":
    sys.exit(main())
