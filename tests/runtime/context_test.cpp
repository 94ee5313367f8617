// What a context promises: no allocation in enqueue, shapes that come and go, several profiles, outputs that only the run sizes.
#include <cstring>

#include "helpers.h"
#include "import/onnx/import.h"

namespace ingot::testing {
int64_t allocation_count();
}

namespace ingot {
namespace {

const char* kNetwork = R"(
input x [n, 8, h, h]
weights w1 float [16, 8, 3, 3] = seed 1
weights b1 float [16] = seed 2
weights w2 float [10, 16] = seed 3
a = convolution(x, w1, b1) pads_begin=[1, 1] pads_end=[1, 1]
r = relu(a)
p = reduce(r) kind=mean axes=[2, 3] keepdims=false
m = matmul(p, w2) transpose_b=true
y = softmax(m)
output y
profile 0 x min=[1, 8, 4, 4] opt=[2, 8, 12, 12] max=[7, 8, 16, 16]
profile 1 x min=[8, 8, 20, 20] opt=[8, 8, 20, 20] max=[16, 8, 24, 24]
)";

// Memory for activations that counts.
struct CountedMemory {
  std::shared_ptr<int> calls = std::make_shared<int>(0);
  std::shared_ptr<const MemorySupply> memory() const {
    return std::make_shared<const MemorySupply>(MemorySupply{[calls = calls](size_t bytes) {
                                                               ++*calls;
                                                               return std::aligned_alloc(256, (bytes + 255) / 256 * 256);
                                                             },
                                                             [](void* address) { std::free(address); }});
  }
};

// Outputs stay where they are between runs.
struct Bound {
  Arrays inputs, outputs;
  void bind(ExecutionContext& context, const Arrays& given) {
    inputs = given;
    outputs.clear();
    const auto& io = context.engine().io();
    for (size_t i = 0; i < io.size(); ++i) {
      if (io[i].is_input) {
        ASSERT_TRUE(context.set_input_shape(io[i].tensor->name, inputs[i].shape()).ok());
        ASSERT_TRUE(context.set_address(i, const_cast<void*>(inputs[i].data())).ok());
      } else {
        outputs.push_back(Array::make(io[i].tensor->type.type, context.io_shape(i).value()).value());
        ASSERT_TRUE(context.set_address(i, outputs.back().mutable_data()).ok());
      }
    }
    ASSERT_TRUE(context.prepare().ok());
    // The stand-in makes the default stream when it is first used.
    ASSERT_TRUE(cpu_device()
                    ->enqueue(
                        {}, [](void*) {}, nullptr)
                    .ok());
    ASSERT_TRUE(cpu_device()->synchronize({}).ok());
  }
};

// Calls of operator new and of the context's memory in `runs` runs.
int64_t allocations_of(ExecutionContext& context, const CountedMemory& memory, int runs) {
  const int64_t before = testing::allocation_count() + *memory.calls;
  bool right = true;
  for (int i = 0; i < runs; ++i) right = right && context.enqueue({}).ok();
  right = right && cpu_device()->synchronize({}).ok();
  const int64_t after = testing::allocation_count() + *memory.calls;
  EXPECT_TRUE(right && context.take_run_error().ok());
  return after - before;
}

TEST(Context, EnqueueAllocatesNothingOnceShapesAreSet) {
  auto network = network_of(kNetwork);
  auto engine = build(*network);
  ASSERT_TRUE(engine);
  CountedMemory memory;
  ExecutionContext context(engine, memory.memory());
  Bound small, large;
  small.bind(context, {random_array(DataType::kFloat, {1, 8, 12, 12}, 1)});
  EXPECT_EQ(allocations_of(context, memory, 1), 0) << "the first run";
  large.bind(context, {random_array(DataType::kFloat, {7, 8, 16, 16}, 2)});
  EXPECT_EQ(allocations_of(context, memory, 3), 0) << "after a larger shape";
  small.bind(context, small.inputs);
  EXPECT_EQ(allocations_of(context, memory, 3), 0) << "back at the first shape";
}

TEST(Context, EnqueueOfTrainedModelsAllocatesNothing) {
  register_all_operators();
  for (const std::string file : {"ultraface_rfb320/version-RFB-320.onnx", "yunet_n_320/yunet_n_320_320.onnx",
                                 "mnist_lenet/mnist_lenet_op13.onnx", "resnet20_cifar10/resnet20_cifar10.onnx"}) {
    auto imported = import_onnx_file(std::string(INGOT_MODELS) + "/" + file, {});
    ASSERT_TRUE(imported.ok()) << imported.error().message;
    std::unique_ptr<Network> network = (*imported)->clone();
    Profile profile;
    Arrays inputs;
    for (const Tensor* input : network->inputs()) {
      Shape shape;
      for (const Dim& dim : input->type.dims) shape.push_back(dim.is_constant() ? dim.value() : 3);
      if (!all_constant(input->type.dims)) profile.shapes[input->name] = {shape, shape, shape};
      inputs.push_back(random_array(input->type.type, shape, 1));
    }
    if (!profile.shapes.empty()) network->profiles = {profile};
    BuildConfig config;
    config.optimization_level = 0;
    auto engine = build(*network, config);
    ASSERT_TRUE(engine) << file;
    CountedMemory memory;
    ExecutionContext context(engine, memory.memory());
    Bound bound;
    bound.bind(context, inputs);
    EXPECT_EQ(allocations_of(context, memory, 2), 0) << file;
    EXPECT_LE(context.arena_bytes(), context.arena_lower_bound() * 1.1) << file;
  }
}

TEST(Context, ShapesSwitchBackAndForth) {
  auto network = network_of(kNetwork);
  auto engine = build(*network);
  ASSERT_TRUE(engine);
  ExecutionContext context(engine);
  std::map<int64_t, Array> first;
  for (int round = 0; round < 3; ++round) {
    for (int64_t n = 1; n <= 7; ++n) {
      const int64_t h = 4 + 2 * (n % 6);
      const Array x = random_array(DataType::kFloat, {n, 8, h, h}, static_cast<uint64_t>(n));
      const Arrays got = run(context, {x});
      if (round == 0) {
        expect_close(got[0], network->evaluate({x}).value()[0]);
        first[n] = got[0];
      }
      EXPECT_TRUE(got[0].same_bits(first[n])) << "n = " << n << ", round " << round;
    }
  }
}

TEST(Context, ProfilesHaveRangesOfTheirOwn) {
  auto network = network_of(kNetwork);
  auto engine = build(*network);
  ASSERT_TRUE(engine);
  EXPECT_EQ(engine->profile_count(), 2u);
  EXPECT_GT(engine->activation_bytes(1).value(), engine->activation_bytes(0).value());
  EXPECT_EQ(engine->activation_bytes().value(), engine->activation_bytes(1).value());
  ExecutionContext context(engine);
  const Array small = random_array(DataType::kFloat, {2, 8, 6, 6}, 1), large = random_array(DataType::kFloat, {9, 8, 21, 21}, 2);
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(context.set_profile(1).ok());
    EXPECT_FALSE(context.all_shapes_set()) << "another profile forgets the shapes";
    expect_close(run(context, {large})[0], network->evaluate({large}).value()[0]);
    Status status = context.set_input_shape("x", small.shape());
    ASSERT_FALSE(status.ok());
    EXPECT_NE(status.error().message.find("outside profile 1, which allows [8, 8, 20, 20] to [16, 8, 24, 24]"), std::string::npos)
        << status.error().message;
    ASSERT_TRUE(context.set_profile(0).ok());
    expect_close(run(context, {small})[0], network->evaluate({small}).value()[0]);
  }
  Status status = context.set_profile(2);
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("the engine has 2 profiles; there is no profile 2"), std::string::npos) << status.error().message;
}

