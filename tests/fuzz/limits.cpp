#include "limits.h"

#include <algorithm>

#include "base/byte_reader.h"

namespace ingot {

bool is_quick_to_run(const Network& network, const SymbolValues& symbols, int64_t most_elements) {
  int64_t elements = 0;
  for (const auto& tensor : network.tensors()) {
    int64_t count = 1;
    for (int64_t size : shape_at(tensor->type.dims, symbols)) {
      if (size < 0 || !checked_multiply(count, size, &count)) return false;
    }
    if (!checked_add(elements, count, &elements) || elements > most_elements) return false;
  }
  for (const auto& layer : network.layers()) {
    for (const Field& field : layer->op().fields()) {
      // Bodies of loops and branches run by counts and captures of their own; long windows make small outputs slow.
      if (std::holds_alternative<std::shared_ptr<Network>>(field.value)) return false;
      if (const auto* integers = std::get_if<std::vector<int64_t>>(&field.value)) {
        if (std::any_of(integers->begin(), integers->end(), [&](int64_t value) { return value > most_elements; })) return false;
      }
    }
  }
  return true;
}

}  // namespace ingot
