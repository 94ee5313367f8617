// The plan file: round trip, damage, and choosing again where steps do not fit.
#include "base/cpu_info.h"
#include "helpers.h"
#include "runtime/memory_map.h"

namespace ingot {
namespace {

const char* kSmall = R"(
input x [2, 6]
weights w float [6, 5] = seed 4
m = matmul(x, w)
y = relu(m)
output y
)";

std::vector<std::byte> plan_bytes() {
  auto network = network_of(kSmall);
  auto plan = build_plan(*network, {});
  EXPECT_TRUE(plan.ok()) << (plan.ok() ? "" : plan.error().message);
  return write_plan(*plan).value();
}

TEST(Plan, ReadsBackToTheSameBytes) {
  const auto bytes = plan_bytes();
  auto copy = copy_aligned(Bytes(bytes));
  ASSERT_TRUE(copy.ok());
  auto plan = read_plan(Bytes(copy->data.get(), copy->size), copy->data);
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  EXPECT_EQ(write_plan(*plan).value(), bytes);
}

TEST(Plan, BeginsWithTheTagAndVersionThatToolsLookFor) {
  const auto bytes = plan_bytes();
  EXPECT_EQ(0, std::memcmp(bytes.data(), "ftrt\0\0\0\0", 8));
  EXPECT_EQ(bytes[24], std::byte{10});
}

TEST(Plan, EveryDamagedByteIsAnErrorOrTheSamePlan) {
  const auto bytes = plan_bytes();
  for (size_t i = 0; i < bytes.size(); ++i) {
    auto damaged = copy_aligned(Bytes(bytes)).value();
    damaged.data.get()[i] ^= std::byte{0x41};
    auto plan = read_plan(Bytes(damaged.data.get(), damaged.size), damaged.data);
    if (plan.ok()) {
      EXPECT_EQ(write_plan(*plan).value(), bytes) << "byte " << i;
    }
  }
}

TEST(Plan, EveryTruncationIsAnError) {
  const auto bytes = plan_bytes();
  for (size_t size = 0; size < bytes.size(); ++size) {
    auto part = copy_aligned(Bytes(bytes).first(size)).value();
    EXPECT_FALSE(read_plan(Bytes(part.data.get(), part.size), part.data).ok()) << size << " bytes";
  }
}

TEST(Plan, AnotherFormatSaysToBuildAgain) {
  auto bytes = plan_bytes();
  bytes[16] = std::byte{99};
  auto copy = copy_aligned(Bytes(bytes)).value();
  auto plan = read_plan(Bytes(copy.data.get(), copy.size), copy.data);
  ASSERT_FALSE(plan.ok());
  EXPECT_NE(plan.error().message.find("must be built again"), std::string::npos);
}

TEST(Plan, AProfileHasToFitItsInput) {
  auto network = network_of("input x [n, 4]\n y = relu(x)\n output y\n profile 0 x min=[1, 4] opt=[2, 4] max=[8, 4]\n");
  auto plan = build_plan(*network, {});
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  const auto read_with = [&](const std::string& input, ProfileEntry entry) {
    plan->network->profiles = {Profile{{{input, std::move(entry)}}, {}}};
    auto copy = copy_aligned(Bytes(write_plan(*plan).value())).value();
    auto again = read_plan(Bytes(copy.data.get(), copy.size), copy.data);
    return again.ok() ? std::string() : again.error().message;
  };
  EXPECT_EQ(read_with("x", {{1, 4}, {2, 4}, {8, 4}}), "");
  EXPECT_NE(read_with("x", {{1}, {2}, {8}}).find("the profile of 'x' [n, 4] has shapes of rank 1"), std::string::npos);
  EXPECT_NE(read_with("z", {{1, 4}, {2, 4}, {8, 4}}).find("a profile names 'z', which is no input"), std::string::npos);
}

TEST(Plan, TensorsThatNoMemoryHoldsAreAnError) {
  auto network = network_of(
      "input x [n, 4]\n a = relu(x)\n b = softmax(a)\n c = relu(b)\n output c\n profile 0 x min=[1, 4] opt=[2, 4] max=[1000000000000000, "
      "4]\n");
  BuildConfig config;
  config.optimization_level = 0;
  auto engine = build(*network, config);
  ASSERT_TRUE(engine);
  auto bytes = engine->activation_bytes();
  ASSERT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.error().code, ErrorCode::kOutOfMemory) << bytes.error().message;
}

