// From text network to answers, through optimizer, selection, plan bytes and runtime.
#include "helpers.h"

namespace ingot {
namespace {

const char* kConvolutions = R"(
input x [n, 8, 12, 10]
weights w1 float [16, 8, 3, 3] = seed 1
weights b1 float [16] = seed 2
weights w2 float [16, 16, 1, 1] = seed 3
a = convolution(x, w1, b1) pads_begin=[1, 1] pads_end=[1, 1]
r = relu(a)
c = convolution(r, w2)
s = add(c, a)
y = relu(s)
output y
profile 0 x min=[1, 8, 12, 10] opt=[2, 8, 12, 10] max=[7, 8, 12, 10]
)";

TEST(Build, ConvolutionsGiveTheReferenceValues) {
  auto network = network_of(kConvolutions);
  auto engine = build(*network);
  ASSERT_TRUE(engine);
  ExecutionContext context(engine);
  for (int64_t batch : {1, 2, 7}) {
    const Array x = random_array(DataType::kFloat, {batch, 8, 12, 10}, static_cast<uint64_t>(batch));
    const Arrays wanted = network->evaluate({x}).value();
    const Arrays got = run(context, {x});
    ASSERT_EQ(got.size(), 1u);
    expect_close(got[0], wanted[0]);
  }
}

TEST(Build, ARowDoesNotDependOnItsNeighbours) {
  auto network = network_of(kConvolutions);
  auto engine = build(*network);
  ASSERT_TRUE(engine);
  ExecutionContext context(engine);
  const Array batch = random_array(DataType::kFloat, {5, 8, 12, 10}, 3);
  const Arrays all = run(context, {batch});
  const int64_t row = 8 * 12 * 10;
  for (int64_t i = 0; i < 5; ++i) {
    const Array one = Array::borrow(DataType::kFloat, {1, 8, 12, 10}, batch.as<float>() + i * row, nullptr);
    const Arrays alone = run(context, {one});
    EXPECT_EQ(0, std::memcmp(alone[0].data(), all[0].as<float>() + i * 16 * 12 * 10, alone[0].byte_count())) << "row " << i;
  }
}

TEST(Build, AShapeOutsideTheProfileIsRefusedWithTheRange) {
  auto network = network_of(kConvolutions);
  auto engine = build(*network);
  ASSERT_TRUE(engine);
  ExecutionContext context(engine);
  Status status = context.set_input_shape("x", {8, 8, 12, 10});
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("allows [1, 8, 12, 10] to [7, 8, 12, 10]"), std::string::npos) << status.error().message;
  status = context.set_input_shape("q", {8});
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("the inputs are 'x'"), std::string::npos) << status.error().message;
}

TEST(Build, DynamicInputsNeedAProfile) {
  auto network = network_of("input x [n, 4]\n y = relu(x)\n output y");
  auto plan = build_plan(*network, {});
  ASSERT_FALSE(plan.ok());
  EXPECT_NE(plan.error().message.find("--minShapes"), std::string::npos) << plan.error().message;
}

TEST(Build, EnqueueWithoutAnAddressNamesTheTensor) {
  auto network = network_of("input x [4]\n y = relu(x)\n output y");
  auto engine = build(*network);
  ASSERT_TRUE(engine);
  ExecutionContext context(engine);
  Status status = context.execute();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("input 'x' has no address"), std::string::npos) << status.error().message;
}

TEST(Build, ACancelledBuildSaysSo) {
  auto network = network_of(kConvolutions);
  BuildConfig config;
  config.progress = [](const std::string& stage, size_t done, size_t) { return stage != "select" || done < 1; };
  auto plan = build_plan(*network, config);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code, ErrorCode::kCancelled);
}

TEST(Build, TwoBuildsFromOneTimingCacheGiveTheSameBytes) {
  auto network = network_of(kConvolutions);
  BuildConfig config;
  config.cache = std::make_shared<TimingCache>(cpu_device()->description());
  ASSERT_TRUE(build_plan(*network, config).ok());
  BuildReport report;
  auto first = build_plan(*network, config, &report);
  auto second = build_plan(*network, config);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(report.measured, 0u);
  EXPECT_EQ(write_plan(*first).value(), write_plan(*second).value());
}

TEST(Build, ContextsOnSeveralThreadsAgree) {
  auto network = network_of(kConvolutions);
  auto engine = build(*network);
  ASSERT_TRUE(engine);
  const Array x = random_array(DataType::kFloat, {2, 8, 12, 10}, 5);
  ExecutionContext first(engine);
  const Arrays wanted = run(first, {x});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      ExecutionContext context(engine);
      for (int i = 0; i < 20; ++i) {
        const Arrays got = run(context, {x});
        EXPECT_TRUE(got[0].same_bits(wanted[0]));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace ingot
