#include "operators/scatter.h"

#include <algorithm>

#include "operators/moving.h"

namespace ingot {

namespace {

template <class T>
T join(T old, T update, ScatterReduction reduction) {
  switch (reduction) {
    case ScatterReduction::kAdd: return old + update;
    case ScatterReduction::kMul: return old * update;
    case ScatterReduction::kMax: return std::max(old, update);
    case ScatterReduction::kMin: return std::min(old, update);
    default: return update;
  }
}

}  // namespace

Status scatter_into(Array& y, const std::vector<int64_t>& to, const Array& updates, ScatterReduction reduction) {
  if (bits_of(y.type()) < 8) return unsupported("scattering elements of less than a byte");
  if (y.type() == DataType::kBool && reduction != ScatterReduction::kNone) {
    // max is or, min is and; sums and products of bools are these, too.
    reduction = reduction == ScatterReduction::kAdd   ? ScatterReduction::kMax
                : reduction == ScatterReduction::kMul ? ScatterReduction::kMin
                                                      : reduction;
  }
  if (reduction == ScatterReduction::kNone) {
    with_element_of(y.type(), [&](auto element) {
      using T = decltype(element);
      T* target = y.as_mutable<T>();
      for (size_t i = 0; i < to.size(); ++i) target[to[i]] = updates.as<T>()[i];
    });
  } else if (is_floating(y.type())) {
    for (size_t i = 0; i < to.size(); ++i) {
      const double old = y.number(to[i]), update = updates.number(static_cast<int64_t>(i));
      // Sums round in the element type at each step, as a loop over elements does.
      y.set_number(to[i], y.type() == DataType::kDouble ? join(old, update, reduction)
                                                        : join(static_cast<float>(old), static_cast<float>(update), reduction));
    }
  } else {
    for (size_t i = 0; i < to.size(); ++i) {
      // Unsigned, so that an overflow wraps instead of being undefined.
      const int64_t old = y.integer(to[i]), update = updates.integer(static_cast<int64_t>(i));
      int64_t joined;
      if (reduction == ScatterReduction::kAdd)
        joined = static_cast<int64_t>(static_cast<uint64_t>(old) + static_cast<uint64_t>(update));
      else if (reduction == ScatterReduction::kMul)
        joined = static_cast<int64_t>(static_cast<uint64_t>(old) * static_cast<uint64_t>(update));
      else
        joined = join(old, update, reduction);
      y.set_integer(to[i], joined);
    }
  }
  return Ok{};
}

}  // namespace ingot
