// Helpers that reorder weights, up to generation 8.
#include <cstring>

#include "NvUtils.h"
#include "api/convert.h"
#include "api/reporter.h"

namespace nvinfer1 {
namespace utils {
namespace {

using ingot::invalid;
using ingot::Result;
using ingot::Status;

// What fails is told to the process's first logger.
template <class Work>
bool reported(Work&& work) noexcept {
  ingot::api::Reporter reporter(::getLogger());
  return ingot::api::guarded(reporter, false, std::forward<Work>(work));
}

Result<size_t> element_bytes(DataType type) {
  TRY_ASSIGN(ingot::DataType core, ingot::api::to_core(type));
  if (ingot::bits_of(core) < 8) return invalid("elements of less than a byte are not reordered");
  return static_cast<size_t>(ingot::bits_of(core)) / 8;
}

}  // namespace

TENSORRTAPI bool reshapeWeights(Weights const& input, int32_t const* shape, int32_t const* shapeOrder, void* data,
                                int32_t nbDims) noexcept {
  return reported([&]() -> Status {
    if (!shape || !shapeOrder || !data || (input.count > 0 && !input.values)) return invalid("reshapeWeights: an argument is null");
    if (nbDims < 1 || nbDims > Dims64::MAX_DIMS)
      return invalid("reshapeWeights: " + std::to_string(nbDims) + " dimensions; there are 1 to 8");
    TRY_ASSIGN(const size_t size, element_bytes(input.type));
    ingot::Shape from(shape, shape + nbDims), order(shapeOrder, shapeOrder + nbDims), to;
    std::vector<bool> seen(static_cast<size_t>(nbDims));
    for (int64_t axis : order) {
      if (axis < 0 || axis >= nbDims || seen[static_cast<size_t>(axis)])
        return invalid("reshapeWeights: " + ingot::to_text(order) + " is no order of " + std::to_string(nbDims) + " dimensions");
      seen[static_cast<size_t>(axis)] = true;
      to.push_back(from[static_cast<size_t>(axis)]);
    }
    TRY_ASSIGN(const int64_t count, ingot::volume(from));
    if (count != input.count)
      return invalid("reshapeWeights: " + std::to_string(input.count) + " weights do not have the shape " + ingot::to_text(from));
    const ingot::Shape strides = ingot::row_major_strides(from);
    auto* out = static_cast<std::byte*>(data);
    for (ingot::IndexWalk walk(to); !walk.done(); walk.next(), out += size) {
      int64_t at = 0;
      for (size_t d = 0; d < order.size(); ++d) at += walk.index()[d] * strides[static_cast<size_t>(order[d])];
      std::memcpy(out, static_cast<const std::byte*>(input.values) + static_cast<size_t>(at) * size, size);
    }
    return ingot::Ok{};
  });
}

TENSORRTAPI bool reorderSubBuffers(void* input, int32_t const* order, int32_t num, int32_t size) noexcept {
  return reported([&]() -> Status {
    if (!input || !order || num < 0 || size < 0) return invalid("reorderSubBuffers: an argument is null or negative");
    const auto blocks = static_cast<size_t>(num), bytes = static_cast<size_t>(size);
    std::vector<bool> seen(blocks);
    for (size_t i = 0; i < blocks; ++i) {
      if (order[i] < 0 || order[i] >= num || seen[static_cast<size_t>(order[i])])
        return invalid("reorderSubBuffers: block " + std::to_string(order[i]) + " of " + std::to_string(num));
      seen[static_cast<size_t>(order[i])] = true;
    }
    std::vector<std::byte> copy(blocks * bytes);
    for (size_t i = 0; i < blocks; ++i)
      std::memcpy(copy.data() + i * bytes, static_cast<std::byte*>(input) + static_cast<size_t>(order[i]) * bytes, bytes);
    if (!copy.empty()) std::memcpy(input, copy.data(), copy.size());
    return ingot::Ok{};
  });
}

TENSORRTAPI bool transposeSubBuffers(void* input, DataType type, int32_t num, int32_t height, int32_t width) noexcept {
  return reported([&]() -> Status {
    if (!input || num < 0 || height < 0 || width < 0) return invalid("transposeSubBuffers: an argument is null or negative");
    TRY_ASSIGN(const size_t size, element_bytes(type));
    const auto rows = static_cast<size_t>(height), columns = static_cast<size_t>(width);
    std::vector<std::byte> copy(rows * columns * size);
    for (int32_t n = 0; n < num; ++n) {
      auto* matrix = static_cast<std::byte*>(input) + static_cast<size_t>(n) * copy.size();
      for (size_t r = 0; r < rows; ++r) {
        for (size_t c = 0; c < columns; ++c) std::memcpy(copy.data() + (c * rows + r) * size, matrix + (r * columns + c) * size, size);
      }
      if (!copy.empty()) std::memcpy(matrix, copy.data(), copy.size());
    }
    return ingot::Ok{};
  });
}

}  // namespace utils
}  // namespace nvinfer1
