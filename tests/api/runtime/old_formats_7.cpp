#define INGOT_API 7
#include "caffe_program.h"
#include "uff_program.h"

std::string digits_by_generation_7(const std::string& folder, const std::string& pictures) {
  return digits(folder, pictures, "mnist_v1.caffemodel");
}
std::string uff_digits_by_generation_7(const std::string& model, const std::string& input) { return uff_digits(model, input); }

namespace {

class Recorder : public IErrorRecorder {
 public:
  int32_t getNbErrors() const noexcept override { return count; }
  ErrorCode getErrorCode(int32_t) const noexcept override { return ErrorCode::kUNSPECIFIED_ERROR; }
  ErrorDesc getErrorDesc(int32_t) const noexcept override { return ""; }
  bool hasOverflowed() const noexcept override { return false; }
  void clear() noexcept override { count = 0; }
  bool reportError(ErrorCode, ErrorDesc) noexcept override {
    ++count;
    return true;
  }
  RefCount incRefCount() noexcept override { return 1; }
  RefCount decRefCount() noexcept override { return 0; }
  int32_t count = 0;
};

}  // namespace

std::string errors_of_generation_7(const std::string& folder) {
  ProgramLogger log;
  Recorder recorder;
  IBuilder* builder = createInferBuilder(log);
  INetworkDefinition* network = builder->createNetwork();
  nvcaffeparser1::ICaffeParser* parser = nvcaffeparser1::createCaffeParser();
  const bool missing = parser->parse((folder + "/nothing.prototxt").c_str(), nullptr, *network, DataType::kFLOAT) == nullptr;
  const std::string deploy = "input: 'x' input_shape { dim: 1 dim: 1 } layer { name: 'a' type: 'Unheard' bottom: 'x' top: 'y' }";
  parser->setErrorRecorder(&recorder);
  const bool unknown = parser->parseBuffers(deploy.data(), deploy.size(), nullptr, 0, *network, DataType::kFLOAT) == nullptr;
  const bool blob = parser->parseBinaryProto((folder + "/deploy.prototxt").c_str()) == nullptr;
  parser->setErrorRecorder(nullptr);
  parser->destroy();
  network->destroy();
  builder->destroy();
  return log.errors + "recorded " + std::to_string(recorder.count - (blob ? 1 : 0)) + (missing && unknown ? "" : ", but there were blobs");
}
