#include "tactics/cpu/broadcast_loop.h"

#include <algorithm>

namespace ingot {
namespace {

constexpr int64_t kLongRow = 4096;  // columns of a piece of one row

struct LoopDim {
  int64_t size;
  int64_t output;
  std::vector<int64_t> strides;
};

}  // namespace

Result<BroadcastLoop> BroadcastLoop::make(const Shape& output, Format output_format, const std::vector<Shape>& inputs,
                                          const std::vector<Format>& formats, int64_t tile) {
  BroadcastLoop loop;
  if (inputs.size() > kMostInputs) return unsupported(std::to_string(inputs.size()) + " inputs are more than the 16 of a loop");
  loop.inputs_ = inputs.size();
  TRY_ASSIGN(loop.elements_, volume(output));
  if (loop.elements_ == 0) return loop;

  const Shape output_strides = memory_strides(output_format, output);
  std::vector<LoopDim> dims;
  for (size_t d = 0; d < output.size(); ++d) {
    if (output[d] > 1) dims.push_back({output[d], output_strides[d], std::vector<int64_t>(inputs.size(), 0)});
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Shape strides = memory_strides(formats[i], inputs[i]);
    const size_t skipped = output.size() - inputs[i].size();
    size_t at = 0;
    for (size_t d = 0; d < output.size(); ++d) {
      if (output[d] <= 1) continue;
      if (d >= skipped && inputs[i][d - skipped] != 1) dims[at].strides[i] = strides[d - skipped];
      ++at;
    }
  }
  std::stable_sort(dims.begin(), dims.end(), [](const LoopDim& a, const LoopDim& b) { return a.output > b.output; });
  std::vector<LoopDim> merged;
  for (const LoopDim& dim : dims) {
    bool fits = !merged.empty();
    for (size_t i = 0; fits && i < inputs.size(); ++i) fits = merged.back().strides[i] == dim.strides[i] * dim.size;
    if (fits) {
      merged.back().size *= dim.size;
      merged.back().strides = dim.strides;
    } else {
      merged.push_back(dim);
    }
  }
  while (merged.size() < 2) merged.insert(merged.begin(), {1, 0, std::vector<int64_t>(inputs.size(), 0)});
  if (merged.size() > kMostDims)
    return unsupported("inputs broadcast along " + std::to_string(merged.size()) + " separate dims; at most 10 are taken");

  loop.dims_ = static_cast<int>(merged.size());
  int64_t outer = 1;
  for (size_t d = 0; d < merged.size(); ++d) {
    loop.sizes_[d] = merged[d].size;
    for (size_t i = 0; i < inputs.size(); ++i) loop.strides_[i][d] = merged[d].strides[i];
    if (d + 2 < merged.size()) outer *= merged[d].size;
  }
  loop.rows_ = merged[merged.size() - 2].size;
  loop.columns_ = merged.back().size;
  loop.cuts_columns_ = loop.columns_ > tile;
  if (loop.cuts_columns_) {
    loop.block_ = std::min(loop.columns_, kLongRow);
    loop.column_blocks_ = (loop.columns_ + loop.block_ - 1) / loop.block_;
    loop.blocks_ = loop.rows_ * loop.column_blocks_;
  } else {
    loop.block_ = std::max<int64_t>(1, tile / loop.columns_);
    loop.blocks_ = (loop.rows_ + loop.block_ - 1) / loop.block_;
  }
  loop.pieces_ = outer * loop.blocks_;
  return loop;
}

}  // namespace ingot
