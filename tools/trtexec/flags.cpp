#include "flags.h"

#include <cerrno>
#include <cmath>
#include <cstdlib>

#include "log.h"

namespace ingot::trtexec {

using nvinfer1::DataType;
using nvinfer1::MemoryPoolType;
using nvinfer1::TensorFormat;

namespace {

using Take = std::function<std::string(Options&, const std::string&)>;

Take on(bool Options::*member) {
  return [=](Options& options, const std::string&) { return options.*member = true, std::string(); };
}
Take word(std::string Options::*member) {
  return [=](Options& options, const std::string& value) { return options.*member = value, std::string(); };
}

bool parse_integer(const std::string& text, int64_t& value) {
  char* end = nullptr;
  errno = 0;
  value = std::strtoll(text.c_str(), &end, 10);
  return !text.empty() && *end == '\0' && errno == 0;
}
bool parse_real(const std::string& text, double& value) {
  char* end = nullptr;
  value = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0' && std::isfinite(value);
}

Take integer(int64_t Options::*member, int64_t least, int64_t most = INT32_MAX) {
  return [=](Options& options, const std::string& value) -> std::string {
    int64_t number = 0;
    if (!parse_integer(value, number) || number < least || number > most)
      return "'" + value + "' is not a whole number from " + std::to_string(least) + " to " + std::to_string(most);
    options.*member = number;
    return "";
  };
}
Take real(double Options::*member) {
  return [=](Options& options, const std::string& value) -> std::string {
    double number = 0;
    if (!parse_real(value, number) || number < 0) return "'" + value + "' is not a number of 0 or more";
    options.*member = number;
    return "";
  };
}

// "name:rest" cut at the last colon outside of quotes, since names of tensors hold colons themselves.
bool cut_name(const std::string& text, std::string& name, std::string& rest) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  name = text.substr(0, colon);
  rest = text.substr(colon + 1);
  return !name.empty();
}

std::string parse_shapes(const std::string& text, Shapes& shapes) {
  for (const std::string& part : split(text, ',')) {
    std::string name, extents;
    if (!cut_name(part, name, extents)) return "'" + part + "' has no name; write NAME:EXTENTS, as in input:1x3x224x224";
    std::vector<int64_t>& shape = shapes[name];
    shape.clear();
    if (extents.empty()) continue;
    for (const std::string& extent : split(extents, 'x')) {
      int64_t size = 0;
      if (!parse_integer(extent, size)) return "'" + extents + "' is no shape; write extents with x between them, as in 1x3x224x224";
      shape.push_back(size);
    }
  }
  return "";
}
Take shapes(Shapes Options::*member) {
  return [=](Options& options, const std::string& value) { return parse_shapes(value, options.*member); };
}

bool parse_type(const std::string& text, DataType& type) {
  static const std::pair<const char*, DataType> types[] = {
      {"fp32", DataType::kFLOAT},  {"fp16", DataType::kHALF}, {"bf16", DataType::kBF16},   {"int32", DataType::kINT32},
      {"int64", DataType::kINT64}, {"int8", DataType::kINT8}, {"uint8", DataType::kUINT8}, {"bool", DataType::kBOOL},
      {"fp8", DataType::kFP8},     {"int4", DataType::kINT4},
  };
  for (const auto& [name, value] : types) {
    if (text == name) return type = value, true;
  }
  return false;
}
constexpr const char* kTypes = "the types are fp32, fp16, bf16, int32, int64, int8, uint8, bool, fp8 and int4";

Take io_formats(std::vector<IoFormat> Options::*member) {
  return [=](Options& options, const std::string& value) -> std::string {
    static const std::pair<const char*, TensorFormat> formats[] = {
        {"chw", TensorFormat::kLINEAR},  {"chw2", TensorFormat::kCHW2},     {"hwc8", TensorFormat::kHWC8},
        {"chw4", TensorFormat::kCHW4},   {"chw16", TensorFormat::kCHW16},   {"chw32", TensorFormat::kCHW32},
        {"dhwc8", TensorFormat::kDHWC8}, {"cdhw32", TensorFormat::kCDHW32}, {"hwc", TensorFormat::kHWC},
        {"hwc16", TensorFormat::kHWC16}, {"dhwc", TensorFormat::kDHWC},
    };
    (options.*member).clear();
    for (const std::string& part : split(value, ',')) {
      IoFormat format{DataType::kFLOAT, 0, part};
      const size_t colon = part.find(':');
      if (!parse_type(part.substr(0, colon), format.type)) return "'" + part + "' has no known type; " + kTypes;
      for (const std::string& name : colon == std::string::npos ? std::vector<std::string>{"chw"} : split(part.substr(colon + 1), '+')) {
        bool known = false;
        for (const auto& [text, layout] : formats) {
          if (name == text) format.formats |= 1u << static_cast<int>(layout), known = true;
        }
        if (!known) return "'" + name + "' is no format; they are chw, chw2, chw4, chw16, chw32, hwc, hwc8, hwc16, dhwc, dhwc8 and cdhw32";
      }
      (options.*member).push_back(format);
    }
    return "";
  };
}

std::string take_pools(Options& options, const std::string& value) {
  for (const std::string& part : split(value, ',')) {
    static const std::pair<const char*, MemoryPoolType> pools[] = {
        {"workspace", MemoryPoolType::kWORKSPACE},         {"dlaSRAM", MemoryPoolType::kDLA_MANAGED_SRAM},
        {"dlaLocalDRAM", MemoryPoolType::kDLA_LOCAL_DRAM}, {"dlaGlobalDRAM", MemoryPoolType::kDLA_GLOBAL_DRAM},
        {"tacticDRAM", MemoryPoolType::kTACTIC_DRAM},      {"tacticSharedMem", MemoryPoolType::kTACTIC_SHARED_MEMORY},
    };
    std::string name, size;
    if (!cut_name(part, name, size) || size.empty()) return "'" + part + "' is not POOL:SIZE, as in workspace:512";
    double unit = 1 << 20;
    switch (size.back()) {
      case 'B': unit = 1; break;
      case 'K': unit = 1 << 10; break;
      case 'M': break;
      case 'G': unit = 1 << 30; break;
      default: size += 'M';
    }
    size.pop_back();
    double number = 0;
    if (!parse_real(size, number) || number < 0)
      return "'" + part + "' has no size; write a number and B, K, M or G; MiB are meant without a letter";
    bool known = false;
    for (const auto& [text, pool] : pools) {
      if (name == text) options.pools[pool] = number * unit, known = true;
    }
    if (!known)
      return "'" + name + "' is no pool; they are workspace, dlaSRAM, dlaLocalDRAM, dlaGlobalDRAM, tacticDRAM and tacticSharedMem";
  }
  return "";
}

std::string take_layer_precisions(Options& options, const std::string& value) {
  for (const std::string& part : split(value, ',')) {
    std::string name, type_name;
    DataType type;
    if (!cut_name(part, name, type_name)) return "'" + part + "' is not LAYER:TYPE";
    if (!parse_type(type_name, type)) return "'" + type_name + "' is no type; " + kTypes;
    options.layer_precisions.emplace_back(name, type);
  }
  return "";
}
std::string take_layer_output_types(Options& options, const std::string& value) {
  for (const std::string& part : split(value, ',')) {
    std::string name, type_names;
    if (!cut_name(part, name, type_names)) return "'" + part + "' is not LAYER:TYPE[+TYPE...]";
    std::vector<DataType> types;
    for (const std::string& type_name : split(type_names, '+')) {
      DataType type;
      if (!parse_type(type_name, type)) return "'" + type_name + "' is no type; " + kTypes;
      types.push_back(type);
    }
    options.layer_output_types.emplace_back(name, types);
  }
  return "";
}

std::string take_inputs(Options& options, const std::string& value) {
  for (const std::string& part : split(value, ',')) {
    std::string name, file;
    if (!cut_name(part, name, file) || file.empty()) return "'" + part + "' is not NAME:FILE";
    options.inputs[name] = file;
  }
  return "";
}
std::string take_saved_tensors(Options& options, const std::string& value) {
  for (const std::string& part : split(value, ',')) {
    std::string name, file;
    if (!cut_name(part, name, file) || file.empty()) return "'" + part + "' is not NAME:FILE";
    options.saved_tensors[name] = file;
  }
  return "";
}
std::string take_kinds_of_files(Options& options, const std::string& value) {
  for (const std::string& word : split(value, ',')) {
    if (word != "raw" && word != "numpy" && word != "string" && word != "summary")
      return "'" + word + "' is none of raw, numpy, string, summary";
    options.save_all_debug.insert(word);
  }
  return "";
}
std::string take_percentiles(Options& options, const std::string& value) {
  options.percentiles.clear();
  for (const std::string& part : split(value, ',')) {
    double percent = 0;
    if (!parse_real(part, percent) || percent < 0 || percent > 100) return "'" + part + "' is not a percentage from 0 to 100";
    options.percentiles.push_back(percent);
  }
  return "";
}

// One of a few words.
template <class T>
Take choice(T Options::*member, std::vector<std::pair<const char*, T>> words) {
  return [=](Options& options, const std::string& value) -> std::string {
    std::string all;
    for (const auto& [name, meaning] : words) {
      if (value == name) return options.*member = meaning, std::string();
      all += (all.empty() ? "" : ", ") + std::string(name);
    }
    return "'" + value + "' is none of " + all;
  };
}

// Another version's flag without which the answers are the same.
Take harmless(const char* why) {
  return [=](Options&, const std::string&) { return warn(std::string("A flag of another version: ") + why), std::string(); };
}
// The same, whose work `take` does.
Take renamed(const char* now, Take take) {
  return [=](Options& options, const std::string& value) {
    warn(std::string("A flag of another version, taken as --") + now);
    return take(options, value);
  };
}
Take refused(const char* instead) {
  return [=](Options&, const std::string&) -> std::string { return instead; };
}

// One file more each time that the flag is given.
Take files(std::vector<std::string> Options::*list) {
  return [=](Options& options, const std::string& value) -> std::string {
    if (value.empty()) return "the name of a file is missing";
    (options.*list).push_back(value);
    return "";
  };
}

std::string take_batch(Options&, const std::string& value) {
  if (value != "1")
    return "networks from ONNX have an explicit batch; say it with --shapes=NAME:" + value + "x... for each input whose batch is dynamic";
  warn("A flag of another version: networks have an explicit batch, which is 1 where nothing else is said");
  return "";
}

// NAME,X,Y,Z of --uffInput.
std::string take_old_input(Options& options, const std::string& value) {
  const std::vector<std::string> parts = split(value, ',');
  if (parts.size() < 2 || parts[0].empty()) return "'" + value + "' is no NAME,X,Y,Z";
  OldInput input{parts[0], {}};
  for (size_t i = 1; i < parts.size(); ++i) {
    char* end = nullptr;
    const long long extent = std::strtoll(parts[i].c_str(), &end, 10);
    if (end == parts[i].c_str() || *end || extent < 1 || extent > INT32_MAX || parts.size() > 8) return "'" + parts[i] + "' is no extent";
    input.extents.push_back(extent);
  }
  options.old_inputs.push_back(std::move(input));
  return "";
}

std::string take_outputs(Options& options, const std::string& value) {
  for (const std::string& name : split(value, ',')) {
    if (name.empty()) return "the name of an output is empty";
    options.outputs.push_back(name);
  }
  return "";
}

constexpr const char* kNoDla = "there is no DLA; leave the flag out";
constexpr const char* kNoSafetyPlugins = "there is no safety scope; use --dynamicPlugins=FILE";
constexpr const char* kNoStreaming = "weights are not streamed by this version; leave the flag out, they stay in memory";
constexpr const char* kNoTuner = "the tuner of version 11 is not served; use --builderOptimizationLevel=5 with --timingCacheFile";
constexpr const char* kNoAccuracy = "accuracy checks of version 11 are not served; use --exportOutput and compare, or --verify";

}  // namespace

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  char quote = 0;
  for (char c : text) {
    if (quote ? c == quote : c == '\'' || c == '"') {
      quote = quote ? 0 : c;
    } else if (c == separator && !quote) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

const std::vector<Flag>& flags() {
  using enum Section;
  static const std::vector<Flag> table = {
      {"onnx", kModel, "FILE", "ONNX model to build an engine from", word(&Options::onnx)},
      {"deploy", kModel, "FILE", "Caffe model to build an engine from (prototxt)", word(&Options::deploy)},
      {"model", kModel, "FILE", "Weights of the Caffe model; made up where they are missing", word(&Options::caffe_model)},
      {"uff", kModel, "FILE", "UFF model to build an engine from", word(&Options::uff)},
      {"tf", kModel, "FILE", "Frozen TensorFlow graph, or folder of a SavedModel, to build an engine from", word(&Options::tf)},
      {"uffInput", kModel, "SPEC", "Input of the UFF or TensorFlow model, as NAME,C,H,W; may be given again", take_old_input},
      {"uffNHWC", kModel, "", "Those inputs are laid out, and given, as H,W,C", on(&Options::channels_last)},
      {"output", kModel, "NAME,...", "Outputs of the Caffe, UFF or TensorFlow model; may be given again", take_outputs},
      {"loadEngine", kModel, "FILE", "Plan to load in place of building from a model", word(&Options::load_engine)},
      {"saveEngine", kModel, "FILE", "Where to keep the plan", word(&Options::save_engine)},

      {"minShapes", kBuild, "SPEC", "Smallest shapes of dynamic inputs, as NAME:1x3x224x224,...", shapes(&Options::min_shapes)},
      {"optShapes", kBuild, "SPEC", "Shapes to be fastest at (the largest)", shapes(&Options::opt_shapes)},
      {"maxShapes", kBuild, "SPEC", "Largest shapes", shapes(&Options::max_shapes)},
      {"fp16", kBuild, "", "Layers may compute in fp16 where that is faster", on(&Options::fp16)},
      {"bf16", kBuild, "", "Layers may compute in bf16 where that is faster", on(&Options::bf16)},
      {"int8", kBuild, "", "Layers may compute in int8 where that is faster; see --calib", on(&Options::int8)},
      {"fp8", kBuild, "", "Layers may compute in fp8", on(&Options::fp8)},
      {"int4", kBuild, "", "Layers may compute in int4", on(&Options::int4)},
      {"best", kBuild, "", "Layers may compute in fp16, bf16 or int8", on(&Options::best)},
      {"noTF32", kBuild, "", "Products of fp32 numbers keep all bits of their factors (they may round as TF32 does)",
       on(&Options::no_tf32)},
      {"stronglyTyped", kBuild, "", "Layers compute in the types that the model says", on(&Options::strongly_typed)},
      {"calib", kBuild, "FILE", "Calibration cache: the ranges of int8 tensors (from one run, with a warning)", word(&Options::calib)},
      {"precisionConstraints", kBuild, "WORD", "What --layerPrecisions and --layerOutputTypes are: none, prefer or obey (none)",
       choice(&Options::precision_constraints,
              {{"none", PrecisionConstraints::kNone}, {"prefer", PrecisionConstraints::kPrefer}, {"obey", PrecisionConstraints::kObey}})},
      {"layerPrecisions", kBuild, "SPEC", "Types to compute in, as LAYER:TYPE,...; * in a name stands for any characters",
       take_layer_precisions},
      {"layerOutputTypes", kBuild, "SPEC", "Types of outputs, as LAYER:TYPE[+TYPE...],...", take_layer_output_types},
      {"inputIOFormats", kBuild, "SPEC", "Types and formats of the inputs in their order, as fp16:chw+hwc8,...",
       io_formats(&Options::input_formats)},
      {"outputIOFormats", kBuild, "SPEC", "The same of the outputs", io_formats(&Options::output_formats)},
      {"memPoolSize", kBuild, "SPEC", "Limits of memory pools, as workspace:512,...; in MiB, or with B, K, M or G", take_pools},
      {"timingCacheFile", kBuild, "FILE", "Timings to reuse and add to: later builds are fast and give equal plans",
       word(&Options::timing_cache)},
      {"noBuilderCache", kBuild, "", "Use no timing cache: measure everything anew", on(&Options::no_timing_cache)},
      {"errorOnTimingCacheMiss", kBuild, "", "Fail in place of measuring what the timing cache lacks", on(&Options::error_on_cache_miss)},
      {"profilingVerbosity", kBuild, "WORD", "What the plan keeps about its layers: layer_names_only, detailed or none (layer_names_only)",
       choice<nvinfer1::ProfilingVerbosity>(&Options::profiling_verbosity,
                                            {{"layer_names_only", nvinfer1::ProfilingVerbosity::kLAYER_NAMES_ONLY},
                                             {"detailed", nvinfer1::ProfilingVerbosity::kDETAILED},
                                             {"none", nvinfer1::ProfilingVerbosity::kNONE}})},
      {"builderOptimizationLevel", kBuild, "N", "0 builds fast, 5 builds the fastest (3)", integer(&Options::optimization_level, 0, 5)},
      {"avgTiming", kBuild, "N", "Runs that the time of a tactic is averaged over (8)", integer(&Options::average_timing, 1)},
      {"maxAuxStreams", kBuild, "N", "Streams beside the main one that an engine may use", integer(&Options::aux_streams, 0)},
      {"maxTactics", kBuild, "N", "Measure at most so many tactics of a layer (all)", integer(&Options::most_tactics, -1)},
      {"markDebug", kBuild, "NAMES", "Tensors that runs can show, with commas between them; see --saveDebugTensors",
       [](Options& options, const std::string& value) -> std::string {
         options.debug_tensors = split(value, ',');
         return value.empty() ? "names of tensors are missing" : "";
       }},
      {"markUnfusedTensorsAsDebugTensors", kBuild, "", "Runs can show all tensors that no fusion takes away", on(&Options::debug_unfused)},
      {"sparsity", kBuild, "WORD", "Use kernels for sparse weights: disable or enable (disable)",
       [](Options& options, const std::string& value) -> std::string {
         if (value == "force") return "weights are not made sparse here; prune them in the model and use --sparsity=enable";
         return choice<bool>(&Options::sparsity, {{"disable", false}, {"enable", true}})(options, value);
       }},
      {"refit", kBuild, "", "Weights of the engine can be replaced later", on(&Options::refit)},
      {"directIO", kBuild, "", "Reformat nothing at inputs and outputs", on(&Options::direct_io)},
      {"stripWeights", kBuild, "", "Leave the weights out of the plan", on(&Options::strip_weights)},
      {"versionCompatible", kBuild, "", "The plan loads in other versions", on(&Options::version_compatible)},
      {"staticPlugins", kBuild, "FILE", "Library with plugins of the model; may be given again (also --plugins)", files(&Options::plugins)},
      {"plugins", kForeign, "FILE", "", files(&Options::plugins)},
      {"dynamicPlugins", kBuild, "FILE", "The same, loaded by the registry of plugins", files(&Options::plugins)},
      {"setPluginsToSerialize", kBuild, "FILE", "Library that the plan names, to be loaded with it; may be given again",
       files(&Options::plugins_to_serialize)},
      {"enablePluginOverride", kBuild, "", "Plugins come before layers where both know a node's operator", on(&Options::plugin_override)},
      {"skipInference", kBuild, "", "Only build or load; run nothing", on(&Options::skip_inference)},
      {"verify", kBuild, "", "Ingot's own: check every chosen tactic and rewrite against the reference; name one that is wrong",
       on(&Options::verify)},

      {"device", kSystem, "N", "Device to run on: a number or cpu (0)", word(&Options::device)},

      {"shapes", kInference, "SPEC", "Shapes to run with; where no others are given, to build for", shapes(&Options::shapes)},
      {"loadInputs", kInference, "SPEC", "Files with the raw values of inputs, as NAME:FILE,...; random values otherwise", take_inputs},
      {"iterations", kInference, "N", "Run at least so many times (10)", integer(&Options::iterations, 1)},
      {"duration", kInference, "SECONDS", "Run for at least that long (3)", real(&Options::duration)},
      {"warmUp", kInference, "MS", "Run for that long before measuring (200)", real(&Options::warm_up)},
      {"idleTime", kInference, "MS", "Pause between two runs (0)", real(&Options::idle)},
      {"infStreams", kInference, "N", "Streams to run at once, each with its own context (1)", integer(&Options::streams, 1, 1024)},
      {"threads", kInference, "", "Drive each stream from a thread of its own", on(&Options::threads)},
      {"useProfile", kInference, "N", "Optimization profile to run with (0)", integer(&Options::profile, 0)},
      {"useCudaGraph", kInference, "", "Capture a run and launch it as a graph", on(&Options::graph)},
      {"useSpinWait", kInference, "", "Wait busily: less latency, more processor time", on(&Options::spin_wait)},
      {"noDataTransfers", kInference, "", "Leave out copies to and from the device", on(&Options::no_transfers)},
      {"allocationStrategy", kInference, "WORD",
       "When a context takes memory: static (for all shapes), profile (for those of its profile) or runtime (for the shapes at hand)",
       choice<nvinfer1::ExecutionContextAllocationStrategy>(&Options::allocation,
                                                            {{"static", nvinfer1::ExecutionContextAllocationStrategy::kSTATIC},
                                                             {"profile", nvinfer1::ExecutionContextAllocationStrategy::kON_PROFILE_CHANGE},
                                                             {"runtime", nvinfer1::ExecutionContextAllocationStrategy::kUSER_MANAGED}})},
      {"saveDebugTensors", kInference, "SPEC", "Files for the raw values of debug tensors in the first run, as NAME:FILE,...",
       take_saved_tensors},
      {"saveAllDebugTensors", kInference, "WORDS",
       "Files for all debug tensors in the first run, named after them: raw, numpy, string; or summary, which only says",
       take_kinds_of_files},
      {"separateProfileRun", kInference, "", "Take the times of layers in a run of their own", on(&Options::separate_profile)},

      {"verbose", kReporting, "", "Log more: layers, tactics, explanations of the summary", on(&Options::verbose)},
      {"avgRuns", kReporting, "N", "Runs that are averaged for a line of the trace (10)", integer(&Options::average_runs, 1)},
      {"percentile", kReporting, "P,...", "Percentages of the runs whose times are told (90,95,99)", take_percentiles},
      {"dumpOutput", kReporting, "", "Print the outputs of the last run", on(&Options::dump_output)},
      {"dumpProfile", kReporting, "", "Print the time of each layer", on(&Options::dump_profile)},
      {"dumpLayerInfo", kReporting, "", "Print the layers of the engine", on(&Options::dump_layers)},
      {"exportTimes", kReporting, "FILE", "Write the times of each run as JSON", word(&Options::export_times)},
      {"exportOutput", kReporting, "FILE", "Write the outputs as JSON", word(&Options::export_output)},
      {"exportProfile", kReporting, "FILE", "Write the time of each layer as JSON", word(&Options::export_profile)},
      {"exportLayerInfo", kReporting, "FILE", "Write the layers of the engine as JSON", word(&Options::export_layers)},

      {"explicitBatch", kForeign, "", "", harmless("--explicitBatch says what is always so")},
      {"explicitPrecision", kForeign, "", "", harmless("--explicitPrecision: quantize and dequantize layers always count")},
      {"batch", kForeign, "N", "", take_batch},
      {"maxBatch", kForeign, "N", "", take_batch},
      {"workspace", kForeign, "MIB", "",
       renamed("memPoolSize=workspace:...",
               [](Options& options, const std::string& value) { return take_pools(options, "workspace:" + value); })},
      {"buildOnly", kForeign, "", "", renamed("skipInference", on(&Options::skip_inference))},
      {"streams", kForeign, "N", "", renamed("infStreams", integer(&Options::streams, 1, 1024))},
      {"vc", kForeign, "", "", on(&Options::version_compatible)},
      {"strictTypes", kForeign, "", "", refused("use --precisionConstraints=prefer")},
      {"minTiming", kForeign, "N", "", harmless("--minTiming: how often a tactic is measured follows from --avgTiming")},
      {"heuristic", kForeign, "", "", harmless("--heuristic: use --builderOptimizationLevel=1 to measure less")},
      {"nvtxMode", kForeign, "WORD", "", harmless("--nvtxMode: there are no NVTX ranges")},
      {"nvtxVerbosity", kForeign, "WORD", "", harmless("--nvtxVerbosity: there are no NVTX ranges")},
      {"tacticSources", kForeign, "SPEC", "", harmless("--tacticSources: the named libraries are not used")},
      {"preview", kForeign, "SPEC", "", harmless("--preview: there are no features on trial")},
      {"hardwareCompatibilityLevel", kForeign, "WORD", "", harmless("--hardwareCompatibilityLevel: plans load on every machine")},
      {"noCompilationCache", kForeign, "", "", harmless("--noCompilationCache: no kernels are compiled")},
      {"monitorMemory", kForeign, "", "", harmless("--monitorMemory: memory is not told while building")},
      {"tilingOptimizationLevel", kForeign, "N", "", harmless("--tilingOptimizationLevel changes nothing")},
      {"l2LimitForTiling", kForeign, "N", "", harmless("--l2LimitForTiling changes nothing")},
      {"excludeLeanRuntime", kForeign, "", "", harmless("--excludeLeanRuntime: plans never hold a runtime")},
      {"leanDLLPath", kForeign, "FILE", "", harmless("--leanDLLPath: there is one runtime")},
      {"useRuntime", kForeign, "WORD", "", harmless("--useRuntime: there is one runtime, which is the full one")},
      {"asyncFileReader", kForeign, "", "", harmless("--asyncFileReader: plans are read at once")},
      {"tempdir", kForeign, "DIR", "", harmless("--tempdir: no temporary files are written")},
      {"tempfileControls", kForeign, "SPEC", "", harmless("--tempfileControls: no temporary files are written")},
      {"pluginInstanceNorm", kForeign, "", "", harmless("--pluginInstanceNorm: instance normalization is a layer")},
      {"nativeInstanceNorm", kForeign, "", "", harmless("--nativeInstanceNorm says what is always so")},
      {"restricted", kForeign, "", "", harmless("--restricted: there is no safety scope")},
      {"exposeDMA", kForeign, "", "", harmless("--exposeDMA: copies are never hidden behind other runs of a stream")},
      {"useManagedMemory", kForeign, "", "", harmless("--useManagedMemory: the device's memory is the host's")},
      {"persistentCacheRatio", kForeign, "R", "", harmless("--persistentCacheRatio: there is no such cache")},
      {"distributiveIndependence", kForeign, "", "", harmless("--distributiveIndependence says what is always so")},
      {"decomposableAttentions", kForeign, "SPEC", "", harmless("--decomposableAttentions: attention always may be decomposed")},
      {"cpuOnly", kForeign, "", "", harmless("--cpuOnly: use --device=cpu")},
      {"allowGPUFallback", kForeign, "", "", harmless("--allowGPUFallback: there is no DLA to fall back from")},
      {"std", kForeign, "", "", harmless("--std says what is always so")},
      {"ignoreParsedPluginLibs", kForeign, "", "", harmless("--ignoreParsedPluginLibs: models name no libraries that are loaded")},
      {"includeDataTransfers", kForeign, "", "", harmless("--includeDataTransfers says what is so without --noDataTransfers")},
      {"noSpinWait", kForeign, "", "", harmless("--noSpinWait says what is so without --useSpinWait")},
      {"noCudaGraph", kForeign, "", "", harmless("--noCudaGraph says what is so without --useCudaGraph")},
      {"runtimePlatform", kForeign, "WORD", "",
       [](Options&,
          const std::string&
              value) { return std::string(value == "SameAsBuild" ? "" : "only plans for this platform are built: build there"); }},

      {"minShapesCalib", kForeign, "SPEC", "", refused("shapes for calibration are not taken; use --calib=FILE or quantize the model")},
      {"optShapesCalib", kForeign, "SPEC", "", refused("shapes for calibration are not taken; use --calib=FILE or quantize the model")},
      {"maxShapesCalib", kForeign, "SPEC", "", refused("shapes for calibration are not taken; use --calib=FILE or quantize the model")},
      {"calibProfile", kForeign, "N", "", refused("use --calib=FILE or quantize the model")},
      {"profile", kForeign, "N", "", refused("one profile is built; use --minShapes, --optShapes and --maxShapes")},
      {"dumpOptimizationProfile", kForeign, "", "", refused("use --verbose")},
      {"stripAllWeights", kForeign, "", "", refused("plans keep their weights in this version; leave the flag out")},
      {"weightless", kForeign, "", "", refused("plans keep their weights in this version; leave the flag out")},
      {"allowWeightStreaming", kForeign, "", "", refused(kNoStreaming)},
      {"weightStreamingBudget", kForeign, "N", "", refused(kNoStreaming)},
      {"useDLACore", kForeign, "N", "", refused(kNoDla)},
      {"layerDeviceTypes", kForeign, "SPEC", "", refused(kNoDla)},
      {"buildDLAStandalone", kForeign, "", "", refused(kNoDla)},
      {"uint8AsymmetricQuantizationDLA", kForeign, "", "", refused(kNoDla)},
      {"reportCapabilityDLA", kForeign, "", "", refused(kNoDla)},
      {"adjustForDLA", kForeign, "", "", refused(kNoDla)},
      {"safetyPlugins", kForeign, "FILE", "", refused(kNoSafetyPlugins)},
      {"safe", kForeign, "", "", refused("there is no safety scope; leave the flag out")},
      {"consistency", kForeign, "", "", refused("there is no safety scope; leave the flag out")},
      {"dumpKernelText", kForeign, "", "", refused("no kernels are compiled; use --dumpLayerInfo with --profilingVerbosity=detailed")},
      {"remoteAutoTuningConfig", kForeign, "SPEC", "", refused("tactics are measured on this machine; leave the flag out")},
      {"refitFromOnnx", kForeign, "FILE", "", refused("build anew with --onnx=FILE and --timingCacheFile")},
      {"timeRefit", kForeign, "", "", refused("engines are not refitted here; leave the flag out")},
      {"dumpRefit", kForeign, "", "", refused("use --dumpLayerInfo with --profilingVerbosity=detailed")},
      {"timeDeserialize", kForeign, "", "", refused("the time of loading is printed after --loadEngine=FILE --skipInference")},
      {"sleepTime", kForeign, "MS", "", refused("use --idleTime=MS")},
      {"dumpRawBindingsToFile", kForeign, "", "", refused("use --exportOutput=FILE")},
      {"getPlanVersionOnly", kForeign, "", "", refused("use --loadEngine=FILE --skipInference")},
      {"loadRefOutputs", kForeign, "SPEC", "", refused(kNoAccuracy)},
      {"refPair", kForeign, "SPEC", "", refused(kNoAccuracy)},
      {"accuracyAlgorithm", kForeign, "WORD", "", refused(kNoAccuracy)},
      {"accuracyThreshold", kForeign, "R", "", refused(kNoAccuracy)},
      {"atol", kForeign, "R", "", refused(kNoAccuracy)},
      {"rtol", kForeign, "R", "", refused(kNoAccuracy)},
      {"tuneBuildRoutes", kForeign, "SPEC", "", refused(kNoTuner)},
      {"tuneBuildRouteFile", kForeign, "FILE", "", refused(kNoTuner)},
      {"tuningSearch", kForeign, "WORD", "", refused(kNoTuner)},
      {"tuningCacheFile", kForeign, "FILE", "", refused(kNoTuner)},
      {"tuningResultFile", kForeign, "FILE", "", refused(kNoTuner)},
      {"tuningTimeOut", kForeign, "N", "", refused(kNoTuner)},
      {"saveAllEngines", kForeign, "DIR", "", refused(kNoTuner)},
      {"dryRun", kForeign, "", "", refused(kNoTuner)},
      {"continue", kForeign, "", "", refused(kNoTuner)},
      {"setBuildRoute", kForeign, "SPEC", "", refused(kNoTuner)},
      {"helpBuildRoute", kForeign, "", "", refused(kNoTuner)},
  };
  return table;
}

}  // namespace ingot::trtexec
