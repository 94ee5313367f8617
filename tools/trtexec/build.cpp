#include "build.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "NvOnnxParser.h"
#include "calibrator.h"
#include "files.h"
#include "log.h"
#include "old_formats.h"
#include "progress.h"

namespace ingot::trtexec {

using nvinfer1::BuilderFlag;
using nvinfer1::Dims;
using nvinfer1::IBuilderConfig;
using nvinfer1::IHostMemory;
using nvinfer1::ILayer;
using nvinfer1::INetworkDefinition;
using nvinfer1::ITensor;
using nvinfer1::OptProfileSelector;

namespace {

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "'" : ", '") + name + "'";
  return text;
}

bool dynamic(const Dims& dims) {
  return std::any_of(dims.d, dims.d + std::max(dims.nbDims, 0), [](int64_t extent) { return extent < 0; });
}

// ---- Shapes ----

// Each name is one of an input.
bool check_names(const INetworkDefinition& network, const char* flag, const Shapes& shapes) {
  bool good = true;
  std::vector<std::string> names;
  for (int32_t i = 0; i < network.getNbInputs(); ++i) names.emplace_back(network.getInput(i)->getName());
  for (const auto& [name, extents] : shapes) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    const std::string meant = nearest(name, names);
    good = fail(std::string(flag) + ": the model has no input '" + name + "'; its inputs are " + list_of(names) +
                (meant.empty() ? "" : "; did you mean '" + meant + "'?"));
  }
  return good;
}

// The extents agree with the input's in number and wherever those are fixed.
bool check_extents(const ITensor& input, const std::vector<int64_t>& extents) {
  const Dims dims = input.getDimensions();
  bool good = static_cast<int32_t>(extents.size()) == dims.nbDims;
  for (int32_t i = 0; good && i < dims.nbDims; ++i) good = extents[i] >= 0 && (dims.d[i] < 0 || dims.d[i] == extents[i]);
  return good || fail(std::string("The input '") + input.getName() + "' has the shape " + text_of(dims) + ", where -1 is any extent; " +
                      text_of(extents) + " does not fit it");
}

struct Range {
  std::vector<int64_t> min, opt, max;
};

// The range of an input from what was given of it; what was not given follows from the rest.
bool range_of(const Options& options, const std::string& name, Range& range) {
  const auto given = [&](const Shapes& shapes) {
    const auto found = shapes.find(name);
    return found == shapes.end() ? nullptr : &found->second;
  };
  const auto *min = given(options.min_shapes), *opt = given(options.opt_shapes), *max = given(options.max_shapes),
             *run = given(options.shapes);
  if (!min && !opt && !max) min = opt = max = run;
  if (!min && !opt && !max) return false;
  if (!opt) opt = max ? max : min;
  range = {min ? *min : *opt, *opt, max ? *max : *opt};
  return true;
}

bool set_values(nvinfer1::IOptimizationProfile& profile, const ITensor& input, const Range& range) {
  const auto set = [&](OptProfileSelector select, const std::vector<int64_t>& values) {
    return profile.setShapeValuesV2(input.getName(), select, values.data(), static_cast<int32_t>(values.size()));
  };
  return (set(OptProfileSelector::kMIN, range.min) && set(OptProfileSelector::kOPT, range.opt) &&
          set(OptProfileSelector::kMAX, range.max)) ||
         fail(std::string("The values given for the input '") + input.getName() + "' do not fit it");
}

