// cpu.determinant: elimination with pivots, in doubles; matrices are shared out among threads.
#include "operators/determinant.h"

#include <cmath>

#include "tactics/cpu/column_steps.h"
#include "tactics/cpu/plain_tactic.h"

namespace ingot {
namespace {

// Of the matrix [n, n], which is lost.
double eliminate(double* matrix, int64_t n, const ColumnSteps& steps) {
  double product = 1;
  for (int64_t k = 0; k < n; ++k) {
    int64_t pivot = k;
    for (int64_t i = k + 1; i < n; ++i) {
      if (std::abs(matrix[i * n + k]) > std::abs(matrix[pivot * n + k])) pivot = i;
    }
    double *top = matrix + k * n, *chosen = matrix + pivot * n;
    if (chosen[k] == 0) return 0;
    if (pivot != k) {
      for (int64_t j = k; j < n; ++j) std::swap(chosen[j], top[j]);
      product = -product;
    }
    product *= top[k];
    for (int64_t i = k + 1; i < n; ++i) {
      double* row = matrix + i * n;
      const double factor = row[k] / top[k];
      if (n - k > 8) {
        steps.subtract(top + k, factor, row + k, n - k);
      } else {
        for (int64_t j = k; j < n; ++j) row[j] -= factor * top[j];
      }
    }
  }
  return product;
}

struct DeterminantByElimination final : PlainTactic {
  std::string_view name() const override { return "cpu.determinant"; }

  Status accepts(const Problem& problem) const override {
    REQUIRES(dynamic_cast<const Determinant*>(problem.op), std::string(problem.op->name()) + " is no determinant");
    return accepts_plain_floats(problem, {0});
  }

  // Matrices, and elements of one.
  static std::pair<int64_t, int64_t> sizes_of(const Shape& shape) {
    int64_t matrices = 1;
    for (size_t d = 0; d + 2 < shape.size(); ++d) matrices *= shape[d];
    return {matrices, shape.back() * shape.back()};
  }
  size_t workspace_bytes(const Operator&, const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    const auto [matrices, elements] = sizes_of(inputs[0]);
    return static_cast<size_t>(PlainCall::parts_for(matrices, elements * inputs[0].back()) * elements) * sizeof(double);
  }

  Status run(const PlainCall& call) const override {
    const Shape& shape = call.inputs[0];
    const int64_t n = shape.back();
    if (shape[shape.size() - 2] != n) return invalid(to_text(shape) + " are no square matrices");
    const auto [matrices, elements] = sizes_of(shape);
    const auto* x = call.from<float>(0);
    auto* y = call.to<float>(0);
    auto* memory = static_cast<double*>(call.workspace);
    const ColumnSteps& steps = column_steps();
    call.share(matrices, elements * n, [&, size = elements](int64_t first, int64_t last, int64_t part) {
      double* matrix = memory + part * size;
      for (int64_t i = first; i < last; ++i) {
        std::copy(x + i * size, x + (i + 1) * size, matrix);
        y[i] = static_cast<float>(eliminate(matrix, n, steps));
      }
    });
    return Ok{};
  }
};

}  // namespace

TACTIC(DeterminantByElimination, cpu, determinant)

}  // namespace ingot
