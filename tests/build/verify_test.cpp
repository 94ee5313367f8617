// A build that verifies finds a tactic that is fast and wrong.
#include <cstring>

#include "helpers.h"
#include "tactics/tactic.h"

namespace ingot {
namespace {

// relu(x) as x: the fastest there is, and wrong below 0.
struct WrongRelu final : Tactic {
  static inline bool on = false;
  struct Copy final : Kernel, Launch {
    size_t bytes = 0;
    Result<std::unique_ptr<Launch>> launch(const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
      auto copy = std::make_unique<Copy>();
      copy->bytes = static_cast<size_t>(volume(inputs[0]).value()) * sizeof(float);
      return std::unique_ptr<Launch>(std::move(copy));
    }
    Status run(const RunArguments& arguments) const override {
      std::memcpy(arguments.outputs[0], arguments.inputs[0], bytes);
      return Ok{};
    }
  };
  std::string_view name() const override { return "cpu.wrong_relu"; }
  Status accepts(const Problem& problem) const override {
    if (!on || problem.inputs.size() != 1 || problem.inputs[0].type != DataType::kFloat || problem.outputs.size() != 1)
      return unsupported("of no use");
    return problem.outputs[0].dims == problem.inputs[0].dims ? Status(Ok{}) : unsupported("of no use");
  }
  std::vector<Formats> proposals(const Problem&) const override { return {{{Format::kLinear}, {Format::kLinear}}}; }
  Result<std::unique_ptr<Kernel>> prepare(const Problem&, const std::vector<PackedWeights>&) const override {
    return std::unique_ptr<Kernel>(std::make_unique<Copy>());
  }
  std::optional<double> estimate_ms(const Problem&) const override { return 0; }
};

struct Lines final : Log {
  std::string text;
  void write(Severity, const std::string& message) override { text += message + "\n"; }
};

TEST(Verify, ATacticThatDisagreesIsNamedAndNotTaken) {
  static const bool added = [] {
    register_all_tactics();
    TacticCatalogue::instance().add(std::make_unique<WrongRelu>());
    return true;
  }();
  (void)added;
  WrongRelu::on = true;
  auto network = network_of("input x [4, 64]\ny = relu(x)\noutput y");
  for (bool verify : {false, true}) {
    Lines log;
    BuildConfig config;
    config.log = &log;
    config.verify = verify;
    config.optimization_level = 0;  // by estimate, so that the wrong one is first
    auto plan = build_plan(*network, config);
    ASSERT_TRUE(plan.ok()) << plan.error().message;
    EXPECT_EQ(plan->choices[0].tactic == "cpu.wrong_relu", !verify);
    EXPECT_EQ(log.text.find("the tactic cpu.wrong_relu is rejected: output 0 differs from the reference by") != std::string::npos, verify)
        << log.text;
    EXPECT_EQ(log.text.find("1 was rejected") != std::string::npos, verify) << log.text;
  }
  WrongRelu::on = false;
}

}  // namespace
}  // namespace ingot
