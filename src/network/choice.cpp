#include "network/choice.h"

#include <iterator>

#include "base/byte_reader.h"

namespace ingot {
namespace {

struct FormatRow {
  Format format;
  std::string_view name;
  bool channels_last;
  int64_t group;  // channels are padded to a multiple of it; 1 for none
};

constexpr FormatRow kFormats[] = {
    {Format::kLinear, "linear", false, 1}, {Format::kChannelsLast, "channels_last", true, 1},
    {Format::kC16, "c16", false, 16},      {Format::kChw2, "chw2", false, 2},
    {Format::kHwc8, "hwc8", true, 8},      {Format::kChw4, "chw4", false, 4},
    {Format::kChw16, "chw16", false, 16},  {Format::kChw32, "chw32", false, 32},
    {Format::kHwc, "hwc", true, 1},        {Format::kHwc16, "hwc16", true, 16},
};

const FormatRow& row_of(Format format) { return kFormats[static_cast<size_t>(format)]; }

}  // namespace

std::string_view name_of(Format format) {
  return static_cast<size_t>(format) < std::size(kFormats) ? row_of(format).name : std::string_view("unknown");
}

Result<Format> format_from_name(std::string_view name) {
  std::string known;
  for (const FormatRow& row : kFormats) {
    if (row.name == name) return row.format;
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  return invalid("'" + std::string(name) + "' is no format; formats are " + known);
}

bool is_channels_last(Format format) { return row_of(format).channels_last; }
int64_t channel_group(Format format) { return row_of(format).group; }

Result<size_t> storage_bytes(DataType type, Format format, const Shape& shape) {
  Shape padded = shape;
  if (shape.size() >= 3) {
    const int64_t group = channel_group(format);
    int64_t raised = 0;
    if (shape[1] < 0 || !checked_add(shape[1], group - 1, &raised)) return invalid("a tensor of shape " + to_text(shape) + " has no size");
    padded[1] = raised / group * group;
  }
  TRY_ASSIGN(int64_t count, volume(padded));
  int64_t bits = 0;
  if (!checked_multiply(count, bits_of(type), &bits) || !checked_add(bits, 7, &bits))
    return invalid("the size of " + std::string(name_of(type)) + " " + to_text(shape) + " overflows");
  return static_cast<size_t>(bits / 8);
}

}  // namespace ingot
