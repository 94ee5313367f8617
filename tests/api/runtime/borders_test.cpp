// What crosses the border of an engine or a parser: formats of five dims, weights that the program keeps, the configuration of a context.
#include <cstring>

#include "../../programs/onnx_message.h"
#include "NvOnnxParser.h"
#include "harness.h"

using namespace harness;

namespace {

TEST(Borders, tensors_of_three_spatial_dims_have_formats_too) {
  for (TensorFormat format : {TensorFormat::kDHWC, TensorFormat::kDHWC8, TensorFormat::kCDHW32}) {
    Program p;
    ITensor& x = p.input("x", {1, 2, 1, 2, 2});
    x.setAllowedFormats(1u << static_cast<int>(format));
    auto* relu = p.network->addActivation(x, ActivationType::kRELU);
    relu->getOutput(0)->setName("y");
    p.output(*relu);
    const auto engine = p.engine();
    ASSERT_NE(engine, nullptr) << p.log.errors;
    EXPECT_EQ(engine->getTensorFormat("x"), format);
    // [N, D, H, W, C] with C padded to 8, or [N, C / 32, D, H, W, 32].
    const size_t channels = format == TensorFormat::kDHWC ? 2 : format == TensorFormat::kDHWC8 ? 8 : 32;
    std::vector<float> memory(4 * channels), y(8);
    for (size_t point = 0; point < 4; ++point) {
      for (size_t c = 0; c < 2; ++c) memory[point * channels + c] = static_cast<float>(c * 4 + point) - 3;
    }
    std::unique_ptr<IExecutionContext> context(engine->createExecutionContext());
    void* bindings[] = {memory.data(), y.data()};
    ASSERT_TRUE(context->executeV2(bindings)) << p.log.errors;
    EXPECT_EQ(y, (std::vector<float>{0, 0, 0, 0, 1, 2, 3, 4}));
  }
}

// y = x + w, where w is an initializer whose values the model keeps in a file that is not there.
std::string model_without_weights() {
  using namespace onnx_message;
  const std::string entry = bytes(13, bytes(1, "location") + bytes(2, "nowhere.bin"));
  const std::string initializer = bytes(5, number(1, 2) + number(2, 1) + bytes(8, "w") + entry + number(14, 1));
  return model(node("Add", "add", {"x", "w"}, {"y"}) + initializer, value(11, "x", {2}), value(12, "y", {2}));
}

TEST(Borders, initializers_come_from_the_program) {
  const std::string bytes = model_without_weights();
  Program p;
  std::unique_ptr<nvonnxparser::IParser> parser(nvonnxparser::createParser(*p.network, p.log));
  const float w[] = {10, 20}, other[] = {1, 2};
  EXPECT_FALSE(parser->loadInitializer("w", w, sizeof w));  // no model yet
  ASSERT_TRUE(parser->loadModelProto(bytes.data(), bytes.size(), nullptr));
  ASSERT_TRUE(parser->loadInitializer("w", w, sizeof w)) << p.log.errors;
  ASSERT_TRUE(parser->parseModelProto()) << p.log.errors;
  p.config->setFlag(BuilderFlag::kREFIT);
  const auto engine = p.engine();
  ASSERT_NE(engine, nullptr) << p.log.errors;
  expect_near(run_engine(*engine, {{"x", {{2}, {1, 2}}}}, p.log).at(0), {2}, {11, 22});

  std::unique_ptr<IRefitter> refitter(createInferRefitter(*engine, p.log));
  std::unique_ptr<nvonnxparser::IParserRefitter> weights(nvonnxparser::createParserRefitter(*refitter, p.log));
  ASSERT_TRUE(weights->loadModelProto(bytes.data(), bytes.size(), nullptr));
  ASSERT_TRUE(weights->loadInitializer("w", other, sizeof other)) << p.log.errors;
  ASSERT_TRUE(weights->refitModelProto()) << p.log.errors;
  ASSERT_TRUE(refitter->refitCudaEngine()) << p.log.errors;
  expect_near(run_engine(*engine, {{"x", {{2}, {1, 2}}}}, p.log).at(0), {2}, {2, 4});

  Program q;
  std::unique_ptr<nvonnxparser::IParser> second(nvonnxparser::createParser(*q.network, q.log));
  ASSERT_TRUE(second->loadModelProto(bytes.data(), bytes.size(), nullptr));
  ASSERT_TRUE(second->loadInitializer("w", w, 4));
  EXPECT_FALSE(second->parseModelProto());
  EXPECT_NE(q.log.errors.find("its data has 4 bytes; 2 elements of type float take 8"), std::string::npos) << q.log.errors;
}

TEST(Borders, a_context_knows_what_it_was_made_with) {
  Program p;
  p.output(*p.network->addActivation(p.input("x", {2}), ActivationType::kRELU));
  const auto engine = p.engine();
  std::unique_ptr<IRuntimeConfig> config(engine->createRuntimeConfig());
  config->setExecutionContextAllocationStrategy(ExecutionContextAllocationStrategy::kON_PROFILE_CHANGE);
  std::unique_ptr<IExecutionContext> context(engine->createExecutionContext(config.get()));
  ASSERT_NE(context->getRuntimeConfig(), nullptr);
  EXPECT_EQ(context->getRuntimeConfig()->getExecutionContextAllocationStrategy(), ExecutionContextAllocationStrategy::kON_PROFILE_CHANGE);
}

}  // namespace
