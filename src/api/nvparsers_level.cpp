// The parsers as programs of generation INGOT_API see them, with its Dims; the readers behind them have none.
#include <memory>
#include <new>

#include "api/caffe_parser.h"
#include "api/nvparsers.h"
#include "api/uff_parser.h"

#define INGOT_LEVEL_NAME_(name, level) name##level
#define INGOT_LEVEL_NAME(name, level) INGOT_LEVEL_NAME_(name, level)

namespace ingot::api {
namespace {

using namespace nvcaffeparser1;
using nvinfer1::DataType;
using nvinfer1::INetworkDefinition;
#if NV_TENSORRT_MAJOR >= 8
using BlobDims = nvinfer1::Dims4;
#else
using BlobDims = nvinfer1::DimsNCHW;
#endif

class BinaryProtoBlob final : public IBinaryProtoBlob {
 public:
  BinaryProtoBlob(std::shared_ptr<CaffeReader> reader, const CaffeBlobContent& content) : reader_(std::move(reader)), content_(content) {}
  ~BinaryProtoBlob() override { reader_->release(&content_); }
  void const* getData() override { return content_.data; }
  BlobDims getDimensions() override {
    const auto dim = [&](int i) { return static_cast<nvinfer1::impl::Extent>(content_.dims[i]); };
    return BlobDims(dim(0), dim(1), dim(2), dim(3));
  }
  DataType getDataType() override { return content_.type; }

 private:
  std::shared_ptr<CaffeReader> reader_;
  CaffeBlobContent content_;
};

class CaffeParser final : public ICaffeParser {
 public:
  explicit CaffeParser(std::shared_ptr<CaffeReader> reader) : reader_(std::move(reader)) {}

  IBlobNameToTensor const* parse(char const* deploy, char const* model, INetworkDefinition& network, DataType type) override {
    return reader_->parse(deploy, model, network, type);
  }
  IBlobNameToTensor const* parseBuffers(uint8_t const* deploy, std::size_t deploy_size, uint8_t const* model, std::size_t model_size,
                                        INetworkDefinition& network, DataType type) override {
    return reader_->parse_buffers(deploy, deploy_size, model, model_size, network, type);
  }
  IBlobNameToTensor const* parseBuffers(char const* deploy, std::size_t deploy_size, char const* model, std::size_t model_size,
                                        INetworkDefinition& network, DataType type) override {
    return reader_->parse_buffers(deploy, deploy_size, model, model_size, network, type);
  }
  IBinaryProtoBlob* parseBinaryProto(char const* file) override {
    CaffeBlobContent content;
    if (!reader_->read_blob(file, &content)) return nullptr;
    auto* blob = new (std::nothrow) BinaryProtoBlob(reader_, content);
    if (!blob) reader_->release(&content);
    return blob;
  }
  void setProtobufBufferSize(std::size_t size) override { reader_->set_message_limit(size); }
  void setPluginFactoryV2(IPluginFactoryV2* factory) override { reader_->set_factory(factory); }
  void setPluginFactory(IPluginFactory* factory) override { reader_->set_factory(factory); }
  void setPluginFactoryExt(IPluginFactoryExt* factory) override { reader_->set_factory(factory); }
  void setPluginNamespace(char const* name) override { reader_->set_namespace(name); }
  void setErrorRecorder(nvinfer1::IErrorRecorder* recorder) override { reader_->set_recorder(recorder); }
  nvinfer1::IErrorRecorder* getErrorRecorder() const override { return reader_->recorder(); }

 private:
  std::shared_ptr<CaffeReader> reader_;
};

class UffParser final : public nvuffparser::IUffParser {
 public:
  explicit UffParser(std::unique_ptr<UffReader> reader) : reader_(std::move(reader)) {}

  bool registerInput(char const* name, nvinfer1::Dims dims, nvuffparser::UffInputOrder order) override {
    const nvinfer1::Dims64 wide = nvinfer1::impl::widen(dims);
    return reader_->register_input(name, wide.d, wide.nbDims, order);
  }
  bool registerOutput(char const* name) override { return reader_->register_output(name); }
  bool parse(char const* file, INetworkDefinition& network, DataType type) override { return reader_->parse(file, network, type); }
  bool parseBuffer(char const* buffer, std::size_t size, INetworkDefinition& network, DataType type) override {
    return reader_->parse_buffer(buffer, size, network, type);
  }
  int32_t getUffRequiredVersionMajor() override { return UFF_REQUIRED_VERSION_MAJOR; }
  int32_t getUffRequiredVersionMinor() override { return UFF_REQUIRED_VERSION_MINOR; }
  int32_t getUffRequiredVersionPatch() override { return UFF_REQUIRED_VERSION_PATCH; }
  void setPluginNamespace(char const* name) override { reader_->set_namespace(name); }
  void setPluginFactory(nvuffparser::IPluginFactory* factory) override { reader_->set_factory(factory); }
  void setPluginFactoryExt(nvuffparser::IPluginFactoryExt* factory) override { reader_->set_factory(factory); }
  void setErrorRecorder(nvinfer1::IErrorRecorder* recorder) override { reader_->set_recorder(recorder); }
  nvinfer1::IErrorRecorder* getErrorRecorder() const override { return reader_->recorder(); }

 private:
  std::unique_ptr<UffReader> reader_;
};

}  // namespace

void* INGOT_LEVEL_NAME(make_uff_parser_, INGOT_LEVEL)() noexcept {
  std::unique_ptr<UffReader> reader(ingotMakeUffReader());
  if (!reader) return nullptr;
  nvuffparser::IUffParser* parser = new (std::nothrow) UffParser(std::move(reader));
  return parser;
}

void* INGOT_LEVEL_NAME(make_caffe_parser_, INGOT_LEVEL)() noexcept {
  try {
    std::shared_ptr<CaffeReader> reader(ingotMakeCaffeReader());
    if (!reader) return nullptr;
    ICaffeParser* parser = new CaffeParser(std::move(reader));
    return parser;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

}  // namespace ingot::api
