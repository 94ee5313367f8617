// How libnvparsers reaches the Caffe reader inside libnvinfer. Nothing here carries Dims, whose type differs between generations, so the
// adapters of all generations share it.
#pragma once

#include "NvCaffeParser.h"

namespace ingot::api {

// What a .binaryproto file holds.
struct CaffeBlobContent {
  const void* data = nullptr;  // lives until release()
  int64_t dims[4] = {};
  nvinfer1::DataType type = nvinfer1::DataType::kFLOAT;
  void* keeper = nullptr;
};

class CaffeReader {
 public:
  virtual ~CaffeReader() = default;
  virtual const nvcaffeparser1::IBlobNameToTensor* parse(const char* deploy, const char* model, nvinfer1::INetworkDefinition& network,
                                                         nvinfer1::DataType type) noexcept = 0;
  virtual const nvcaffeparser1::IBlobNameToTensor* parse_buffers(const void* deploy, size_t deploy_size, const void* model,
                                                                 size_t model_size, nvinfer1::INetworkDefinition& network,
                                                                 nvinfer1::DataType type) noexcept = 0;
  // False where the file cannot be read, which is reported.
  virtual bool read_blob(const char* file, CaffeBlobContent* content) noexcept = 0;
  virtual void release(CaffeBlobContent* content) noexcept = 0;
  virtual void set_message_limit(size_t bytes) noexcept = 0;
  virtual void set_factory(nvcaffeparser1::IPluginFactoryV2* factory) noexcept = 0;
  virtual void set_factory(nvcaffeparser1::IPluginFactory* factory) noexcept = 0;
  virtual void set_factory(nvcaffeparser1::IPluginFactoryExt* factory) noexcept = 0;
  virtual void set_namespace(const char* name) noexcept = 0;
  virtual void set_recorder(nvinfer1::IErrorRecorder* recorder) noexcept = 0;
  virtual nvinfer1::IErrorRecorder* recorder() const noexcept = 0;
};

}  // namespace ingot::api

// Null where memory ran out.
extern "C" __attribute__((visibility("default"))) ingot::api::CaffeReader* ingotMakeCaffeReader() noexcept;
