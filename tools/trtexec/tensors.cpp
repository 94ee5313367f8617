#include "tensors.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "log.h"

namespace ingot::trtexec {

using nvinfer1::DataType;
using nvinfer1::TensorFormat;

namespace {

int bits_of(DataType type) {
  switch (type) {
    case DataType::kFLOAT:
    case DataType::kINT32: return 32;
    case DataType::kHALF:
    case DataType::kBF16: return 16;
    case DataType::kINT64: return 64;
    case DataType::kINT4:
    case DataType::kFP4: return 4;
    default: return 8;
  }
}

// Channels that stay together, and whether they are the last thing in memory as a whole.
struct Grouping {
  int64_t group;
  bool channels_last;
};

Grouping grouping_of(TensorFormat format) {
  switch (format) {
    case TensorFormat::kCHW2: return {2, false};
    case TensorFormat::kCHW4: return {4, false};
    case TensorFormat::kCHW16: return {16, false};
    case TensorFormat::kCHW32:
    case TensorFormat::kCDHW32: return {32, false};
    case TensorFormat::kHWC:
    case TensorFormat::kDHWC: return {1, true};
    case TensorFormat::kHWC8:
    case TensorFormat::kDHWC8: return {8, true};
    case TensorFormat::kHWC16: return {16, true};
    default: return {1, false};
  }
}

// Channels are third from the end, or fourth where there is a depth.
int32_t channel_axis(const Layout& layout) {
  const bool deep = layout.format == TensorFormat::kDHWC || layout.format == TensorFormat::kDHWC8 || layout.format == TensorFormat::kCDHW32;
  return layout.dims.nbDims - (deep ? 4 : 3);
}

bool is_linear(const Layout& layout) {
  const Grouping grouping = grouping_of(layout.format);
  return (grouping.group == 1 && !grouping.channels_last) || channel_axis(layout) < 0;
}

// Where element `index` of the row-major order lies, in elements.
int64_t place_of(const Layout& layout, int64_t index) {
  if (is_linear(layout)) return index;
  const Grouping grouping = grouping_of(layout.format);
  const int32_t axis = channel_axis(layout);
  int64_t inner = 1, outer = 1;
  for (int32_t i = axis + 1; i < layout.dims.nbDims; ++i) inner *= layout.dims.d[i];
  const int64_t channels = layout.dims.d[axis], padded = (channels + grouping.group - 1) / grouping.group * grouping.group;
  const int64_t position = index % inner, channel = index / inner % channels;
  outer = index / inner / channels;
  if (grouping.channels_last) return (outer * inner + position) * padded + channel;
  return ((outer * (padded / grouping.group) + channel / grouping.group) * inner + position) * grouping.group + channel % grouping.group;
}

// A float of few bits; all ones in the exponent are infinities and NaN where `has_infinity`.
double small_float(uint32_t bits, int exponent_bits, int mantissa_bits, bool has_infinity) {
  const uint32_t mantissa = bits & ((1u << mantissa_bits) - 1), exponent = (bits >> mantissa_bits) & ((1u << exponent_bits) - 1);
  const double sign = (bits >> (exponent_bits + mantissa_bits)) & 1 ? -1 : 1;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  if (has_infinity && exponent == (1u << exponent_bits) - 1) return mantissa ? std::nan("") : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(mantissa, 1 - bias - mantissa_bits);
  return sign * std::ldexp(mantissa + (1u << mantissa_bits), static_cast<int>(exponent) - bias - mantissa_bits);
}

template <class T>
T at(const void* data, int64_t place) {
  T value;
  std::memcpy(&value, static_cast<const char*>(data) + place * static_cast<int64_t>(sizeof(T)), sizeof value);
  return value;
}

uint32_t nibble(const void* data, int64_t place) { return (at<uint8_t>(data, place / 2) >> (place % 2 * 4)) & 15; }

int64_t integer_at(const void* data, DataType type, int64_t place) {
  switch (type) {
    case DataType::kINT8: return at<int8_t>(data, place);
    case DataType::kINT32: return at<int32_t>(data, place);
    case DataType::kINT64: return at<int64_t>(data, place);
    case DataType::kINT4: return static_cast<int64_t>(nibble(data, place) ^ 8) - 8;
    default: return at<uint8_t>(data, place);
  }
}

double real_at(const void* data, DataType type, int64_t place) {
  switch (type) {
    case DataType::kFLOAT: return at<float>(data, place);
    case DataType::kHALF: return small_float(at<uint16_t>(data, place), 5, 10, true);
    case DataType::kBF16: return small_float(at<uint16_t>(data, place), 8, 7, true);
    case DataType::kFP8: {
      const uint8_t bits = at<uint8_t>(data, place);
      return (bits & 127) == 127 ? std::nan("") : small_float(bits, 4, 3, false);
    }
    case DataType::kFP4: return small_float(nibble(data, place), 2, 1, false);
    case DataType::kE8M0: return std::ldexp(1.0, at<uint8_t>(data, place) - 127);
    default: return static_cast<double>(integer_at(data, type, place));
  }
}

}  // namespace

bool is_integer(DataType type) {
  switch (type) {
    case DataType::kINT8:
    case DataType::kINT32:
    case DataType::kBOOL:
    case DataType::kUINT8:
    case DataType::kINT64:
    case DataType::kINT4: return true;
    default: return false;
  }
}

int64_t Layout::count() const {
  int64_t product = 1;
  for (int32_t i = 0; i < dims.nbDims; ++i) product *= dims.d[i];
  return product;
}

int64_t Layout::bytes() const {
  int64_t elements = count();
  if (!is_linear(*this) && elements > 0) {
    const int64_t channels = dims.d[channel_axis(*this)], group = grouping_of(format).group;
    elements = elements / channels * ((channels + group - 1) / group * group);
  }
  return (elements * bits_of(type) + 7) / 8;
}

double Layout::element(const void* data, int64_t index) const { return real_at(data, type, place_of(*this, index)); }

int64_t Layout::integer(const void* data, int64_t index) const { return integer_at(data, type, place_of(*this, index)); }

std::string Layout::element_text(const void* data, int64_t index) const {
  const int64_t place = place_of(*this, index);
  return is_integer(type) ? std::to_string(integer_at(data, type, place)) : text_of(real_at(data, type, place));
}

void fill_random(void* data, int64_t bytes, DataType type, uint64_t seed) {
  std::mt19937_64 random(seed);
  const int64_t count = bytes * 8 / bits_of(type);
  auto* out = static_cast<char*>(data);
  const auto put = [&](int64_t i, auto value) { std::memcpy(out + i * static_cast<int64_t>(sizeof value), &value, sizeof value); };
  if (type == DataType::kINT4 || type == DataType::kFP4) {
    for (int64_t i = 0; i < bytes; ++i) out[i] = static_cast<char>(random() & 0x11);
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    const uint64_t bits = random();
    const float real = static_cast<float>(bits >> 40) / (1 << 23) - 1;
    switch (type) {
      case DataType::kFLOAT: put(i, real); break;
      case DataType::kHALF:
        put(i, static_cast<uint16_t>((bits & 0x83ff) | ((8 + (bits >> 20) % 6) << 10)));
        break;  // an exponent below that of 1
      case DataType::kBF16: {
        uint32_t word;
        std::memcpy(&word, &real, sizeof word);
        put(i, static_cast<uint16_t>(word >> 16));
        break;
      }
      case DataType::kFP8: put(i, static_cast<uint8_t>((bits & 0x87) | ((bits >> 8) % 7) << 3)); break;
      case DataType::kE8M0: put(i, uint8_t{127}); break;
      case DataType::kINT32: put(i, static_cast<int32_t>(bits & 1)); break;
      case DataType::kINT64: put(i, static_cast<int64_t>(bits & 1)); break;
      default: put(i, static_cast<uint8_t>(bits & 1));
    }
  }
}

}  // namespace ingot::trtexec
