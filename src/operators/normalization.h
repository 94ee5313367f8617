// y = (x - mean) / sqrt(variance + epsilon) * scale + bias, mean and variance (of the population) taken over a region of x.
// Source: ONNX LayerNormalization, InstanceNormalization, GroupNormalization, RMSNormalization; INormalizationLayer.
#pragma once

#include "operators/epilogue.h"
#include "operators/scaled.h"

namespace ingot {

enum class NormalizationKind {
  kLayer,     // region: `axes`; scale and bias broadcast to x from the right
  kInstance,  // region: the spatial dimensions of one channel; scale and bias [C]
  kGroup,     // region: C / groups channels and their spatial dimensions; scale and bias [C]
  kRms,       // as kLayer, with mean 0 and variance mean(x * x)
};
inline EnumWords<NormalizationKind> words_of(NormalizationKind) {
  return {{NormalizationKind::kLayer, "layer"},
          {NormalizationKind::kInstance, "instance"},
          {NormalizationKind::kGroup, "group"},
          {NormalizationKind::kRms, "rms"}};
}

// Inputs x, optional scale, optional bias (null where left out). Computes in float (double for double) whatever the type of x.
struct Normalization final : OperatorBase<Normalization>, ScaledFields {
  static constexpr const char* kName = "normalization";
  NormalizationKind kind = NormalizationKind::kLayer;
  std::vector<int64_t> axes = {-1};  // of kLayer and kRms
  int64_t groups = 1;                // of kGroup
  double epsilon = 1e-5;
  Expression epilogue;  // x0 = y as above, x1 = the fourth input, of x's shape

  template <class Visitor>
  void fields(Visitor visit) {
    visit("kind", kind);
    visit("axes", axes);
    visit("groups", groups);
    visit("epsilon", epsilon);
    visit("epilogue", epilogue);
    visit_scales(visit);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
  Result<Arrays> evaluate(const Arrays& inputs) const override;
};

}  // namespace ingot
