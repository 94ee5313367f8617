// Rows of floats for kernels that compute in float on elements of other types: on the stack where they fit, in the workspace where not.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace ingot {

class RowBuffer {
 public:
  // 256 KiB on the stack: pages that a short row does not touch cost nothing.
  static constexpr int64_t kOnStack = 64 * 1024;
  static constexpr int64_t kMostPartsInWorkspace = 8;

  // The buffer of one part; `workspace` as the launch asked for it with workspace_bytes().
  RowBuffer(int64_t floats, void* workspace, int64_t part)
      : row_(floats <= kOnStack ? stack_ : static_cast<float*>(workspace) + part * padded(floats)) {}
  float* row() { return row_; }

  static size_t workspace_bytes(int64_t floats, int64_t parts) {
    return floats <= kOnStack ? 0 : static_cast<size_t>(parts * padded(floats)) * sizeof(float);
  }
  // Long rows run in few parts, so that the workspace stays small.
  static int64_t bounded_parts(int64_t floats, int64_t parts) {
    return floats <= kOnStack ? parts : std::min(parts, kMostPartsInWorkspace);
  }

 private:
  static int64_t padded(int64_t floats) { return (floats + 15) / 16 * 16; }
  float* row_;
  alignas(64) float stack_[kOnStack];
};

}  // namespace ingot
