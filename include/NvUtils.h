// Helpers that reorder weights, up to generation 8. Each returns false where the arguments do not fit together.
#pragma once

#include "NvInfer.h"

namespace nvinfer1 {
namespace utils {

// Transposes weights of shape [shape[0], ...] so that output dimension i is input dimension shapeOrder[i]. `data` has room for all.
TENSORRTAPI bool reshapeWeights(Weights const& input, int32_t const* shape, int32_t const* shapeOrder, void* data, int32_t nbDims) noexcept;
// Reorders `num` blocks of `size` bytes in place: block i comes from block order[i].
TENSORRTAPI bool reorderSubBuffers(void* input, int32_t const* order, int32_t num, int32_t size) noexcept;
// Transposes, in place, `num` matrices of height x width elements.
TENSORRTAPI bool transposeSubBuffers(void* input, DataType type, int32_t num, int32_t height, int32_t width) noexcept;

}  // namespace utils
}  // namespace nvinfer1
