// Inner tensors on their way to a debug listener.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "harness.h"

using namespace harness;

namespace {

class Listener final : public IDebugListener {
 public:
  bool processDebugTensor(void const* address, TensorLocation location, DataType type, Dims const& shape, char const* name,
                          cudaStream_t) noexcept override {
    names.push_back(name);
    size_t count = 1;
    for (int64_t size : shape_of(shape)) count *= static_cast<size_t>(size);
    seen[name] = {shape_of(shape), decode(address, count, type)};
    on_device &= location == TensorLocation::kDEVICE;
    return answer;
  }
  std::map<std::string, Value> seen;
  std::vector<std::string> names;
  bool on_device = true, answer = true;
};

std::vector<float> wave(size_t count, float step) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = std::sin(static_cast<float>(i) * step);
  return values;
}

// y = relu(conv(relu(conv(x)))), with the names "first" and "inner" in between.
void two_convolutions(Program& p) {
  ITensor* x = &p.input("x", {1, 16, 6, 6});
  for (const char* name : {"inner", "y"}) {
    auto* conv = p.network->addConvolutionNd(*x, 16, dims({3, 3}), p.weights(wave(16 * 16 * 9, 0.7F)), p.weights(wave(16, 0.3F)));
    conv->setPaddingNd(dims({1, 1}));
    if (std::strcmp(name, "inner") == 0) conv->getOutput(0)->setName("first");
    auto* relu = p.network->addActivation(*conv->getOutput(0), ActivationType::kRELU);
    relu->getOutput(0)->setName(name);
    x = relu->getOutput(0);
  }
  p.mark(*x);
}

ITensor* find(Program& p, const std::string& name) {
  for (int32_t i = 0; i < p.network->getNbLayers(); ++i) {
    if (name == p.network->getLayer(i)->getOutput(0)->getName()) return p.network->getLayer(i)->getOutput(0);
  }
  return nullptr;
}

struct Once {
  Once(ICudaEngine& engine, size_t inputs, size_t outputs) : context(engine.createExecutionContext()), x(wave(inputs, 0.1F)), y(outputs) {
    context->setTensorAddress("x", x.data());
    context->setTensorAddress("y", y.data());
  }
  bool run() { return context->enqueueV3(nullptr) && cudaStreamSynchronize(nullptr) == cudaSuccess; }
  std::unique_ptr<IExecutionContext> context;
  std::vector<float> x, y;
};

constexpr size_t kCount = 16 * 36;

TEST(DebugTensors, a_marked_tensor_reaches_the_listener_as_an_output_would) {
  Program with_output;
  two_convolutions(with_output);
  with_output.mark(*find(with_output, "inner"));
  std::vector<double> x;
  for (float value : wave(kCount, 0.1F)) x.push_back(value);
  const std::vector<Value> wanted = with_output.run({{"x", {{1, 16, 6, 6}, x}}});
  ASSERT_EQ(wanted.size(), 2u);

  Program p;
  two_convolutions(p);
  EXPECT_FALSE(p.network->isDebugTensor(*find(p, "inner")));
  ASSERT_TRUE(p.network->markDebug(*find(p, "inner")));
  ASSERT_TRUE(p.network->markDebug(*find(p, "first")));
  ASSERT_TRUE(p.network->unmarkDebug(*find(p, "first")));
  ASSERT_TRUE(p.network->markDebug(*p.network->getInput(0)));
  EXPECT_TRUE(p.network->isDebugTensor(*find(p, "inner")));
  EXPECT_FALSE(p.network->isDebugTensor(*find(p, "first")));
  const auto engine = p.engine();
  ASSERT_NE(engine, nullptr);
  EXPECT_EQ(engine->getNbIOTensors(), 2);
  EXPECT_TRUE(engine->isDebugTensor("inner"));
  EXPECT_FALSE(engine->isDebugTensor("first"));
  EXPECT_FALSE(engine->isDebugTensor(nullptr));

  Once run(*engine, kCount, kCount);
  Listener listener;
  EXPECT_TRUE(run.context->setDebugListener(&listener));
  EXPECT_EQ(run.context->getDebugListener(), &listener);
  ASSERT_TRUE(run.run()) << p.log.errors;
  EXPECT_TRUE(listener.names.empty());  // off until it is switched on
  const std::vector<float> quiet = run.y;

  EXPECT_FALSE(run.context->getDebugState("inner"));
  ASSERT_TRUE(run.context->enqueueV3(nullptr));  // a run that is under way shows nothing
  EXPECT_TRUE(run.context->setTensorDebugState("inner", true));
  EXPECT_TRUE(run.context->getDebugState("inner"));
  EXPECT_FALSE(run.context->setTensorDebugState("first", true));
  ASSERT_TRUE(run.run()) << p.log.errors;
  EXPECT_EQ(listener.names, std::vector<std::string>{"inner"});
  EXPECT_TRUE(listener.on_device);
  const size_t place = std::string(with_output.network->getOutput(0)->getName()) == "inner" ? 0 : 1;
  expect_near(listener.seen["inner"], wanted[place].shape, wanted[place].numbers, 1e-5);
  EXPECT_EQ(std::memcmp(quiet.data(), run.y.data(), quiet.size() * sizeof(float)), 0);  // watching changes no bit

  listener.names.clear();
  EXPECT_TRUE(run.context->setAllTensorsDebugState(true));
  void* bindings[] = {run.x.data(), run.y.data()};
  ASSERT_TRUE(run.context->executeV2(bindings)) << p.log.errors;
  EXPECT_EQ(listener.names, (std::vector<std::string>{"x", "inner"}));
  EXPECT_TRUE(run.context->setAllTensorsDebugState(false));
  listener.names.clear();
  ASSERT_TRUE(run.run());
  EXPECT_TRUE(listener.names.empty());
}