TEST(Context, SymbolsThatAreSharedMustAgree) {
  auto network = network_of(
      "input a [n, 4]\n input b [n, 4]\n y = add(a, b)\n output y\n profile 0 a min=[1, 4] opt=[2, 4] max=[8, 4]\n profile 0 b min=[1, 4] "
      "opt=[2, 4] max=[8, 4]\n");
  ASSERT_TRUE(network);
  auto engine = build(*network);
  ASSERT_TRUE(engine);
  ExecutionContext context(engine);
  ASSERT_TRUE(context.set_input_shape("a", {2, 4}).ok());
  ASSERT_TRUE(context.set_input_shape("b", {3, 4}).ok());
  Status status = context.prepare();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("dimension 0 ('n') is 3 here and 2 elsewhere"), std::string::npos) << status.error().message;
}

TEST(Context, OutputsThatOnlyTheRunSizes) {
  auto network = network_of(R"(
bound run_n = 4*n
input x [n, 4]
i = nonzero(x) symbol=run_n
t = transpose(i) permutation=[1, 0]
output t
profile 0 x min=[1, 4] opt=[2, 4] max=[64, 4]
)");
  ASSERT_TRUE(network);
  auto engine = build(*network);
  ASSERT_TRUE(engine);
  ExecutionContext context(engine);
  std::vector<int64_t> memory;
  Shape told;
  context.set_output_allocator(1, {[&](const std::string&, void*, size_t bytes) -> void* {
                                     memory.resize(bytes / 8 + 8);
                                     return memory.data();
                                   },
                                   [&](const std::string&, const Shape& shape) { told = shape; }});
  for (int64_t n : {2, 64, 1, 5}) {
    ASSERT_TRUE(context.set_input_shape("x", {n, 4}).ok());
    EXPECT_EQ(to_text(context.io_shape(1).value()), to_text(Shape{4 * n, 2})) << "the bound, before a run";
    for (int64_t keep : {3, 1, 1000}) {
      Array x = Array::make(DataType::kFloat, {n, 4}).value();
      int64_t count = 0;
      for (int64_t i = 0; i < x.count(); ++i) {
        x.set_number(i, i % keep == 0 ? 1 : 0);
        count += i % keep == 0;
      }
      ASSERT_TRUE(context.set_address(0, const_cast<void*>(x.data())).ok());
      Status status = context.execute();
      ASSERT_TRUE(status.ok()) << status.error().message;
      EXPECT_EQ(to_text(told), to_text(Shape{count, 2}));
      EXPECT_EQ(to_text(context.io_shape(1).value()), to_text(told));
      const Arrays wanted = network->evaluate({x}).value();
      EXPECT_EQ(0, std::memcmp(memory.data(), wanted[0].data(), wanted[0].byte_count())) << n << " " << keep;
    }
  }
}

