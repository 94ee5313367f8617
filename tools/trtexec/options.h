// What the command line asks for.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "NvInfer.h"

namespace ingot::trtexec {

// Extents by the name of an input; for an input that holds a shape, its values.
using Shapes = std::map<std::string, std::vector<int64_t>>;
// A type and the formats that go with it, as bits.
struct IoFormat {
  nvinfer1::DataType type;
  nvinfer1::TensorFormats formats;
  std::string text;
};
enum class PrecisionConstraints { kNone, kPrefer, kObey };

struct OldInput {
  std::string name;
  std::vector<int64_t> extents;  // without the batch
};

struct Options {
  // Model
  std::string onnx;
  std::string deploy, caffe_model;  // of Caffe: the definition, and weights, which are made up where there are none
  std::string uff, tf;
  std::vector<OldInput> old_inputs;  // of UFF and TensorFlow
  bool channels_last = false;        // of those inputs
  std::vector<std::string> outputs;  // of Caffe, UFF and TensorFlow
  std::string load_engine, save_engine;
  // Build
  Shapes min_shapes, opt_shapes, max_shapes;
  bool fp16 = false, bf16 = false, int8 = false, fp8 = false, int4 = false, best = false, no_tf32 = false, strongly_typed = false;
  std::string calib;
  PrecisionConstraints precision_constraints = PrecisionConstraints::kNone;
  std::vector<std::pair<std::string, nvinfer1::DataType>> layer_precisions;                 // pattern with '*', type
  std::vector<std::pair<std::string, std::vector<nvinfer1::DataType>>> layer_output_types;  // the same for each output
  std::vector<IoFormat> input_formats, output_formats;
  std::map<nvinfer1::MemoryPoolType, double> pools;  // bytes
  std::string timing_cache;
  bool no_timing_cache = false, error_on_cache_miss = false;
  nvinfer1::ProfilingVerbosity profiling_verbosity = nvinfer1::ProfilingVerbosity::kLAYER_NAMES_ONLY;
  int64_t optimization_level = -1;  // -1 leaves the library's own
  int64_t average_timing = 8, aux_streams = -1, most_tactics = -1;
  bool sparsity = false, refit = false, direct_io = false, skip_inference = false, verify = false;
  bool version_compatible = false, strip_weights = false, plugin_override = false;
  std::vector<std::string> plugins, plugins_to_serialize;  // files of libraries
  std::vector<std::string> debug_tensors;
  bool debug_unfused = false;
  // System
  std::string device = "0";
  // Inference
  Shapes shapes;
  int64_t iterations = 10;
  double duration = 3, warm_up = 200, idle = 0;  // seconds, milliseconds, milliseconds
  int64_t streams = 1, profile = 0;
  std::map<std::string, std::string> inputs;         // files by the name of an input
  std::map<std::string, std::string> saved_tensors;  // files by the name of a debug tensor
  std::set<std::string> save_all_debug;              // as what: raw, numpy, string, summary
  nvinfer1::ExecutionContextAllocationStrategy allocation = nvinfer1::ExecutionContextAllocationStrategy::kSTATIC;
  bool no_transfers = false, spin_wait = false, threads = false, graph = false, separate_profile = false;
  // Reporting
  bool verbose = false, dump_output = false, dump_profile = false, dump_layers = false;
  int64_t average_runs = 10;
  std::vector<double> percentiles = {90, 95, 99};
  std::string export_times, export_output, export_profile, export_layers;

  // The file of the network; empty where a plan is loaded.
  // The folder of a SavedModel, which tells its outputs itself.
  bool is_saved_model() const;
  const std::string& model() const { return !onnx.empty() ? onnx : !deploy.empty() ? deploy : !uff.empty() ? uff : tf; }
  bool profiles() const { return dump_profile || !export_profile.empty(); }
  bool wants_int8() const { return int8 || best; }
};

enum class Parsed { kRun, kDone, kFailed };  // kDone: help or version was asked for and given

// Reads the command line; what is wrong is said, each fault on a line of its own.
Parsed parse_options(int argc, char** argv, Options& options);
// The options by sections, as TensorRT's trtexec lists them.
void print_options(const Options& options);

// "3x224x224" for extents.
std::string text_of(const std::vector<int64_t>& extents);
// A '*' in the pattern stands for any characters.
bool matches(const std::string& pattern, const std::string& name);
// Of `known` the one that is nearest to `word` in letters changed; "" where none is near.
std::string nearest(const std::string& word, const std::vector<std::string>& known);

}  // namespace ingot::trtexec
