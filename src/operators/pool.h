// y = the maximum, average or p-norm of x over a sliding window of each channel; x [N, C, spatial...].
// Source: ONNX MaxPool, AveragePool, LpPool; IPoolingLayer.
#pragma once

#include "operators/scaled.h"
#include "operators/window.h"

namespace ingot {

enum class PoolKind {
  kMax,      // padding never wins
  kAverage,  // over the taps inside x, or all taps inside x and its padding with count_include_pad
  kLp,       // (sum of |x|^p)^(1/p)
  kBlend,    // (1 - blend_factor) * maximum + blend_factor * average
};
inline EnumWords<PoolKind> words_of(PoolKind) {
  return {{PoolKind::kMax, "max"}, {PoolKind::kAverage, "average"}, {PoolKind::kLp, "lp"}, {PoolKind::kBlend, "blend"}};
}

struct Pool final : OperatorBase<Pool>, Window, ScaledFields {
  static constexpr const char* kName = "pool";
  PoolKind kind = PoolKind::kMax;
  std::vector<int64_t> kernel;
  bool ceil_mode = false;          // a last window that is only partly inside counts
  bool count_include_pad = false;  // of kAverage and kBlend
  int64_t p = 2;                   // of kLp
  double blend_factor = 0;         // of kBlend
  bool with_indices = false;       // of kMax: a second output, int64, the maximum's place in x counted over all of x
  bool column_major = false;       // indices count the last spatial dimension slowest

  template <class Visitor>
  void fields(Visitor visit) {
    visit("kind", kind);
    visit("kernel", kernel);
    visit_window(visit);
    visit("ceil_mode", ceil_mode);
    visit("count_include_pad", count_include_pad);
    visit("p", p);
    visit("blend_factor", blend_factor);
    visit("with_indices", with_indices);
    visit("column_major", column_major);
    visit_scales(visit);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