TEST(DebugTensors, a_listener_that_returns_false_fails_the_run) {
  Program p;
  two_convolutions(p);
  p.network->markDebug(*find(p, "inner"));
  const auto engine = p.engine();
  ASSERT_NE(engine, nullptr);
  Once run(*engine, kCount, kCount);
  Listener listener;
  listener.answer = false;
  run.context->setDebugListener(&listener);
  run.context->setTensorDebugState("inner", true);
  EXPECT_FALSE(run.run());
  EXPECT_NE(p.log.errors.find("the debug listener returned false for the tensor 'inner'"), std::string::npos) << p.log.errors;
  run.context->setDebugListener(nullptr);
  EXPECT_TRUE(run.run()) << p.log.errors;
}

TEST(DebugTensors, a_tensor_that_nothing_needs_is_shown_too) {
  Program p;
  two_convolutions(p);
  auto* half = p.network->addUnary(*find(p, "inner"), UnaryOperation::kNEG);
  half->getOutput(0)->setName("aside");
  p.network->markDebug(*half->getOutput(0));
  const auto engine = p.engine();
  ASSERT_NE(engine, nullptr);
  Once run(*engine, kCount, kCount);
  Listener listener;
  run.context->setDebugListener(&listener);
  run.context->setAllTensorsDebugState(true);
  ASSERT_TRUE(run.run()) << p.log.errors;
  EXPECT_EQ(listener.names, std::vector<std::string>{"aside"});
}

TEST(DebugTensors, unfused_tensors_are_those_that_are_left) {
  Program p;
  two_convolutions(p);
  ASSERT_TRUE(p.network->markUnfusedTensorsAsDebugTensors());
  const auto engine = p.engine();
  ASSERT_NE(engine, nullptr);
  EXPECT_TRUE(engine->isDebugTensor("inner"));
  EXPECT_FALSE(engine->isDebugTensor("first"));  // its function went into the convolution
  Once run(*engine, kCount, kCount);
  Listener listener;
  run.context->setDebugListener(&listener);
  EXPECT_FALSE(run.context->getUnfusedTensorsDebugState());
  ASSERT_TRUE(run.context->setUnfusedTensorsDebugState(true));
  EXPECT_TRUE(run.context->getUnfusedTensorsDebugState());
  ASSERT_TRUE(run.run()) << p.log.errors;
  std::sort(listener.names.begin(), listener.names.end());  // a tensor may be shown later, where it is laid out anew for it
  EXPECT_EQ(listener.names, (std::vector<std::string>{"inner", "y"}));
  EXPECT_EQ(listener.seen["inner"].shape, (std::vector<int64_t>{1, 16, 6, 6}));
  for (size_t i = 0; i < kCount; ++i) ASSERT_EQ(listener.seen["y"].numbers[i], static_cast<double>(run.y[i]));

  Program plain;
  two_convolutions(plain);
  plain.network->markUnfusedTensorsAsDebugTensors();
  plain.network->unmarkUnfusedTensorsAsDebugTensors();
  const auto other = plain.engine();
  ASSERT_NE(other, nullptr);
  std::unique_ptr<IExecutionContext> context(other->createExecutionContext());
  EXPECT_FALSE(context->setUnfusedTensorsDebugState(true));
}

}  // namespace