// Makes a profile where it is needed; `best_shapes` become the ones to be fast at.
bool set_shapes(const Options& options, nvinfer1::IBuilder& builder, const INetworkDefinition& network, IBuilderConfig& config,
                Shapes& best_shapes) {
  if (!check_names(network, "--shapes", options.shapes) || !check_names(network, "--minShapes", options.min_shapes) ||
      !check_names(network, "--optShapes", options.opt_shapes) || !check_names(network, "--maxShapes", options.max_shapes))
    return false;
  nvinfer1::IOptimizationProfile* profile = builder.createOptimizationProfile();
  if (!profile) return false;
  bool needed = false;
  for (int32_t i = 0; i < network.getNbInputs(); ++i) {
    const ITensor& input = *network.getInput(i);
    const Dims dims = input.getDimensions();
    Range range;
    const bool given = range_of(options, input.getName(), range);
    if (input.isShapeTensor() && given && dims.nbDims <= 1 && !dynamic(dims)) {
      if (!set_values(*profile, input, range)) return false;
      needed = true;
      continue;
    }
    if (!given) {
      if (!dynamic(dims)) continue;
      for (int32_t d = 0; d < dims.nbDims; ++d) range.opt.push_back(dims.d[d] < 0 ? 1 : dims.d[d]);
      range.min = range.max = range.opt;
      warn(std::string("Dynamic dimensions required for input: ") + input.getName() +
           ", but no shapes were provided. Automatically overriding shape to: " + text_of(range.opt));
    }
    for (const auto* extents : {&range.min, &range.opt, &range.max}) {
      if (!check_extents(input, *extents)) return false;
    }
    best_shapes[input.getName()] = range.opt;
    if (!dynamic(dims)) continue;
    const auto set = [&](OptProfileSelector select, const std::vector<int64_t>& extents) {
      Dims shape{};
      shape.nbDims = static_cast<int32_t>(extents.size());
      std::copy(extents.begin(), extents.end(), shape.d);
      return profile->setDimensions(input.getName(), select, shape);
    };
    needed = true;
    if (!set(OptProfileSelector::kMIN, range.min) || !set(OptProfileSelector::kOPT, range.opt) ||
        !set(OptProfileSelector::kMAX, range.max) || !profile->isValid())
      return fail(std::string("The shapes of the input '") + input.getName() + "' are not in order: min " + text_of(range.min) + ", opt " +
                  text_of(range.opt) + ", max " + text_of(range.max));
  }
  return !needed || config.addOptimizationProfile(profile) >= 0 || fail("The shapes make no valid optimization profile");
}

// ---- Types ----

// The format for tensor `index` of `count`, one for all or one for each.
const IoFormat& format_of(const std::vector<IoFormat>& formats, int32_t index) {
  return formats[formats.size() == 1 ? 0 : static_cast<size_t>(index)];
}

bool check_count(const char* flag, const std::vector<IoFormat>& formats, int32_t count) {
  return formats.size() <= 1 || static_cast<int32_t>(formats.size()) == count ||
         fail(std::string(flag) + " gives " + std::to_string(formats.size()) + " formats for " + std::to_string(count) +
              " tensors; give one for all or one for each");
}

// Layers before `layer_count` that read `tensor` read `instead`.
void rewire(INetworkDefinition& network, int32_t layer_count, const ITensor& tensor, ITensor& instead) {
  for (int32_t k = 0; k < layer_count; ++k) {
    ILayer& layer = *network.getLayer(k);
    for (int32_t n = 0; n < layer.getNbInputs(); ++n) {
      if (layer.getInput(n) == &tensor) layer.setInput(n, instead);
    }
  }
}

// An input of another type is cast to the type that its layers were made for.
bool set_input_formats(const std::vector<IoFormat>& formats, INetworkDefinition& network) {
  if (!check_count("--inputIOFormats", formats, network.getNbInputs())) return false;
  for (int32_t i = 0; !formats.empty() && i < network.getNbInputs(); ++i) {
    ITensor* input = network.getInput(i);
    const IoFormat& format = format_of(formats, i);
    input->setAllowedFormats(format.formats);
    const nvinfer1::DataType own = input->getType();
    if (format.type == own) continue;
    const int32_t layers = network.getNbLayers();
    input->setType(format.type);
    nvinfer1::ICastLayer* cast = network.addCast(*input, own);
    if (!cast)
      return fail(std::string("--inputIOFormats: the input '") + input->getName() + "' cannot be cast from " + text_of(format.type) +
                  " to " + text_of(own));
    rewire(network, layers, *input, *cast->getOutput(0));
  }
  return true;
}

