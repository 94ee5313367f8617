#include "options.h"

#include <algorithm>
#include <cstdio>

#include "files.h"
#include "flags.h"
#include "log.h"

namespace ingot::trtexec {

namespace {

const char* title_of(Section section) {
  switch (section) {
    case Section::kModel: return "Model Options";
    case Section::kBuild: return "Build Options";
    case Section::kSystem: return "System Options";
    case Section::kInference: return "Inference Options";
    case Section::kReporting: return "Reporting Options";
    case Section::kForeign: break;
  }
  return "";
}

// Words of `text` in lines of at most 100 characters, each after two spaces.
void print_wrapped(const std::string& text) {
  std::string line = " ";
  for (const std::string& word : split(text, ' ')) {
    if (line.size() + 1 + word.size() > 100) {
      std::printf("%s\n", line.c_str());
      line = " ";
    }
    line += " " + word;
  }
  std::printf("%s\n", line.c_str());
}

void print_help() {
  std::printf(
      "trtexec builds an engine from an ONNX model, or loads a plan, runs it and says how fast it is.\n"
      "\n"
      "  trtexec --onnx=model.onnx                                     build, run for 3 s, print latency and throughput\n"
      "  trtexec --onnx=model.onnx --saveEngine=model.plan             keep the plan\n"
      "  trtexec --loadEngine=model.plan --shapes=input:8x3x224x224    run the plan with a batch of 8\n"
      "  trtexec --loadEngine=model.plan --loadInputs=input:x.bin --exportOutput=y.json    run it on your data\n"
      "  trtexec --onnx=model.onnx --dumpProfile --separateProfileRun  see which layers take the time\n"
      "  trtexec --onnx=model.onnx --verify --skipInference            check the build against the reference\n"
      "\n"
      "The defaults are in parentheses. More: docs/trtexec.md\n");
  for (Section section : {Section::kModel, Section::kBuild, Section::kSystem, Section::kInference, Section::kReporting}) {
    std::printf("\n=== %s ===\n", title_of(section));
    for (const Flag& flag : flags()) {
      if (flag.section != section) continue;
      const std::string left = std::string("--") + flag.name + (*flag.argument ? "=" : "") + flag.argument;
      std::printf("  %-32s %s\n", left.c_str(), flag.help);
    }
  }
  std::printf("\n=== Help ===\n  %-32s %s\n  %-32s %s\n", "--help, -h", "This text", "--version, -V", "The version");
  std::string others;
  for (const Flag& flag : flags()) {
    if (flag.section == Section::kForeign) others += std::string(others.empty() ? "--" : " --") + flag.name;
  }
  std::printf("\nFlags of other versions and devices: a warning where the answers stay the same, else an error that says what to use.\n");
  print_wrapped(others);
}

// Wishes that change nothing here; the answers are the same without them.
void warn_of_idle_flags(const Options& options) {
  const auto idle = [](bool given, const char* text) {
    if (given) warn(std::string(text) + "; the answers are the same");
  };
  idle(options.sparsity, "--sparsity=enable: no tactic here gains from sparse weights, so layers run dense");
  idle(options.aux_streams > 0, "--maxAuxStreams: an engine runs on one stream and cuts each layer over the threads");
  idle(!options.pools.empty(), "--memPoolSize: pools limit nothing here; 'device memory size' below tells what a context takes");
  idle(options.average_timing != Options().average_timing, "--avgTiming: a tactic is run 3 to 40 times, by how long it takes");
  idle(options.direct_io, "--directIO: inputs and outputs are reformatted where a layer is faster that way");
  idle(options.version_compatible, "--versionCompatible: every plan loads in later versions");
  idle(options.fp8 || options.int4, "--fp8 and --int4: layers compute in these types only where the model quantizes to them");
}

// A layer computes in a type only where the build may use it.
bool check_layer_precisions(const Options& options) {
  using nvinfer1::DataType;
  if (options.precision_constraints == PrecisionConstraints::kNone) return true;
  bool good = true;
  for (const auto& [layer, type] : options.layer_precisions) {
    const char* flag = type == DataType::kHALF   ? (options.fp16 || options.best ? nullptr : "--fp16")
                       : type == DataType::kBF16 ? (options.bf16 || options.best ? nullptr : "--bf16")
                       : type == DataType::kINT8 ? (options.wants_int8() ? nullptr : "--int8")
                                                 : nullptr;
    if (!flag) continue;
    const std::string text = "--layerPrecisions=" + layer + ":" + (flag + 2) + " has no effect without " + flag;
    if (options.precision_constraints == PrecisionConstraints::kObey) {
      good = fail(text + "; add it, or use --precisionConstraints=prefer");
    } else {
      warn(text);
    }
  }
  return good;
}

// Faults that only all flags together show.
bool check(const Options& options) {
  bool good = true;
  const auto wrong = [&](const char* text) { good = fail(text); };
  const int models =
      !options.onnx.empty() + !options.deploy.empty() + !options.uff.empty() + !options.tf.empty() + !options.load_engine.empty();
  if (models == 0) wrong("No model is given: use --onnx=FILE to build an engine or --loadEngine=FILE to load one");
  if (models > 1) wrong("--onnx, --deploy, --uff, --tf and --loadEngine exclude each other: give one model, or the plan");
  if (!options.caffe_model.empty() && options.deploy.empty())
    wrong("--model holds the weights of a Caffe model; give its definition with --deploy=FILE");
  if (!options.outputs.empty() && (!options.onnx.empty() || !options.load_engine.empty()))
    wrong("--output: the outputs are those of the ONNX model or the plan; change them there");
  if (options.outputs.empty() && !(options.deploy.empty() && options.uff.empty()) && models == 1)
    wrong("--output=NAME is missing: which values are the outputs of the model? 'ingot inspect FILE' shows those that nothing reads");
  if (!options.old_inputs.empty() && options.uff.empty() && options.tf.empty()) wrong("--uffInput is for --uff and --tf");
  if (options.strongly_typed && (options.fp16 || options.bf16 || options.int8 || options.fp8 || options.int4 || options.best))
    wrong("--stronglyTyped takes the types of the model: leave --fp16, --bf16, --int8, --fp8, --int4 and --best out");
  if (!options.calib.empty() && !options.wants_int8()) wrong("--calib needs --int8 or --best");
  if (options.precision_constraints == PrecisionConstraints::kNone &&
      (!options.layer_precisions.empty() || !options.layer_output_types.empty()))
    warn("--layerPrecisions and --layerOutputTypes have no effect without --precisionConstraints=prefer or obey");
  warn_of_idle_flags(options);
  good &= check_layer_precisions(options);
  if (options.load_engine.empty()) return good;
  if (!options.min_shapes.empty() || !options.opt_shapes.empty() || !options.max_shapes.empty())
    wrong("--minShapes, --optShapes and --maxShapes are for building; a loaded plan runs with --shapes");
  if (options.verify) wrong("--verify checks a build; use it with --onnx");
  return good;
}

}  // namespace

// A folder that is none is told of by the parser.
bool Options::is_saved_model() const { return !tf.empty() && (tf.ends_with("saved_model.pb") || file_exists(tf + "/.")); }

std::string text_of(const std::vector<int64_t>& extents) {
  std::string text;
  for (int64_t extent : extents) text += (text.empty() ? "" : "x") + std::to_string(extent);
  return text;
}

bool matches(const std::string& pattern, const std::string& name) {
  // Keeps the last star and the place that it reached, and goes on from there where the rest does not fit.
  size_t p = 0, n = 0, star = std::string::npos, reached = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      reached = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p, ++n;
    } else if (star != std::string::npos) {
      p = star + 1;
      n = ++reached;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string nearest(const std::string& word, const std::vector<std::string>& known) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  std::string best;
  size_t least = std::max<size_t>(2, word.size() / 3) + 1;  // farther ones are no help
  for (const std::string& candidate : known) {
    std::vector<size_t> row(candidate.size() + 1);
    for (size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (size_t i = 0; i < word.size(); ++i) {
      size_t diagonal = row[0];
      row[0] = i + 1;
      for (size_t j = 0; j < candidate.size(); ++j) {
        const size_t change = diagonal + (lower(word[i]) != lower(candidate[j]));
        diagonal = row[j + 1];
        row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
      }
    }
    if (row.back() < least) {
      least = row.back();
      best = candidate;
    }
  }
  return best;
}

Parsed parse_options(int argc, char** argv, Options& options) {
  if (argc <= 1) {
    print_help();
    return fail("No model is given: use --onnx=FILE or --loadEngine=FILE") ? Parsed::kRun : Parsed::kFailed;
  }
  bool good = true;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (argument == "--help" || argument == "-h") {
      print_help();
      return Parsed::kDone;
    }
    if (argument == "--version" || argument == "-V") {
      std::printf("TensorRT v%d, by Ingot\n", getInferLibVersion());
      return Parsed::kDone;
    }
    if (argument == "-v") argument = "--verbose";
    const size_t equals = argument.find('=');
    const std::string name = argument.rfind("--", 0) == 0 ? argument.substr(2, equals == std::string::npos ? equals : equals - 2) : "";
    const std::string value = equals == std::string::npos ? "" : argument.substr(equals + 1);
    const auto flag = std::find_if(flags().begin(), flags().end(), [&](const Flag& known) { return name == known.name; });
    if (flag == flags().end()) {
      std::vector<std::string> names = {"help", "version"};
      for (const Flag& known : flags()) {
        if (known.section != Section::kForeign) names.emplace_back(known.name);
      }
      const std::string meant = nearest(name, names);
      good = fail("Unknown option: " + argument + (meant.empty() ? "" : "; did you mean --" + meant + "?") + " (--help lists all)");
      continue;
    }
    if (*flag->argument && value.empty()) {
      good = fail("--" + name + " needs a value: --" + name + "=" + flag->argument);
    } else if (!*flag->argument && equals != std::string::npos) {
      good = fail("--" + name + " takes no value; got '" + value + "'");
    } else if (const std::string wrong = flag->take(options, value); !wrong.empty()) {
      good = fail("--" + name + ": " + wrong);
    }
  }
  set_verbose(options.verbose);
  if (!good || !check(options)) return Parsed::kFailed;
  return Parsed::kRun;
}

namespace {

const char* switched(bool on) { return on ? "Enabled" : "Disabled"; }

std::string precision_text(const Options& options) {
  if (options.strongly_typed) return "Strongly typed";
  std::string text = "FP32";
  if (options.fp16 || options.best) text += "+FP16";
  if (options.bf16 || options.best) text += "+BF16";
  if (options.wants_int8()) text += "+INT8";
  if (options.fp8) text += "+FP8";
  if (options.int4) text += "+INT4";
  return text + (options.no_tf32 ? " (no TF32)" : "");
}

void print_shapes(const char* title, const Shapes& min, const Shapes& opt, const Shapes& max) {
  if (min.empty() && opt.empty() && max.empty()) return info(std::string(title) + ": model");
  Shapes names = opt;
  names.insert(min.begin(), min.end());
  names.insert(max.begin(), max.end());
  const auto text = [](const Shapes& shapes, const std::string& name) {
    const auto found = shapes.find(name);
    return found == shapes.end() ? std::string("model") : text_of(found->second);
  };
  for (const auto& [name, unused] : names)
    info(std::string(title) + ": " + name + "=" + text(min, name) + "+" + text(opt, name) + "+" + text(max, name));
}

std::string formats_text(const std::vector<IoFormat>& formats) {
  std::string text;
  for (const IoFormat& format : formats) text += (text.empty() ? "" : ",") + format.text;
  return text.empty() ? "model" : text;
}

std::string pool_text(const Options& options, nvinfer1::MemoryPoolType pool) {
  const auto found = options.pools.find(pool);
  return found == options.pools.end() ? "default" : mebibytes(found->second);
}

}  // namespace

void print_options(const Options& options) {
  using nvinfer1::MemoryPoolType;
  info("=== Model Options ===");
  info(std::string("Format: ") + (!options.onnx.empty()     ? "ONNX"
                                  : !options.deploy.empty() ? "Caffe"
                                  : !options.uff.empty()    ? "UFF"
                                  : !options.tf.empty()     ? "TensorFlow"
                                                            : "*"));
  info("Model: " + options.model());
  info("Output:");
  info("=== Build Options ===");
  info("Memory Pools: workspace: " + pool_text(options, MemoryPoolType::kWORKSPACE) + ", dlaSRAM: " +
       pool_text(options, MemoryPoolType::kDLA_MANAGED_SRAM) + ", dlaLocalDRAM: " + pool_text(options, MemoryPoolType::kDLA_LOCAL_DRAM) +
       ", dlaGlobalDRAM: " + pool_text(options, MemoryPoolType::kDLA_GLOBAL_DRAM) +
       ", tacticSharedMem: " + pool_text(options, MemoryPoolType::kTACTIC_SHARED_MEMORY));
  info("avgTiming: " + std::to_string(options.average_timing));
  info("Precision: " + precision_text(options));
  info("Calibration: " + options.calib);
  info(std::string("Refit: ") + switched(options.refit));
  info(std::string("Strip weights: ") + switched(options.strip_weights));
  info(std::string("Version Compatible: ") + switched(options.version_compatible));
  info(std::string("Sparsity: ") + switched(options.sparsity));
  info(std::string("DirectIO mode: ") + switched(options.direct_io));
  info(std::string("Skip inference: ") + switched(options.skip_inference));
  info("Save engine: " + options.save_engine);
  info("Load engine: " + options.load_engine);
  info("Profiling verbosity: " + std::to_string(static_cast<int>(options.profiling_verbosity)));
  info(std::string("timingCacheMode: ") + (options.no_timing_cache ? "disable" : options.timing_cache.empty() ? "local" : "global"));
  info("timingCacheFile: " + options.timing_cache);
  info(std::string("errorOnTimingCacheMiss: ") + switched(options.error_on_cache_miss));
  info("MaxAuxStreams: " + std::to_string(options.aux_streams));
  info("BuilderOptimizationLevel: " + std::to_string(options.optimization_level));
  info("MaxTactics: " + std::to_string(options.most_tactics));
  info(std::string("Verify: ") + switched(options.verify));
  info("Input(s)s format: " + formats_text(options.input_formats));
  info("Output(s)s format: " + formats_text(options.output_formats));
  print_shapes("Input build shape", options.min_shapes, options.opt_shapes, options.max_shapes);
  info("=== System Options ===");
  info("Device: " + options.device);
  info("=== Inference Options ===");
  info("Batch: Explicit");
  for (const auto& [name, extents] : options.shapes) info("Input inference shape : " + name + "=" + text_of(extents));
  if (options.shapes.empty()) info("Input inference shapes: model");
  info("Iterations: " + std::to_string(options.iterations));
  info("Duration: " + text_of(options.duration) + "s (+ " + text_of(options.warm_up) + "ms warm up)");
  info("Idle time: " + text_of(options.idle) + "ms");
  info("Inference Streams: " + std::to_string(options.streams));
  info(std::string("Data transfers: ") + switched(!options.no_transfers));
  info(std::string("Spin-wait: ") + switched(options.spin_wait));
  info(std::string("Multithreading: ") + switched(options.threads));
  info(std::string("CUDA Graph: ") + switched(options.graph));
  info(std::string("Separate profiling: ") + switched(options.separate_profile));
  info("Optimization Profile Index: " + std::to_string(options.profile));
  info("Inputs:");
  for (const auto& [name, file] : options.inputs) info(name + "<-" + file);
  info("=== Reporting Options ===");
  info(std::string("Verbose: ") + switched(options.verbose));
  info("Averages: " + std::to_string(options.average_runs) + " inferences");
  std::string percentiles;
  for (double percent : options.percentiles) percentiles += (percentiles.empty() ? "" : ",") + text_of(percent);
  info("Percentiles: " + percentiles);
  info(std::string("Dump output: ") + switched(options.dump_output));
  info(std::string("Profile: ") + switched(options.dump_profile));
  info("Export timing to JSON file: " + options.export_times);
  info("Export output to JSON file: " + options.export_output);
  info("Export profile to JSON file: " + options.export_profile);
  info("Export layer information to JSON file: " + options.export_layers);
  info("");
}

}  // namespace ingot::trtexec
