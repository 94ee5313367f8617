// y = the sum, mean, ... of x over some axes, then the epilogue (x0 = the reduced value, x1.. = further inputs, broadcast to y).
// Source: ONNX ReduceSum, ReduceMean, ReduceMax ..., GlobalAveragePool, GlobalMaxPool; IReduceLayer.
#pragma once

#include "operators/expression.h"
#include "operators/scaled.h"

namespace ingot {

enum class ReduceKind {
  kSum,
  kMean,
  kMax,  // bool: any
  kMin,  // bool: all
  kProduct,
  kL1,         // sum of |x|
  kL2,         // sqrt of sum of x*x
  kLogSum,     // log(sum)
  kLogSumExp,  // log(sum(exp(x))), computed without overflow
  kSumSquare,
};
inline EnumWords<ReduceKind> words_of(ReduceKind) {
  return {{ReduceKind::kSum, "sum"},
          {ReduceKind::kMean, "mean"},
          {ReduceKind::kMax, "max"},
          {ReduceKind::kMin, "min"},
          {ReduceKind::kProduct, "product"},
          {ReduceKind::kL1, "l1"},
          {ReduceKind::kL2, "l2"},
          {ReduceKind::kLogSum, "log_sum"},
          {ReduceKind::kLogSumExp, "log_sum_exp"},
          {ReduceKind::kSumSquare, "sum_square"}};
}

struct Reduce final : OperatorBase<Reduce>, ScaledFields {
  static constexpr const char* kName = "reduce";
  ReduceKind kind = ReduceKind::kSum;
  std::vector<int64_t> axes;  // negative ones count from the last; none: each element by itself
  bool keepdims = true;       // reduced axes stay as 1
  Expression epilogue;

  Reduce() = default;
  Reduce(ReduceKind kind, std::vector<int64_t> axes, bool keepdims = true) : kind(kind), axes(std::move(axes)), keepdims(keepdims) {}
  template <class Visitor>
  void fields(Visitor visit) {
    visit("kind", kind);
    visit("axes", axes);
    visit("keepdims", keepdims);
    visit("epilogue", epilogue);
    visit_scales(visit);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