// Marks the tensor in the place of the output `old`, under its name.
void replace_output(INetworkDefinition& network, ITensor& old, ITensor& tensor) {
  std::vector<ITensor*> outputs;
  for (int32_t i = 0; i < network.getNbOutputs(); ++i) outputs.push_back(network.getOutput(i));
  const std::string name = old.getName();
  for (ITensor* output : outputs) network.unmarkOutput(*output);
  old.setName((name + "_before_cast").c_str());
  tensor.setName(name.c_str());
  for (ITensor* output : outputs) network.markOutput(output == &old ? tensor : *output);
}

bool is_output(const INetworkDefinition& network, const ITensor& tensor) {
  for (int32_t i = 0; i < network.getNbOutputs(); ++i) {
    if (network.getOutput(i) == &tensor) return true;
  }
  return false;
}

// An output of another type is cast, and the cast's result takes its name and place.
bool set_output_formats(const std::vector<IoFormat>& formats, INetworkDefinition& network) {
  const int32_t count = network.getNbOutputs();
  if (!check_count("--outputIOFormats", formats, count)) return false;
  for (int32_t i = 0; !formats.empty() && i < count; ++i) {
    ITensor* output = network.getOutput(i);
    const IoFormat& format = format_of(formats, i);
    if (format.type != output->getType()) {
      nvinfer1::ICastLayer* cast = network.addCast(*output, format.type);
      if (!cast)
        return fail(std::string("--outputIOFormats: the output '") + output->getName() + "' cannot be cast from " +
                    text_of(output->getType()) + " to " + text_of(format.type));
      replace_output(network, *output, *cast->getOutput(0));
      output = cast->getOutput(0);
    }
    output->setAllowedFormats(format.formats);
  }
  return true;
}

// The layer's output is kept in the type: it is cast, and cast back for the layers that read it. An output of the network stays cast.
bool keep_output_in(ILayer& layer, int32_t index, nvinfer1::DataType type, INetworkDefinition& network) {
  ITensor& tensor = *layer.getOutput(index);
  const nvinfer1::DataType own = tensor.getType();
  if (own == type) return layer.setOutputType(index, type), true;
  const int32_t layers = network.getNbLayers();
  nvinfer1::ICastLayer* cast = network.addCast(tensor, type);
  nvinfer1::ICastLayer* back = cast ? network.addCast(*cast->getOutput(0), own) : nullptr;
  if (!back)
    return fail(std::string("--layerOutputTypes: the output of the layer '") + layer.getName() + "' cannot be cast from " + text_of(own) +
                " to " + text_of(type));
  rewire(network, layers, tensor, *back->getOutput(0));
  if (is_output(network, tensor)) replace_output(network, tensor, *cast->getOutput(0));
  return true;
}

bool set_layer_types(const Options& options, INetworkDefinition& network) {
  if (options.precision_constraints == PrecisionConstraints::kNone) return true;
  std::vector<std::string> names;
  for (int32_t i = 0; i < network.getNbLayers(); ++i) names.emplace_back(network.getLayer(i)->getName());
  const auto each = [&](const char* flag, const std::string& pattern, const auto& apply) {
    bool found = false;
    for (int32_t i = 0; i < static_cast<int32_t>(names.size()); ++i) {  // those that were there at first
      if (!matches(pattern, names[static_cast<size_t>(i)])) continue;
      found = true;
      if (!apply(*network.getLayer(i))) return false;
    }
    if (found) return true;
    const std::string meant = nearest(pattern, names);
    return fail(std::string(flag) + ": no layer is named '" + pattern + "'" + (meant.empty() ? "" : "; did you mean '" + meant + "'?") +
                " (--verbose lists the layers)");
  };
  for (const auto& [pattern, type] : options.layer_precisions) {
    if (!each("--layerPrecisions", pattern, [type = type](ILayer& layer) { return layer.setPrecision(type), true; })) return false;
  }
  for (const auto& [pattern, types] : options.layer_output_types) {
    const bool set = each("--layerOutputTypes", pattern, [&types = types, &network](ILayer& layer) {
      const int32_t count = layer.getNbOutputs();
      if (types.size() != 1 && static_cast<int32_t>(types.size()) != count)
        return fail(std::string("--layerOutputTypes: the layer '") + layer.getName() + "' has " + std::to_string(count) + " outputs; got " +
                    std::to_string(types.size()) + " types");
      for (int32_t i = 0; i < count; ++i) {
        if (!keep_output_in(layer, i, types[types.size() == 1 ? 0 : static_cast<size_t>(i)], network)) return false;
      }
      return true;
    });
    if (!set) return false;
  }
  return true;
}

