// Generation 10: an engine that is refitted from another ONNX file of the same network, by the parser's refitter and by name.
#include <cuda_runtime_api.h>

#include <memory>

#include "NvOnnxConfig.h"
#include "NvOnnxParser.h"
#include "check.h"
#include "onnx_message.h"

using namespace nvinfer1;

namespace {

// y [n, 2] = x [n, 2] * w [2, 2]
std::string model(char const* name, std::vector<float> const& weights) {
  using namespace onnx_message;
  std::string raw(reinterpret_cast<char const*>(weights.data()), weights.size() * sizeof(float));
  std::string const tensor = bytes(5, number(1, 2) + number(1, weights.size() / 2) + number(2, 1) + bytes(8, name) + bytes(9, raw));
  return onnx_message::model(node("MatMul", "product", {"x", name}, {"y"}), tensor + value(11, "x", {3, 2}),
                             value(12, "y", {3, static_cast<int64_t>(weights.size()) / 2}));
}

std::vector<float> run(IExecutionContext& context) {
  std::vector<float> x{1, 2, 3, 4, 5, 6}, y(6);
  void* bindings[] = {x.data(), y.data()};
  CHECK(context.executeV2(bindings));
  return y;
}

}  // namespace

int main() {
  ShowingLogger logger;
  std::unique_ptr<IBuilder> builder(createInferBuilder(logger));
  std::unique_ptr<INetworkDefinition> network(builder->createNetworkV2(0));
  std::unique_ptr<nvonnxparser::IParser> parser(nvonnxparser::createParser(*network, logger));
  std::string const first = model("w", {1, 0, 0, 1}), second = model("w", {0, 1, 2, 0}), other = model("v", {1, 1, 1, 1}),
                    larger = model("w", {1, 1, 1, 1, 1, 1});
  CHECK(parser->parse(first.data(), first.size()));
  std::unique_ptr<IBuilderConfig> config(builder->createBuilderConfig());
  config->setFlag(BuilderFlag::kREFIT);
  config->clearFlag(BuilderFlag::kTF32);
  std::unique_ptr<IHostMemory> plan(builder->buildSerializedNetwork(*network, *config));
  CHECK(plan != nullptr);
  std::unique_ptr<IRuntime> runtime(createInferRuntime(logger));
  std::unique_ptr<ICudaEngine> engine(runtime->deserializeCudaEngine(plan->data(), plan->size()));
  CHECK(engine != nullptr && engine->isRefittable());
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
  check_values(run(*context), {1, 2, 3, 4, 5, 6});

  std::unique_ptr<IRefitter> refitter(createInferRefitter(*engine, logger));
  std::unique_ptr<nvonnxparser::IParserRefitter> from_model(nvonnxparser::createParserRefitter(*refitter, logger));
  CHECK(from_model != nullptr);
  CHECK(from_model->refitFromBytes(second.data(), second.size()));
  CHECK(refitter->refitCudaEngine());
  check_values(run(*context), {4, 1, 8, 3, 12, 5});

  // In two steps, with the first model again.
  CHECK(from_model->loadModelProto(first.data(), first.size(), nullptr) && from_model->refitModelProto());
  CHECK(refitter->refitCudaEngine());
  check_values(run(*context), {1, 2, 3, 4, 5, 6});
  CHECK(from_model->refitFromBytes(second.data(), second.size()) && refitter->refitCudaEngine());

  // A model without the weights, and one with more of them, leave the engine as it is.
  logger.quiet = true;
  CHECK(!from_model->refitFromBytes(other.data(), other.size()));
  CHECK(from_model->getNbErrors() == 1 && std::string(from_model->getError(0)->desc()).find("'w'") != std::string::npos);
  from_model->clearErrors();
  CHECK(from_model->getNbErrors() == 0);
  CHECK(!from_model->refitFromBytes(larger.data(), larger.size()));
  CHECK(!from_model->refitFromBytes(nullptr, 0) && !from_model->refitFromFile("not/there.onnx"));
  check_values(run(*context), {4, 1, 8, 3, 12, 5});

  std::unique_ptr<nvonnxparser::IOnnxConfig> settings(nvonnxparser::createONNXConfig());
  settings->setModelFileName("model.onnx");
  settings->setModelDtype(DataType::kHALF);
  CHECK(std::string(settings->getModelFileName()) == "model.onnx" && settings->getModelDtype() == DataType::kHALF);
  return 0;
}
