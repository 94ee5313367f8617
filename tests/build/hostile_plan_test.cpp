// Plans whose bytes are in order but whose contents are not: each ends in an error that says what is wrong.
#include <climits>
#include <functional>

#include "helpers.h"
#include "plan.pb.h"

namespace ingot {
namespace {

constexpr size_t kTable = 64, kEntry = 40;

template <class T>
T value_at(const std::vector<std::byte>& bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

void put(std::vector<std::byte>& bytes, size_t at, uint64_t value) { std::memcpy(bytes.data() + at, &value, sizeof value); }

// The plan with its metadata changed, digests and sizes made right.
std::vector<std::byte> changed(const std::vector<std::byte>& plan, const std::function<void(ingot_plan::Network&)>& change) {
  const auto offset = value_at<uint64_t>(plan, kTable + 8), size = value_at<uint64_t>(plan, kTable + 16);
  ingot_plan::Plan message;
  EXPECT_TRUE(message.ParseFromArray(plan.data() + offset, static_cast<int>(size)));
  change(*message.mutable_network());
  const std::string text = message.SerializeAsString();
  std::vector<std::byte> bytes = plan;
  const size_t place = bytes.size();  // the new metadata goes to the end
  bytes.resize((place + text.size() + 63) / 64 * 64);
  std::memcpy(bytes.data() + place, text.data(), text.size());
  const Hash128 digest = hash_bytes(text.data(), text.size());
  put(bytes, 8, bytes.size());
  put(bytes, kTable + 8, place);
  put(bytes, kTable + 16, text.size());
  put(bytes, kTable + 24, digest.low);
  put(bytes, kTable + 32, digest.high);
  return bytes;
}

class HostilePlan : public ::testing::Test {
 protected:
  void SetUp() override {
    auto network = network_of(R"(
input x [n, 6]
weights w float [6, 5] = seed 4
m = matmul(x, w)
y = relu(m)
output y
profile 0 x min=[1, 6] opt=[2, 6] max=[4, 6]
profile 1 x min=[1, 6] opt=[2, 6] max=[4, 6]
)");
    BuildConfig config;
    config.optimization_level = 0;
    auto plan = build_plan(*network, config);
    ASSERT_TRUE(plan.ok()) << plan.error().message;
    plan_ = write_plan(*plan).value();
  }
  std::string error_of(const std::function<void(ingot_plan::Network&)>& change) {
    auto engine = load_engine(Bytes(changed(plan_, change)), cpu_device(), null_log());
    return engine.ok() ? "no error" : engine.error().message;
  }
  static bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }
#define EXPECT_SAYS(part, change)                  \
  do {                                             \
    const std::string message_ = error_of(change); \
    EXPECT_TRUE(has(message_, part)) << message_;  \
  } while (0)

  std::vector<std::byte> plan_;
};

using N = ingot_plan::Network;

TEST_F(HostilePlan, UnchangedItLoads) {
  EXPECT_EQ(error_of([](N&) {}), "no error");
}

TEST_F(HostilePlan, PlacesOutsideTheTensorsAreErrors) {
  EXPECT_SAYS("an input points outside", [](N& n) { n.set_inputs(0, INT_MAX); });
  EXPECT_SAYS("an input points outside", [](N& n) { n.set_inputs(0, INT_MIN); });
  EXPECT_SAYS("an output points at no tensor", [](N& n) { n.set_outputs(0, -1); });
  EXPECT_SAYS("reads a tensor that no earlier layer makes", [](N& n) { n.mutable_layers(0)->set_inputs(0, 1 << 30); });
  EXPECT_SAYS("reads a tensor that no earlier layer makes", [](N& n) { n.mutable_layers(0)->set_inputs(0, n.layers(0).outputs(0)); });
  EXPECT_SAYS("writes a tensor that has a source already", [](N& n) { n.mutable_layers(0)->set_outputs(0, n.inputs(0)); });
}

TEST_F(HostilePlan, NamesAreGivenOnce) {
  EXPECT_SAYS("an input is named twice", [](N& n) { n.add_inputs(n.inputs(0)); });
}

TEST_F(HostilePlan, DimsAreCheckedAndShallow) {
  for (const char* text : {"-5", "9223372036854775808", "n*", "floor(n / 0)"}) {
    EXPECT_NE(error_of([&](N& n) { n.mutable_tensors(n.inputs(0))->set_dims(1, text); }), "no error") << text;
  }
  EXPECT_SAYS("nesting", [](N& n) { n.mutable_tensors(n.inputs(0))->set_dims(0, std::string(100000, '(') + "n"); });
  EXPECT_SAYS("nesting", [](N& n) { n.mutable_tensors(n.inputs(0))->set_dims(0, std::string(100000, '-') + "n"); });
}

TEST_F(HostilePlan, SizesOfTwoToThe63AreErrors) {
  const auto constant = [](N& n) -> ingot_plan::Array* {
    for (auto& tensor : *n.mutable_tensors()) {
      if (tensor.has_constant()) return tensor.mutable_constant();
    }
    ADD_FAILURE() << "the plan has no constant";
    return nullptr;
  };
  EXPECT_NE(error_of([&](N& n) { constant(n)->set_shape(0, INT64_MAX); }), "no error");
  EXPECT_NE(error_of([&](N& n) { constant(n)->set_shape(0, -6); }), "no error");
  EXPECT_NE(error_of([&](N& n) {
              constant(n)->mutable_bytes()->set_offset(uint64_t{1} << 63);
              constant(n)->mutable_bytes()->set_size(120);
            }),
            "no error");
}

TEST_F(HostilePlan, NetworksInNetworksEnd) {
  EXPECT_SAYS("nested more than 16 deep", [](N& n) {
    N* inner = &n;
    for (int i = 0; i < 20; ++i) {
      ingot_plan::Layer* layer = inner->add_layers();
      layer->set_op("if");
      ingot_plan::Field* field = layer->add_fields();
      field->set_name("then_branch");
      inner = field->mutable_network();
    }
  });
}

TEST_F(HostilePlan, ProfilesFitTheInputs) {
  EXPECT_SAYS("is no input", [](N& n) { n.mutable_profiles(1)->mutable_entries(0)->set_input("y"); });
  EXPECT_SAYS("has shapes of rank 1", [](N& n) {
    for (auto* list :
         {n.mutable_profiles(1)->mutable_entries(0)->mutable_least(), n.mutable_profiles(1)->mutable_entries(0)->mutable_best(),
          n.mutable_profiles(1)->mutable_entries(0)->mutable_most()}) {
      list->Truncate(1);
    }
  });
}

TEST_F(HostilePlan, PackedWeightsAreNotTakenForOthers) {
  // What a tactic does not like is chosen again; where the weights cannot be had, that is an error, never a crash.
  int packed = 0;
  (void)error_of([&](N& n) {
    for (const auto& layer : n.layers()) packed += layer.choice().packed_size();
  });
  for (const char* tactic : {"reference.evaluate", "cpu.view", "cpu.softmax", "nobody.knows"}) {
    (void)error_of([&](N& n) {
      for (auto& layer : *n.mutable_layers()) layer.mutable_choice()->set_tactic(tactic);
    });
  }
  if (packed == 0) GTEST_SKIP() << "this machine's choice packs nothing";
  EXPECT_NE(error_of([](N& n) {
              for (auto& layer : *n.mutable_layers()) {
                for (auto& item : *layer.mutable_choice()->mutable_packed()) item.mutable_bytes()->set_size(64);
              }
            }),
            "no error");
  EXPECT_SAYS("which is no constant", [](N& n) {
    for (auto& layer : *n.mutable_layers()) {
      for (auto& item : *layer.mutable_choice()->mutable_packed()) item.set_input(7);
    }
  });
}

}  // namespace
}  // namespace ingot