bool mark_debug_tensors(const Options& options, INetworkDefinition& network) {
  std::map<std::string, nvinfer1::ITensor*> tensors;
  for (int32_t i = 0; i < network.getNbInputs(); ++i) tensors[network.getInput(i)->getName()] = network.getInput(i);
  for (int32_t i = 0; i < network.getNbLayers(); ++i) {
    ILayer& layer = *network.getLayer(i);
    for (int32_t k = 0; k < layer.getNbOutputs(); ++k) tensors[layer.getOutput(k)->getName()] = layer.getOutput(k);
  }
  for (const std::string& name : options.debug_tensors) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      std::vector<std::string> names;
      for (const auto& [known, tensor] : tensors) names.push_back(known);
      const std::string meant = nearest(name, names);
      return fail("--markDebug: no tensor is named '" + name + "'" + (meant.empty() ? "" : "; did you mean '" + meant + "'?"));
    }
    if (!network.markDebug(*found->second)) return fail("--markDebug: the tensor '" + name + "' cannot be marked");
  }
  return !options.debug_unfused || network.markUnfusedTensorsAsDebugTensors() || fail("--markUnfusedTensorsAsDebugTensors is refused");
}

bool has_quantization(const INetworkDefinition& network) {
  for (int32_t i = 0; i < network.getNbLayers(); ++i) {
    const auto type = network.getLayer(i)->getType();
    if (type == nvinfer1::LayerType::kQUANTIZE || type == nvinfer1::LayerType::kDEQUANTIZE) return true;
  }
  return false;
}

void set_flags(const Options& options, IBuilderConfig& config) {
  const auto set = [&](bool wanted, BuilderFlag flag) {
    if (wanted) config.setFlag(flag);
  };
  set(options.fp16 || options.best, BuilderFlag::kFP16);
  set(options.bf16 || options.best, BuilderFlag::kBF16);
  set(options.wants_int8(), BuilderFlag::kINT8);
  set(options.fp8, BuilderFlag::kFP8);
  set(options.int4, BuilderFlag::kINT4);
  set(options.refit, BuilderFlag::kREFIT);
  set(options.sparsity, BuilderFlag::kSPARSE_WEIGHTS);
  set(options.direct_io, BuilderFlag::kDIRECT_IO);
  set(options.strip_weights, BuilderFlag::kSTRIP_PLAN);
  set(options.version_compatible, BuilderFlag::kVERSION_COMPATIBLE);
  set(options.no_timing_cache, BuilderFlag::kDISABLE_TIMING_CACHE);
  set(options.error_on_cache_miss, BuilderFlag::kERROR_ON_TIMING_CACHE_MISS);
  set(options.precision_constraints == PrecisionConstraints::kObey, BuilderFlag::kOBEY_PRECISION_CONSTRAINTS);
  set(options.precision_constraints == PrecisionConstraints::kPrefer, BuilderFlag::kPREFER_PRECISION_CONSTRAINTS);
  if (options.no_tf32) config.clearFlag(BuilderFlag::kTF32);
  for (const auto& [pool, bytes] : options.pools) config.setMemoryPoolLimit(pool, static_cast<size_t>(bytes));
  if (options.optimization_level >= 0) config.setBuilderOptimizationLevel(static_cast<int32_t>(options.optimization_level));
  if (options.aux_streams >= 0) config.setMaxAuxStreams(static_cast<int32_t>(options.aux_streams));
  if (options.most_tactics >= 0) config.setMaxNbTactics(static_cast<int32_t>(options.most_tactics));
  config.setAvgTimingIterations(static_cast<int32_t>(options.average_timing));
  config.setProfilingVerbosity(options.profiling_verbosity);
}

