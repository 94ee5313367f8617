// ONNX MelWeightMatrix-17: triangles over the bins of a spectrum, one for each band, whose corners are equally far apart on the mel scale
// m(f) = 2595 * log10(1 + f / 700). Written out as a constant.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "operators/onnx_input.h"
#include "operators/onnx_types.h"
#include "operators/register.h"

namespace ingot {
namespace {

constexpr int64_t kMostElements = int64_t{1} << 28;

double mel_of(double hertz) { return 2595 * std::log1p(hertz / 700) / std::log(10); }
double hertz_of(double mel) { return 700 * std::expm1(mel / 2595 * std::log(10)); }

Result<Tensor*> import_mel_weights(const OnnxNode& node, Network& network) {
  static constexpr const char* kNames[] = {"num_mel_bins", "dft_length", "sample_rate", "lower_edge_hertz", "upper_edge_hertz"};
  double in[5];
  for (size_t i = 0; i < 5; ++i) {
    TRY_ASSIGN(const Array value, constant_input(node, i, kNames[i]));
    if (value.count() != 1) return invalid(fmt::format("{} is {}; one number is wanted", kNames[i], to_text(value.shape())));
    in[i] = value.number(0);
  }
  TRY_ASSIGN(const int64_t number, node.integer("output_datatype", 1));
  TRY_ASSIGN(const DataType type, data_type_from_onnx(number));
  if (!(in[0] >= 1 && in[1] >= 1 && in[2] >= 1 && in[0] < 1e9 && in[1] < 1e9) || !(in[3] >= 0 && in[4] >= in[3]))
    return invalid(fmt::format("{} bands of a spectrum of {} at {} Hz from {} to {} Hz cannot be", in[0], in[1], in[2], in[3], in[4]));
  const auto bands = static_cast<int64_t>(in[0]), length = static_cast<int64_t>(in[1]), bins = length / 2 + 1;
  if (bins > kMostElements / bands) return unsupported(fmt::format("a matrix [{}, {}] is too large to be written out", bins, bands));
  const double low = mel_of(in[3]), step = (mel_of(in[4]) - low) / static_cast<double>(bands + 2);
  std::vector<int64_t> corners;
  for (int64_t i = 0; i < bands + 2; ++i) {
    corners.push_back(
        static_cast<int64_t>(std::floor(static_cast<double>(length + 1) * hertz_of(low + static_cast<double>(i) * step) / in[2])));
  }
  if (corners.back() > bins) return invalid(fmt::format("the upper edge of {} Hz lies above half the sample rate of {} Hz", in[4], in[2]));
  TRY_ASSIGN(Array weights, Array::make(type, {bins, bands}));
  const auto set = [&](int64_t bin, int64_t band, double value) {
    if (bin < bins) weights.set_number(bin * bands + band, value);
  };
  for (int64_t band = 0; band < bands; ++band) {
    const auto at = static_cast<size_t>(band);
    const int64_t left = corners[at], top = corners[at + 1], right = corners[at + 2];
    // The peak is 1, also where the triangle has no left side.
    set(top, band, 1);
    for (int64_t bin = left; bin < top; ++bin) set(bin, band, static_cast<double>(bin - left) / static_cast<double>(top - left));
    for (int64_t bin = top; bin < right; ++bin) set(bin, band, static_cast<double>(right - bin) / static_cast<double>(right - top));
  }
  return network.add_constant(node.name(), std::move(weights));
}

}  // namespace

REGISTER_OPERATORS(mel_weights) { catalogue.add_onnx("MelWeightMatrix", one_output<import_mel_weights>); }

}  // namespace ingot
