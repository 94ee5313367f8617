// How a scattered element joins the one that stands there.
#pragma once

#include "network/operator.h"

namespace ingot {

enum class ScatterReduction { kNone, kAdd, kMul, kMax, kMin };
inline EnumWords<ScatterReduction> words_of(ScatterReduction) {
  return {{ScatterReduction::kNone, "none"},
          {ScatterReduction::kAdd, "add"},
          {ScatterReduction::kMul, "mul"},
          {ScatterReduction::kMax, "max"},
          {ScatterReduction::kMin, "min"}};
}

// y[to[i]] = reduction(y[to[i]], updates[i]), one after the other, by flat indices.
Status scatter_into(Array& y, const std::vector<int64_t>& to, const Array& updates, ScatterReduction reduction);

}  // namespace ingot