// ---- Timing cache ----

bool load_timing_cache(const std::string& path, IBuilderConfig& config, std::unique_ptr<nvinfer1::ITimingCache>& cache) {
  std::string bytes;
  if (file_exists(path) && !read_file(path, bytes)) return false;
  cache.reset(config.createTimingCache(bytes.data(), bytes.size()));
  if (!cache) {
    warn("The timing cache '" + path + "' cannot be used; it is replaced by a new one");
    cache.reset(config.createTimingCache(nullptr, 0));
    bytes.clear();
  }
  if (!cache) return fail("A timing cache cannot be created");
  if (!config.setTimingCache(*cache, false)) {
    warn("The timing cache '" + path + "' is of another machine or version; it is replaced by a new one");
    cache.reset(config.createTimingCache(nullptr, 0));
    if (!cache || !config.setTimingCache(*cache, false)) return fail("A timing cache cannot be created");
    bytes.clear();
  }
  if (!bytes.empty()) info("Loaded " + std::to_string(bytes.size()) + " bytes of timing cache from " + path);
  return true;
}

bool save_timing_cache(const std::string& path, const nvinfer1::ITimingCache& cache) {
  const std::unique_ptr<IHostMemory> bytes(cache.serialize());
  if (!bytes) return fail("The timing cache cannot be written");
  if (!write_file(path, bytes->data(), bytes->size())) return false;
  info("Saved " + std::to_string(bytes->size()) + " bytes of timing cache to " + path);
  return true;
}

// ---- Building ----

bool parse_model(const Options& options, nvonnxparser::IParser& parser, const INetworkDefinition& network, Progress& progress) {
  std::string start;
  if (!read_file(options.onnx, start)) return false;
  if (start.empty()) return fail("'" + options.onnx + "' is empty; an ONNX model is expected");
  start.clear();
  info("Start parsing network model.");
  const Stopwatch watch;
  progress.phaseStart("import", nullptr, 1);
  const auto severity = options.verbose ? Severity::kVERBOSE : Severity::kINFO;
  const bool parsed = parser.parseFromFile(options.onnx.c_str(), static_cast<int>(severity));
  progress.phaseFinish("import");
  if (!parsed) {
    for (int i = 0; i < parser.getNbErrors(); ++i) (void)fail(parser.getError(i)->desc());
    return fail("Failed to parse onnx file");
  }
  info("Finished parsing network model. Parse time: " + text_of(watch.seconds()));
  for (int32_t i = 0; i < network.getNbInputs(); ++i) {
    const ITensor& input = *network.getInput(i);
    verbose(std::string("Input ") + input.getName() + ": " + text_of(input.getDimensions()) + " " + text_of(input.getType()));
  }
  for (int32_t i = 0; i < network.getNbLayers(); ++i) verbose(std::string("Layer ") + network.getLayer(i)->getName());
  return true;
}

