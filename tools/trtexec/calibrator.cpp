#include "calibrator.h"

#include <algorithm>
#include <functional>
#include <set>

#include "files.h"
#include "flags.h"
#include "log.h"

namespace ingot::trtexec {

bool Calibrator::prepare(const Options& options, const nvinfer1::INetworkDefinition& network, const Shapes& best_shapes) {
  if (!options.calib.empty()) {
    return read_file(options.calib, cache_) && check_cache(options.calib, network);
  }
  warn("int8 is allowed, but the model has no quantize layers and there is no --calib=FILE: ranges are taken from one run on " +
       std::string(options.inputs.empty() ? "random values" : "the values of --loadInputs") +
       ". That tells the speed of int8; for good answers quantize the model, or give a calibration cache made of real data.");
  for (int32_t i = 0; i < network.getNbInputs(); ++i) {
    if (!fill(options, *network.getInput(i), best_shapes)) return false;
  }
  return true;
}

// The cache is a line of its maker, then "tensor: scale" lines; the library reads the scales.
bool Calibrator::check_cache(const std::string& path, const nvinfer1::INetworkDefinition& network) const {
  std::set<std::string> known;
  for (int32_t i = 0; i < network.getNbInputs(); ++i) known.insert(network.getInput(i)->getName());
  for (int32_t i = 0; i < network.getNbLayers(); ++i) {
    const nvinfer1::ILayer& layer = *network.getLayer(i);
    for (int32_t k = 0; k < layer.getNbOutputs(); ++k) known.insert(layer.getOutput(k)->getName());
  }
  size_t count = 0, found = 0;
  for (const std::string& line : split(cache_, '\n')) {
    const size_t colon = line.rfind(": ");
    if (colon == std::string::npos) continue;
    ++count;
    found += known.count(line.substr(0, colon));
  }
  const std::string told =
      "The calibration cache '" + path + "' has " + std::to_string(count) + " tensors, " + std::to_string(found) + " of them in the model";
  if (found == 0) return fail(told + "; give one that was made of this model");
  info(told);
  return true;
}

bool Calibrator::fill(const Options& options, const nvinfer1::ITensor& input, const Shapes& best_shapes) {
  const std::string name = input.getName();
  Layout layout{input.getDimensions(), input.getType(), nvinfer1::TensorFormat::kLINEAR};
  const auto shape = best_shapes.find(name);
  for (int32_t d = 0; d < layout.dims.nbDims; ++d) {
    if (shape != best_shapes.end() && static_cast<size_t>(d) < shape->second.size())
      layout.dims.d[d] = shape->second[static_cast<size_t>(d)];
  }
  const int64_t bytes = std::max<int64_t>(layout.bytes(), 0);
  std::string values;
  const auto file = options.inputs.find(name);
  if (file != options.inputs.end() && !read_file(file->second, values)) return false;
  if (static_cast<int64_t>(values.size()) != bytes) {
    if (!values.empty())
      warn("'" + file->second + "' does not fit the best shape of '" + name + "'; its range is taken from random values");
    values.resize(static_cast<size_t>(bytes));
    fill_random(values.data(), bytes, layout.type, std::hash<std::string>()(name));
  }
  auto buffer = std::make_unique<Buffer>(true);
  if (!buffer->reserve(values.size()) ||
      !succeeded(cudaMemcpy(buffer->data(), values.data(), values.size(), cudaMemcpyHostToDevice), "cudaMemcpy"))
    return false;
  batch_[name] = std::move(buffer);
  return true;
}

bool Calibrator::getBatch(void* bindings[], char const* names[], int32_t count) {
  if (batch_.empty() || given_) return false;
  for (int32_t i = 0; i < count; ++i) {
    const auto found = batch_.find(names[i]);
    if (found == batch_.end()) return false;
    bindings[i] = found->second->data();
  }
  given_ = true;
  return true;
}

void const* Calibrator::readCalibrationCache(std::size_t& length) {
  length = cache_.size();
  return cache_.empty() ? nullptr : cache_.data();
}

}  // namespace ingot::trtexec
