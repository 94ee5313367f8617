// The checks of tactics and plans: each is shown something wrong and must name it.
#include "stages.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tactics/tactic.h"

namespace ingot::testing {
namespace {

// Copies its input and adds a byte of nonsense, for identity layers, while `enabled`.
struct WrongIdentity final : Tactic {
  static inline bool enabled = false;
  struct Wrong final : Launch, Kernel {
    size_t bytes = 0;
    Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
      auto copy = std::make_unique<Wrong>();
      copy->bytes = 4 * static_cast<size_t>(volume(inputs[0]).value_or(0));
      return std::unique_ptr<Launch>(std::move(copy));
    }
    Status run(const RunArguments& arguments) const override {
      std::memcpy(arguments.outputs[0], arguments.inputs[0], bytes);
      static_cast<float*>(arguments.outputs[0])[0] += 1;
      return Ok{};
    }
  };
  std::string_view name() const override { return "test.wrong_identity"; }
  Status accepts(const Problem& problem) const override {
    REQUIRES(enabled && problem.op->name() == "identity", "it is no identity");
    return Ok{};
  }
  Result<std::unique_ptr<Kernel>> prepare(const Problem&, const std::vector<PackedWeights>&) const override {
    return std::unique_ptr<Kernel>(std::make_unique<Wrong>());
  }
};

TEST(Stages, a_tactic_that_computes_wrong_is_named) {
  static const bool added = [] {
    TacticCatalogue::instance().add(std::make_unique<WrongIdentity>());
    return true;
  }();
  ASSERT_TRUE(added);
  auto network = parse_network("input x [2, 2]\ny = identity(x)\noutput y\n");
  ASSERT_TRUE(network.ok());
  const Arrays inputs{Array::of<double>(DataType::kFloat, {2, 2}, {1, 2, 3, 4})};
  EXPECT_TRUE(check_tactics(**network, inputs).ok());
  WrongIdentity::enabled = true;
  const Status status = check_tactics(**network, inputs);
  WrongIdentity::enabled = false;
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("test.wrong_identity"), std::string::npos) << status.error().message;
}

TEST(Stages, a_network_with_absent_inputs_survives_a_plan) {
  auto network = parse_network(
      "input x [n, 2, 3]\nweights w float [2, 2, 1] = 1 2 3 4\ny = convolution(x, w, _, x) epilogue=\"relu(add(x0, x1))\"\noutput y\n");
  ASSERT_TRUE(network.ok()) << network.error().message;
  const Status status = round_trip_plan(**network);
  EXPECT_TRUE(status.ok()) << status.error().message;
}

}  // namespace
}  // namespace ingot::testing
