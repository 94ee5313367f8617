// How one layer is to run: what selection decides, plans keep and the runtime follows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "network/array.h"

namespace ingot {

// Memory layouts of a tensor [N, C, spatial...]; tensors of rank under 3 have only kLinear.
enum class Format : uint8_t {
  kLinear,        // row-major, as the dims stand
  kChannelsLast,  // channels innermost: [N, spatial..., C]
  kC16,           // channels in groups of 16, the last one padded with zeros: [N, C/16, spatial..., 16]
  // Formats of TensorRT's network borders, read and written by reformats only.
  kChw2,
  kHwc8,
  kChw4,
  kChw16,
  kChw32,
  kHwc,
  kHwc16,
};
std::string_view name_of(Format format);
Result<Format> format_from_name(std::string_view name);
bool is_channels_last(Format format);  // kChannelsLast, kHwc, kHwc8, kHwc16
int64_t channel_group(Format format);  // channels are padded to a multiple of it
// Bytes that a tensor of this shape takes, padding included; an error where it overflows.
Result<size_t> storage_bytes(DataType type, Format format, const Shape& shape);

// A constant as a tactic reads it. Packings are named and versioned; see tactics/packing.h.
struct PackedWeights {
  std::string packing;  // "" where the bytes are the plain row-major array
  size_t input = 0;     // which input of the layer it is
  const std::byte* data = nullptr;
  size_t size = 0;
  std::shared_ptr<const void> keeper;
};

struct Choice {
  std::string tactic;
  std::vector<Format> input_formats, output_formats;  // by input and output; kLinear for those left out
  std::vector<PackedWeights> packed;
  double ms = 0;  // as measured or estimated at build; 0 where unknown
};

}  // namespace ingot