bool build_plan(const Options& options, std::unique_ptr<IHostMemory>& plan) {
  if (options.verify) setenv("INGOT_VERIFY", "1", 1);
  Progress progress;
  const std::unique_ptr<nvinfer1::IBuilder> builder(nvinfer1::createInferBuilder(library_logger()));
  if (!builder) return fail("The library cannot start");
  using Creation = nvinfer1::NetworkDefinitionCreationFlag;
  const uint32_t flags = (1u << static_cast<int>(Creation::kEXPLICIT_BATCH)) |
                         (options.strongly_typed ? 1u << static_cast<int>(Creation::kSTRONGLY_TYPED) : 0);
  const std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(flags));
  const std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  if (!network || !config) return fail("A network cannot be created");
  std::unique_ptr<nvonnxparser::IParser> parser;
  const OldParser old_parser(options);
  if (!options.onnx.empty()) {
    parser.reset(nvonnxparser::createParser(*network, library_logger()));
    if (!parser) return fail("The ONNX parser cannot start");
    if (options.plugin_override) parser->setFlag(nvonnxparser::OnnxParserFlag::kENABLE_PLUGIN_OVERRIDE);
    if (!parse_model(options, *parser, *network, progress)) return false;
  } else if (!old_parser.parse(*network)) {
    return false;
  }

  set_flags(options, *config);
  std::vector<char const*> kept;
  for (const std::string& file : options.plugins_to_serialize) kept.push_back(file.c_str());
  if (!kept.empty()) config->setPluginsToSerialize(kept.data(), static_cast<int32_t>(kept.size()));
  Shapes best_shapes;
  if (!mark_debug_tensors(options, *network) || !set_layer_types(options, *network) ||
      !set_input_formats(options.input_formats, *network) || !set_output_formats(options.output_formats, *network) ||
      !set_shapes(options, *builder, *network, *config, best_shapes))
    return false;
  Calibrator calibrator;
  if (options.wants_int8() && (!options.calib.empty() || !has_quantization(*network))) {
    if (!calibrator.prepare(options, *network, best_shapes)) return false;
    config->setInt8Calibrator(&calibrator);
  }
  std::unique_ptr<nvinfer1::ITimingCache> cache;
  if (!options.timing_cache.empty() && !options.no_timing_cache && !load_timing_cache(options.timing_cache, *config, cache)) return false;
  config->setProgressMonitor(&progress);

  const Stopwatch watch;
  plan.reset(builder->buildSerializedNetwork(*network, *config));
  if (!plan) return fail("Engine could not be created from network");
  info("Engine built in " + text_of(watch.seconds()) + " sec.");
  info("Created engine with size: " + mebibytes(static_cast<double>(plan->size())));
  return !cache || save_timing_cache(options.timing_cache, *cache);
}

}  // namespace

bool make_engine(const Options& options, LoadedEngine& loaded) {
  for (const std::string& file : options.plugins) {
    info("Loading plugin library: " + file);
    if (!getPluginRegistry()->loadLibrary(file.c_str())) return fail("'" + file + "' cannot be loaded as a library of plugins");
  }
  std::unique_ptr<IHostMemory> plan;
  FileView file;
  if (!options.model().empty()) {
    if (!build_plan(options, plan)) return false;
    if (!options.save_engine.empty() && !write_file(options.save_engine, plan->data(), plan->size())) return false;
    if (options.skip_inference && !options.dump_layers && options.export_layers.empty()) return true;
  } else {
    if (!file.open(options.load_engine)) return false;
    info("Engine loaded in bytes: " + std::to_string(file.size()));
  }
  loaded.runtime.reset(nvinfer1::createInferRuntime(library_logger()));
  if (!loaded.runtime) return fail("The library cannot start");
  // Whoever names libraries for the plan wants them with it.
  if (!options.plugins_to_serialize.empty()) loaded.runtime->setEngineHostCodeAllowed(true);
  const Stopwatch watch;
  loaded.engine.reset(plan ? loaded.runtime->deserializeCudaEngine(plan->data(), plan->size())
                           : loaded.runtime->deserializeCudaEngine(file.data(), file.size()));
  if (!loaded.engine)
    return fail(plan ? "The plan that was built cannot be loaded"
                     : "'" + options.load_engine + "' cannot be loaded; it has to be a plan that --saveEngine wrote");
  info("Engine deserialized in " + text_of(watch.seconds()) + " sec.");
  if (plan || options.save_engine.empty()) return true;
  const std::unique_ptr<IHostMemory> again(loaded.engine->serialize());
  return (again || fail("The engine cannot be written")) && write_file(options.save_engine, again->data(), again->size());
}

}  // namespace ingot::trtexec