TEST(Plan, SmallIntegerWeightsMayBePacked) {
  auto network = network_of("input x int8 [2, 6]\nweights w int8 [6, 5] = seed 4\ny = matmul(x, w)\noutput y\n");
  auto plan = build_plan(*network, {});
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  const auto bytes = write_plan(*plan).value();
  auto copy = copy_aligned(Bytes(bytes)).value();
  auto again = read_plan(Bytes(copy.data.get(), copy.size), copy.data);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(write_plan(*again).value(), bytes);
}

TEST(Plan, LoadsOnALesserInstructionSet) {
  const auto bytes = plan_bytes();
  auto network = network_of(kSmall);
  const Array x = random_array(DataType::kFloat, {2, 6}, 1);
  const Arrays wanted = network->evaluate({x}).value();
  for (Isa isa : {Isa::kAvx512, Isa::kAvx2, Isa::kPortable}) {
    cap_isa(isa);
    auto engine = load_engine(Bytes(bytes), cpu_device(), null_log());
    ASSERT_TRUE(engine.ok()) << name_of(isa) << ": " << engine.error().message;
    ExecutionContext context(*engine);
    expect_close(run(context, {x})[0], wanted[0]);
  }
  cap_isa(Isa::kAmx);
}

TEST(TimingCache, RoundTripsAndRefusesDamage) {
  TimingCache cache("cpu test");
  for (int i = 0; i < 5; ++i) cache.set(hash_text(std::to_string(i)), 0.5f * static_cast<float>(i));
  const auto bytes = cache.serialize();
  auto read = TimingCache::parse(Bytes(bytes));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->serialize(), bytes);
  for (size_t i = 0; i < bytes.size(); ++i) {
    auto damaged = bytes;
    damaged[i] ^= std::byte{0x10};
    EXPECT_FALSE(TimingCache::parse(Bytes(damaged)).ok()) << "byte " << i;
    EXPECT_FALSE(TimingCache::parse(Bytes(bytes).first(i)).ok()) << i << " bytes";
  }
  TimingCache other("cpu other");
  EXPECT_FALSE(other.combine(*read, false).ok());
  EXPECT_TRUE(other.combine(*read, true).ok());
  EXPECT_EQ(other.size(), 5u);
}

TEST(MemoryMap, LiveTensorsDoNotOverlapAndTheArenaIsNearTheBound) {
  uint64_t state = 1;
  const auto next = [&](uint64_t most) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (state >> 33) % most;
  };
  for (int round = 0; round < 50; ++round) {
    std::vector<Lifetime> lifetimes;
    for (int i = 0; i < 60; ++i) {
      const int first = static_cast<int>(next(60));
      lifetimes.push_back({1 + next(1 << 20), first, first + static_cast<int>(next(4))});
    }
    const MemoryMap map = map_memory(lifetimes);
    for (size_t a = 0; a < lifetimes.size(); ++a) {
      EXPECT_LE(map.offsets[a] + lifetimes[a].bytes, map.bytes);
      for (size_t b = 0; b < a; ++b) {
        if (lifetimes[a].first > lifetimes[b].last || lifetimes[b].first > lifetimes[a].last) continue;
        EXPECT_TRUE(map.offsets[a] + lifetimes[a].bytes <= map.offsets[b] || map.offsets[b] + lifetimes[b].bytes <= map.offsets[a]);
      }
    }
    EXPECT_LE(map.bytes, map.lower_bound * 21 / 20);
  }
}

}  // namespace
}  // namespace ingot
