// An IPluginV2 of generation 5 that clips to two numbers, with a creator that registers itself; `alive` counts its objects.
#pragma once

#include <cuda_runtime_api.h>

#include <cstring>
#include <string>

#include "NvInfer.h"
#include "check.h"

namespace {

using namespace nvinfer1;

int alive = 0;

// y = min(max(x, low), high)
class Clip : public IPluginV2 {
 public:
  Clip(float low, float high) : low_(low), high_(high) { ++alive; }
  Clip(void const* data, std::size_t length) : Clip(0.0f, 0.0f) {
    CHECK(length == 3 * sizeof(float));
    std::memcpy(&low_, data, sizeof low_);
    std::memcpy(&high_, static_cast<char const*>(data) + 4, sizeof high_);
    std::memcpy(&count_, static_cast<char const*>(data) + 8, sizeof count_);
  }
  ~Clip() override { --alive; }
  int getNbOutputs() const override { return 1; }
  Dims getOutputDimensions(int, Dims const* inputs, int) override { return inputs[0]; }
  bool supportsFormat(DataType type, PluginFormat format) const override {
    return type == DataType::kFLOAT && format == PluginFormat::kNCHW;
  }
  void configureWithFormat(Dims const* inputs, int, Dims const*, int, DataType, PluginFormat, int maxBatchSize) override {
    CHECK(maxBatchSize == 2);
    count_ = 1;
    for (int d = 0; d < inputs[0].nbDims; ++d) count_ *= inputs[0].d[d];
  }
  int initialize() override { return 0; }
  void terminate() override {}
  std::size_t getWorkspaceSize(int) const override { return 0; }
  int enqueue(int batchSize, void const* const* inputs, void** outputs, void*, cudaStream_t) override {
    for (int i = 0; i < batchSize * count_; ++i) {
      float const x = static_cast<float const*>(inputs[0])[i];
      static_cast<float*>(outputs[0])[i] = x < low_ ? low_ : x > high_ ? high_ : x;
    }
    return 0;
  }
  std::size_t getSerializationSize() const override { return 3 * sizeof(float); }
  void serialize(void* buffer) const override {
    std::memcpy(buffer, &low_, 4);
    std::memcpy(static_cast<char*>(buffer) + 4, &high_, 4);
    std::memcpy(static_cast<char*>(buffer) + 8, &count_, 4);
  }
  char const* getPluginType() const override { return "ProgramClip"; }
  char const* getPluginVersion() const override { return "1"; }
  void destroy() override { delete this; }
  IPluginV2* clone() const override {
    Clip* copy = new Clip(low_, high_);
    copy->count_ = count_;
    return copy;
  }
  void setPluginNamespace(char const* space) override { space_ = space; }
  char const* getPluginNamespace() const override { return space_.c_str(); }

 private:
  float low_, high_;
  int count_ = 0;
  std::string space_;
};

class ClipCreator : public IPluginCreator {
 public:
  ClipCreator() {
    parameters_[0] = PluginField("low", nullptr, PluginFieldType::kFLOAT32, 1);
    parameters_[1] = PluginField("high", nullptr, PluginFieldType::kFLOAT32, 1);
    names_.nbFields = 2;
    names_.fields = parameters_;
  }
  char const* getPluginName() const override { return "ProgramClip"; }
  char const* getPluginVersion() const override { return "1"; }
  PluginFieldCollection const* getFieldNames() override { return &names_; }
  IPluginV2* createPlugin(char const*, PluginFieldCollection const* fc) override {
    float low = 0, high = 0;
    for (int i = 0; i < fc->nbFields; ++i) {
      if (!std::strcmp(fc->fields[i].name, "low")) low = *static_cast<float const*>(fc->fields[i].data);
      if (!std::strcmp(fc->fields[i].name, "high")) high = *static_cast<float const*>(fc->fields[i].data);
    }
    return new Clip(low, high);
  }
  IPluginV2* deserializePlugin(char const*, void const* data, std::size_t length) override { return new Clip(data, length); }
  void setPluginNamespace(char const* space) override { space_ = space; }
  char const* getPluginNamespace() const override { return space_.c_str(); }

 private:
  PluginField parameters_[2];
  PluginFieldCollection names_;
  std::string space_;
};
REGISTER_TENSORRT_PLUGIN(ClipCreator);

}  // namespace
