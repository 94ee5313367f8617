// How often magnitudes occur in a tensor, and where int8 may cut them off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ingot {

// A histogram of |x| whose width doubles as it must. Widths are powers of two, so bins merge without a remainder, and the histogram of
// the same values is the same in any order and in batches of any size.
class Magnitudes {
 public:
  static constexpr size_t kBins = 4096;

  // NaN and infinities are left out, and counted in not_finite().
  void add(const float* values, size_t count);
  // The largest magnitude of a sample, one of those that add() was given piece by piece: what the quantile of legacy calibration is taken
  // of.
  void add_peak(float peak) { peaks_.push_back(peak); }

  float largest() const { return largest_; }
  uint64_t count() const { return count_; }
  uint64_t not_finite() const { return not_finite_; }

  // The cut that loses the least information by Kullback-Leibler divergence between the histogram, cut there, and its 128 steps of int8
  // (S. Migacz, "8-bit inference with TensorRT", GTC 2017). Too few values tell nothing: their largest is taken.
  float entropy_cut() const;
  // The `quantile` of the samples' peaks, but no less than `cutoff` of the largest.
  float legacy_cut(double quantile, double cutoff) const;

 private:
  void widen(float magnitude);

  std::vector<uint64_t> bins_;
  double width_ = 0;  // of all bins together: a power of two, 0 before there is a value that is not 0
  float largest_ = 0;
  uint64_t count_ = 0, zeros_ = 0, not_finite_ = 0;
  std::vector<float> peaks_;
};

}  // namespace ingot
