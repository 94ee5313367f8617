#include "build/magnitudes.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ingot {
namespace {

constexpr size_t kSteps = 128;           // of int8's positive half
constexpr size_t kCandidateStride = 16;  // bins between cuts that are tried
constexpr uint64_t kLeastCount = 2048;   // values below which a distribution says nothing

// The divergence of a histogram cut after `kept` bins from what int8 makes of it.
double divergence(const std::vector<double>& bins, const std::vector<double>& sums, size_t kept) {
  const double all = sums.back(), inside = sums[kept], outliers = all - inside;
  double result = 0;
  for (size_t step = 0; step < kSteps; ++step) {
    const size_t begin = step * kept / kSteps, end = (step + 1) * kept / kSteps;
    size_t occupied = 0;
    for (size_t i = begin; i < end; ++i) occupied += bins[i] > 0;
    // Each occupied bin of a step gets an equal share of the step's values.
    const double share = occupied ? (sums[end] - sums[begin]) / static_cast<double>(occupied) / inside : 0;
    for (size_t i = begin; i < end; ++i) {
      const double p = (bins[i] + (i + 1 == kept ? outliers : 0)) / all;
      if (p <= 0) continue;
      result += p * std::log(p / std::max(bins[i] > 0 ? share : 0, 1e-12));
    }
  }
  return result;
}

}  // namespace

void Magnitudes::widen(float magnitude) {
  int exponent = 0;
  std::frexp(magnitude, &exponent);
  double wanted = std::ldexp(1.0, exponent);  // magnitude < wanted
  if (width_ == 0) {
    bins_.assign(kBins, 0);
    width_ = wanted;
    return;
  }
  for (; width_ < wanted; width_ *= 2) {
    for (size_t i = 0; i < kBins / 2; ++i) bins_[i] = bins_[2 * i] + bins_[2 * i + 1];
    std::fill(bins_.begin() + kBins / 2, bins_.end(), 0);
  }
}

void Magnitudes::add(const float* values, size_t count) {
  constexpr float kMost = std::numeric_limits<float>::max();
  float largest = 0;
  for (size_t i = 0; i < count; ++i) {
    const float magnitude = std::fabs(values[i]);
    largest = magnitude <= kMost && magnitude > largest ? magnitude : largest;
  }
  if (largest > 0 && largest >= width_) widen(largest);
  largest_ = std::max(largest_, largest);
  count_ += count;
  const double per_bin = width_ > 0 ? static_cast<double>(kBins) / width_ : 0;
  for (size_t i = 0; i < count; ++i) {
    const float magnitude = std::fabs(values[i]);
    if (magnitude == 0)
      ++zeros_;
    else if (!(magnitude <= kMost))
      ++not_finite_;
    else
      ++bins_[static_cast<size_t>(magnitude * per_bin)];
  }
}

float Magnitudes::entropy_cut() const {
  const uint64_t told = count_ - zeros_ - not_finite_;  // zeros are exact at any scale
  if (told < kLeastCount) return largest_;
  const double per_bin = width_ / kBins;
  const size_t used = std::min(kBins, static_cast<size_t>(largest_ / per_bin) + 1);
  std::vector<double> bins(bins_.begin(), bins_.begin() + used), sums(used + 1, 0);
  for (size_t i = 0; i < used; ++i) sums[i + 1] = sums[i] + bins[i];
  size_t best = used;
  double least = used > kSteps ? divergence(bins, sums, used) : 0;
  for (size_t kept = kSteps; kept < used; kept += kCandidateStride) {
    if (sums[kept] == 0) continue;
    const double lost = divergence(bins, sums, kept);
    if (lost < least) {
      least = lost;
      best = kept;
    }
  }
  return best == used ? largest_ : static_cast<float>(static_cast<double>(best) * per_bin);
}

float Magnitudes::legacy_cut(double quantile, double cutoff) const {
  if (peaks_.empty()) return largest_;
  std::vector<float> peaks = peaks_;
  std::sort(peaks.begin(), peaks.end());
  const size_t index = static_cast<size_t>(std::ceil(std::clamp(quantile, 0.0, 1.0) * static_cast<double>(peaks.size())));
  const float chosen = peaks[std::min(index ? index - 1 : 0, peaks.size() - 1)];
  return std::max(chosen, static_cast<float>(std::clamp(cutoff, 0.0, 1.0) * largest_));
}

}  // namespace ingot
