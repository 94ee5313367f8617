// How libnvparsers reaches the UFF reader inside libnvinfer. Dims come as plain numbers, since their type differs between generations.
#pragma once

#include "NvUffParser.h"

namespace ingot::api {

class UffReader {
 public:
  virtual ~UffReader() = default;
  virtual bool register_input(const char* name, const int64_t* dims, int32_t rank, nvuffparser::UffInputOrder order) noexcept = 0;
  virtual bool register_output(const char* name) noexcept = 0;
  virtual bool parse(const char* file, nvinfer1::INetworkDefinition& network, nvinfer1::DataType type) noexcept = 0;
  virtual bool parse_buffer(const void* bytes, size_t size, nvinfer1::INetworkDefinition& network, nvinfer1::DataType type) noexcept = 0;
  virtual void set_namespace(const char* name) noexcept = 0;
  virtual void set_factory(nvuffparser::IPluginFactory* factory) noexcept = 0;
  virtual void set_factory(nvuffparser::IPluginFactoryExt* factory) noexcept = 0;
  virtual void set_recorder(nvinfer1::IErrorRecorder* recorder) noexcept = 0;
  virtual nvinfer1::IErrorRecorder* recorder() const noexcept = 0;
};

}  // namespace ingot::api

// Null where memory ran out.
extern "C" __attribute__((visibility("default"))) ingot::api::UffReader* ingotMakeUffReader() noexcept;