TEST(Context, TheProgramsMemoryIsUsedAndChecked) {
  auto network = network_of(kNetwork);
  auto engine = build(*network);
  ASSERT_TRUE(engine);
  CountedMemory memory;
  ExecutionContext context(engine, memory.memory());
  const size_t bytes = engine->activation_bytes(0).value();
  std::vector<std::byte> given(bytes + 64);
  void* aligned = reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(given.data()) + 63) / 64 * 64);
  ASSERT_TRUE(context.set_device_memory(aligned, bytes).ok());
  const Array x = random_array(DataType::kFloat, {7, 8, 16, 16}, 1);
  expect_close(run(context, {x})[0], network->evaluate({x}).value()[0]);
  EXPECT_EQ(*memory.calls, 0);
  ASSERT_TRUE(context.set_device_memory(aligned, 64).ok());
  ASSERT_TRUE(context.set_input_shape("x", {7, 8, 16, 16}).ok());
  Status status = context.prepare();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("has 64 bytes; these shapes need "), std::string::npos) << status.error().message;
  EXPECT_FALSE(context.set_device_memory(static_cast<std::byte*>(aligned) + 8, bytes).ok());
}

TEST(Context, NoMemoryIsAnErrorAndTheNextTryWorks) {
  auto network = network_of(kNetwork);
  auto engine = build(*network);
  ASSERT_TRUE(engine);
  auto refuse = std::make_shared<bool>(true);
  const MemorySupply supply{[refuse](size_t bytes) { return *refuse ? nullptr : std::aligned_alloc(256, (bytes + 255) / 256 * 256); },
                            [](void* address) { std::free(address); }};
  ExecutionContext context(engine, std::make_shared<const MemorySupply>(supply));
  ASSERT_TRUE(context.set_input_shape("x", {1, 8, 4, 4}).ok());
  Status status = context.prepare();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kOutOfMemory);
  *refuse = false;
  const Array x = random_array(DataType::kFloat, {1, 8, 4, 4}, 1);
  expect_close(run(context, {x})[0], network->evaluate({x}).value()[0]);
}

}  // namespace
}  // namespace ingot
