// The epilogue of a convolution or matrix product, read into the few shapes that tile kernels compute.
#pragma once

#include "operators/epilogue.h"
#include "tactics/cpu/tile_kernel.h"
#include "tactics/tactic.h"

namespace ingot {

// Where output channel c of the operator stands among whole panels: groups of `columns` channels, each rounded up to panels.
struct ChannelMap {
  int64_t groups = 1, columns = 0;
  int64_t padded_columns() const { return (columns + kPanelColumns - 1) / kPanelColumns * kPanelColumns; }
  int64_t padded_count() const { return groups * padded_columns(); }
  int64_t at(int64_t channel) const { return channel / columns * padded_columns() + channel % columns; }
};

class EpiloguePlan {
 public:
  // Why tiles cannot compute it: an expression of another shape, a bias or residual that is not what it could be.
  static Status accepts(const Problem& problem, const EpilogueFields& fields, Product product);
  // `sums` of 8-bit weights: [copies][padded channels]; the compensation is built for `a_offset` as TileKernel wants it.
  static Result<EpiloguePlan> make(const Problem& problem, const EpilogueFields& fields, Product product, const ChannelMap& map,
                                   int32_t a_offset, const std::vector<int32_t>& sums);

  // For the weights' copy `copy` (a phase of a deconvolution; 0 for all others).
  Finish finish(int64_t copy = 0) const;

 private:
  Finish finish_;
  std::vector<float> scale_, bias_;
  std::vector<int32_t> compensation_;
  std::shared_ptr<const EpilogueProgram> program_;
};

// The product that computes operands of these types, or why there is none.
Result<Product> product_of(DataType a, DataType b);

}  // namespace ingot
