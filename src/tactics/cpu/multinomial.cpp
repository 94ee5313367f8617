// cpu.multinomial: the exponentials of a row are taken and added up once for all that is drawn from it.
#include "operators/multinomial.h"

#include <algorithm>
#include <cmath>

#include "operators/random.h"
#include "tactics/cpu/plain_tactic.h"

namespace ingot {
namespace {

struct MultinomialRows final : PlainTactic {
  std::string_view name() const override { return "cpu.multinomial"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Multinomial*>(problem.op), std::string(problem.op->name()) + " is no multinomial");
    REQUIRES(problem.inputs[0].type == DataType::kFloat, "the input is " + std::string(name_of(problem.inputs[0].type)));
    const DataType to = problem.outputs[0].type;
    REQUIRES(to == DataType::kInt32 || to == DataType::kInt64, "classes are " + std::string(name_of(to)));
    return all_linear(problem);
  }
  size_t workspace_bytes(const Operator&, const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    return static_cast<size_t>(inputs[0][0] * inputs[0][1]) * sizeof(double);
  }

  Status run(const PlainCall& call) const override {
    const auto& op = call.as<Multinomial>();
    const int64_t rows = call.inputs[0][0], classes = call.inputs[0][1];
    if (rows * op.count > 0 && classes == 0) return invalid("there are no classes to draw from");
    call.share(classes == 0 ? 0 : rows, 8 * classes + op.count * 16, [&](int64_t first, int64_t last) {
      for (int64_t row = first; row < last; ++row) {
        const float* x = call.from<float>(0) + row * classes;
        double* ends = static_cast<double*>(call.workspace) + row * classes;
        const double largest = *std::max_element(x, x + classes);
        // Each class's end within the total.
        double sum = 0;
        for (int64_t k = 0; k < classes; ++k) ends[k] = sum += std::exp(x[k] - largest);
        for (int64_t i = row * op.count; i < (row + 1) * op.count; ++i) {
          // The class in whose part of the total the random number falls.
          const double* found = std::upper_bound(ends, ends + classes - 1, random_uniform(op.seed, i) * sum);
          const int64_t chosen = found - ends;
          if (op.to == DataType::kInt64)
            call.to<int64_t>(0)[i] = chosen;
          else
            call.to<int32_t>(0)[i] = static_cast<int32_t>(chosen);
        }
      }
    });
    return Ok{};
  }
};

}  // namespace

TACTIC(MultinomialRows, cpu, multinomial)

}  // namespace ingot
