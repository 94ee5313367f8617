// cuda.if: the host reads the condition and runs one of the branches on the GPU.
#include "operators/if.h"

#include "tactics/cuda/control.h"

namespace ingot::cuda {
namespace {

struct IfLaunch final : ControlLaunch {
  std::unique_ptr<Body> branches[2];  // else, then

  Status open() override {
    const auto& own = static_cast<const If&>(*op);
    const size_t middle = 1 + own.then_branch->inputs().size();
    TRY_ASSIGN(branches[0], body_of(*own.else_branch, middle));
    TRY_ASSIGN(branches[1], body_of(*own.then_branch, 1));
    return Ok{};
  }

  Status run(const RunArguments& arguments) const override {
    TRY(check(arguments));
    const auto& own = static_cast<const If&>(*op);
    TRY_ASSIGN(const auto condition, number<uint8_t>(arguments, 0));
    const size_t middle = 1 + own.then_branch->inputs().size();
    std::vector<Body::Value> values, results;
    for (size_t i = condition ? 1 : middle; i < (condition ? middle : inputs.size()); ++i) values.push_back(value(arguments, i));
    TRY(branches[condition ? 1 : 0]->run(values, arguments.stream, &results).within(condition ? "in then_branch" : "in else_branch"));
    std::vector<Shape> shapes;
    for (size_t o = 0; o < results.size(); ++o) {
      TRY(give(arguments, o, results[o]));
      shapes.push_back(results[o].shape);
    }
    tell(std::move(shapes));
    return Ok{};
  }
};

struct IfBranches final : CudaTactic {
  std::string_view name() const override { return "cuda.if"; }
  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const If*>(problem.op), std::string(problem.op->name()) + " is no if");
    return takes_bodies(problem);
  }
  std::vector<Formats> proposals(const Problem& problem) const override { return {linear_formats(problem)}; }
  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>&) const override {
    return control_kernel<IfLaunch>(problem);
  }
};

}  // namespace
}  // namespace ingot::cuda

namespace ingot {
TACTIC(cuda::IfBranches, cuda, if)
}  // namespace ingot
