// What the scattering tactics share: the copy of the data, and how elements join.
#pragma once

#include <algorithm>
#include <cstring>

#include "operators/scatter.h"
#include "tactics/layout.h"

namespace ingot {

// Elements that are only moved take any type of whole bytes; sums and the like are for float, int32 and int64.
Status accepts_scatter(const Problem& problem, ScatterReduction reduction);
// Copies `bytes` by all threads.
void copy_by_all(ThreadPool& pool, const void* from, void* to, int64_t bytes);

// T as it is added: without the undefined overflow of signed integers.
template <class T>
T joined(T old, T update, ScatterReduction reduction) {
  switch (reduction) {
    case ScatterReduction::kAdd:
      if constexpr (std::is_same_v<T, float>)
        return old + update;
      else
        return static_cast<T>(static_cast<uint64_t>(old) + static_cast<uint64_t>(update));
    case ScatterReduction::kMul:
      if constexpr (std::is_same_v<T, float>)
        return old * update;
      else
        return static_cast<T>(static_cast<uint64_t>(old) * static_cast<uint64_t>(update));
    case ScatterReduction::kMax: return std::max(old, update);
    case ScatterReduction::kMin: return std::min(old, update);
    default: return update;
  }
}

// Calls function(T{}, reduction as a constant) for the element type of a reduction, or the unsigned integer of its size.
template <class Function>
void with_scatter(DataType type, ScatterReduction reduction, Function&& function) {
  const auto by_reduction = [&](auto element) {
    switch (reduction) {
      case ScatterReduction::kAdd: return function(element, std::integral_constant<ScatterReduction, ScatterReduction::kAdd>{});
      case ScatterReduction::kMul: return function(element, std::integral_constant<ScatterReduction, ScatterReduction::kMul>{});
      case ScatterReduction::kMax: return function(element, std::integral_constant<ScatterReduction, ScatterReduction::kMax>{});
      default: return function(element, std::integral_constant<ScatterReduction, ScatterReduction::kMin>{});
    }
  };
  constexpr std::integral_constant<ScatterReduction, ScatterReduction::kNone> kMove{};
  if (reduction != ScatterReduction::kNone) {
    if (type == DataType::kFloat) return by_reduction(float{});
    if (type == DataType::kInt32) return by_reduction(int32_t{});
    return by_reduction(int64_t{});
  }
  switch (bits_of(type)) {
    case 8: return function(uint8_t{}, kMove);
    case 16: return function(uint16_t{}, kMove);
    case 32: return function(uint32_t{}, kMove);
    default: return function(uint64_t{}, kMove);
  }
}

}  // namespace ingot
