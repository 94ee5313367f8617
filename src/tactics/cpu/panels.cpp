#include "tactics/cpu/panels.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <type_traits>

#include "base/byte_reader.h"

namespace ingot {
namespace {

constexpr size_t kHeaderBytes = 64;
constexpr int64_t kMostBytes = int64_t{1} << 46;  // far above memory, far below overflow

struct Header {
  uint32_t source = 0;
  int32_t strides[3] = {}, dilations[3] = {};
  uint32_t unused = 0;
  int64_t groups = 0;
  char unused_end[24] = {};
};
static_assert(sizeof(Header) == kHeaderBytes);
static_assert(std::has_unique_object_representations_v<Header>);  // it is compared and stored as bytes: no padding

Header header_of(const PanelSpec& spec) {
  Header header;
  header.source = static_cast<uint32_t>(spec.source);
  header.groups = spec.groups;
  for (int d = 0; d < 3; ++d) {
    header.strides[d] = static_cast<int32_t>(spec.strides[d]);
    header.dilations[d] = static_cast<int32_t>(spec.dilations[d]);
  }
  return header;
}

std::vector<int64_t> ramp(int64_t count, int64_t step) {
  std::vector<int64_t> offsets(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) offsets[static_cast<size_t>(i)] = i * step;
  return offsets;
}

bool is_matrix(PanelSource source) { return source == PanelSource::kMatrix || source == PanelSource::kTransposedMatrix; }

size_t round_up(size_t bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace

Result<Panels> Panels::plan(const PanelSpec& spec, Product product, const Shape& weights) {
  Panels panels;
  panels.spec_ = spec;
  panels.product_ = product;
  TRY_ASSIGN(int64_t count, volume(weights));
  if (count == 0) return invalid("weights of shape " + to_text(weights) + " hold nothing to pack");
  if (count > kMostBytes / 64) return invalid("weights of shape " + to_text(weights) + " are too large to pack");
  const size_t rank = weights.size();
  if (is_matrix(spec.source)) {
    if (rank < 1) return invalid("a scalar is no matrix to pack");
    const bool transposed = spec.source == PanelSource::kTransposedMatrix;
    // A vector is one column.
    const int64_t rows = rank == 1 ? weights[0] : weights[rank - 2], columns = rank == 1 ? 1 : weights[rank - 1];
    const int64_t k = transposed ? columns : rows;
    panels.columns_ = transposed ? rows : columns;
    panels.groups_ = 1;
    for (size_t d = 0; d + 2 < rank; ++d) panels.groups_ *= weights[d];
    panels.spec_.groups = panels.groups_;
    panels.group_stride_ = rows * columns;
    panels.column_stride_ = transposed ? columns : 1;
    panels.k_offsets_ = ramp(k, transposed ? 1 : columns);
    panels.phases_.push_back({{0}, 0});
  } else {
    if (rank < 3 || rank > 5) return invalid("weights of a window have 3 to 5 dimensions, not " + to_text(weights));
    if (spec.groups < 1 || weights[0] % spec.groups != 0)
      return invalid("weights of shape " + to_text(weights) + " do not divide into " + std::to_string(spec.groups) + " groups");
    int64_t kernel[3] = {1, 1, 1};
    for (size_t d = 2; d < rank; ++d) kernel[3 - (rank - d)] = weights[d];
    const int64_t positions = kernel[0] * kernel[1] * kernel[2], lines = kernel[0] * kernel[1], width = kernel[2];
    panels.groups_ = spec.groups;
    const bool deconvolution = spec.source == PanelSource::kDeconvolution;
    const int64_t channels = deconvolution ? weights[0] / spec.groups : weights[1];
    panels.columns_ = deconvolution ? weights[1] : weights[0] / spec.groups;
    panels.group_stride_ = panels.columns_ * channels * positions;
    const int64_t channel_stride = deconvolution ? panels.columns_ * positions : positions;
    panels.column_stride_ = deconvolution ? positions : channels * positions;
    switch (spec.source) {
      case PanelSource::kWindowRows: {
        for (int64_t x = 0; x < width; ++x) {
          for (int64_t c = 0; c < channels; ++c) panels.k_offsets_.push_back(c * channel_stride + x);
        }
        panels.phases_.push_back({ramp(lines, width), 0});
        break;
      }
      case PanelSource::kWindowPlanes: {
        panels.k_offsets_ = ramp(width, 1);
        panels.phases_.push_back({ramp(channels * lines, width), 0});
        break;
      }
      case PanelSource::kDeconvolution: {
        panels.k_offsets_ = ramp(channels, channel_stride);
        int64_t phase_count = 1;
        for (int d = 0; d < 3; ++d) {
          if (spec.strides[d] < 1 || spec.dilations[d] < 1) return invalid("strides and dilations of packed weights are positive");
          if (spec.strides[d] > (1 << 20)) return invalid("a stride of " + std::to_string(spec.strides[d]) + " is too large to pack");
          phase_count *= spec.strides[d];
          if (phase_count > (1 << 20)) return invalid("strides of packed weights are too large");
        }
        panels.phases_.resize(static_cast<size_t>(phase_count));
        for (int64_t z = 0, at = 0; z < kernel[0]; ++z) {
          for (int64_t y = 0; y < kernel[1]; ++y) {
            for (int64_t x = 0; x < kernel[2]; ++x, ++at) {
              const int64_t phase =
                  ((z * spec.dilations[0] % spec.strides[0]) * spec.strides[1] + y * spec.dilations[1] % spec.strides[1]) *
                      spec.strides[2] +
                  x * spec.dilations[2] % spec.strides[2];
              panels.phases_[static_cast<size_t>(phase)].offsets.push_back(at);
            }
          }
        }
        break;
      }
      default: {
        panels.k_offsets_ = ramp(channels, channel_stride);
        panels.phases_.push_back({ramp(positions, 1), 0});
      }
    }
  }
  const int64_t unit = unit_of(product);
  panels.units_ = (panels.k() + unit - 1) / unit;
  panels.panel_count_ = (panels.columns_ + kPanelColumns - 1) / kPanelColumns;
  int64_t bytes = kHeaderBytes;
  for (size_t p = 0; p < panels.phases_.size(); ++p) {
    panels.phases_[p].start = static_cast<size_t>(bytes);
    int64_t part = 0;
    if (!checked_multiply(panels.taps(static_cast<int64_t>(p)) * panels.units_, kPanelColumns * 4, &part) ||
        !checked_multiply(part, panels.panel_count_ * panels.groups_, &part) || !checked_add(bytes, part, &bytes) || bytes > kMostBytes)
      return invalid("packed weights of shape " + to_text(weights) + " are too large");
  }
  panels.sums_start_ = static_cast<size_t>(bytes);
  if (product == Product::kInt8 || product == Product::kUint8)
    bytes += panels.phase_count() * panels.groups_ * panels.panel_count_ * kPanelColumns * 4;
  panels.byte_count_ = round_up(static_cast<size_t>(bytes));
  return panels;
}

const std::byte* Panels::panel(const std::byte* packed, int64_t phase, int64_t group, int64_t panel) const {
  return packed + phases_[static_cast<size_t>(phase)].start + static_cast<size_t>(group * panel_count_ + panel) * panel_bytes(phase);
}

const int32_t* Panels::sums(const std::byte* packed, int64_t phase, int64_t group) const {
  return reinterpret_cast<const int32_t*>(packed + sums_start_) + (phase * groups_ + group) * panel_count_ * kPanelColumns;
}

// Calls visit(packed element index behind the phase's start, plain element index, packed index of the column's sum).
template <class Visit>
void Panels::visit(Visit visit) const {
  const int64_t unit = unit_of(product_);
  for (int64_t phase = 0; phase < phase_count(); ++phase) {
    const auto& offsets = tap_positions(phase);
    for (int64_t group = 0; group < groups_; ++group) {
      for (int64_t panel = 0; panel < panel_count_; ++panel) {
        const int64_t first = panel * kPanelColumns, last = std::min(first + kPanelColumns, columns_);
        const int64_t panel_index = group * panel_count_ + panel;
        for (size_t tap = 0; tap < offsets.size(); ++tap) {
          const int64_t start =
              (panel_index * static_cast<int64_t>(offsets.size()) + static_cast<int64_t>(tap)) * units_ * kPanelColumns * unit;
          const int64_t plain_tap = group * group_stride_ + offsets[tap];
          for (int64_t i = 0; i < k(); ++i) {
            const int64_t line = start + i / unit * kPanelColumns * unit + i % unit;
            const int64_t plain = plain_tap + k_offsets_[static_cast<size_t>(i)];
            for (int64_t column = first; column < last; ++column)
              visit(phase, line + (column - first) * unit, plain + column * column_stride_, panel_index * kPanelColumns + column - first);
          }
        }
      }
    }
  }
}

void Panels::pack(DataType type, const void* plain, std::byte* packed) const {
  std::memset(packed, 0, byte_count_);
  const Header header = header_of(spec_);
  std::memcpy(packed, &header, sizeof(header));
  auto move = [&]<class To, class From>(To, From, auto convert) {
    const From* from = static_cast<const From*>(plain);
    visit([&](int64_t phase, int64_t at, int64_t plain_at, int64_t) {
      reinterpret_cast<To*>(packed + phases_[static_cast<size_t>(phase)].start)[at] = convert(from[plain_at]);
    });
  };
  auto same = [](auto x) { return x; };
  switch (bits_of(type)) {
    case 32: return move(uint32_t{}, uint32_t{}, same);
    case 16:
      if (product_ == Product::kFloat) return move(float{}, uint16_t{}, float_from_half);
      return move(uint16_t{}, uint16_t{}, same);
    default: break;
  }
  move(int8_t{}, int8_t{}, same);
  auto* all_sums = reinterpret_cast<int32_t*>(packed + sums_start_);
  const int64_t phase_sums = groups_ * panel_count_ * kPanelColumns;
  const auto* bytes = static_cast<const int8_t*>(plain);
  visit([&](int64_t phase, int64_t, int64_t plain_at, int64_t sum) { all_sums[phase * phase_sums + sum] += bytes[plain_at]; });
}

void Panels::unpack(DataType type, const std::byte* packed, void* plain) const {
  auto move = [&]<class To, class From>(To, From, auto convert) {
    To* to = static_cast<To*>(plain);
    visit([&](int64_t phase, int64_t at, int64_t plain_at, int64_t) {
      to[plain_at] = convert(reinterpret_cast<const From*>(packed + phases_[static_cast<size_t>(phase)].start)[at]);
    });
  };
  auto same = [](auto x) { return x; };
  switch (bits_of(type)) {
    case 32: return move(uint32_t{}, uint32_t{}, same);
    case 16:
      if (product_ == Product::kFloat) return move(uint16_t{}, float{}, half_from_float);
      return move(uint16_t{}, uint16_t{}, same);
    default: return move(int8_t{}, int8_t{}, same);
  }
}

Status Panels::check(const std::byte* packed, size_t size) const {
  if (size != byte_count_)
    return invalid("packed weights have " + std::to_string(size) + " bytes where " + std::to_string(byte_count_) + " belong");
  const Header expected = header_of(spec_);
  if (std::memcmp(packed, &expected, sizeof(expected)) != 0) return invalid("packed weights were packed for another kind of layer");
  return Ok{};
}

Result<PanelSpec> Panels::read_header(const std::byte* packed, size_t size) {
  if (size < kHeaderBytes) return invalid("packed weights of " + std::to_string(size) + " bytes have no header");
  Header header;
  std::memcpy(&header, packed, sizeof(header));
  if (header.source > static_cast<uint32_t>(PanelSource::kDeconvolution))
    return invalid("packed weights are of the unknown kind " + std::to_string(header.source));
  PanelSpec spec;
  spec.source = static_cast<PanelSource>(header.source);
  spec.groups = header.groups;
  for (int d = 0; d < 3; ++d) {
    spec.strides[d] = header.strides[d];
    spec.dilations[d] = header.dilations[d];
  }
  return spec;
}

std::string_view panel_packing_name(Product product) {
  switch (product) {
    case Product::kFloat: return "panels32_f32.1";
    case Product::kBf16: return "panels32_bf16.1";
    default: return "panels32_s8.1";
  }
}

Result<std::vector<PackedWeights>> pack_weights(const PanelSpec& spec, Product product, const Array& plain, size_t input) {
  TRY_ASSIGN(Panels panels, Panels::plan(spec, product, plain.shape()));
  // 64-byte aligned, as kernels read them.
  std::shared_ptr<std::byte> bytes(static_cast<std::byte*>(std::aligned_alloc(64, panels.byte_count())), std::free);
  if (!bytes) return out_of_memory("no memory for " + std::to_string(panels.byte_count()) + " bytes of packed weights");
  panels.pack(plain.type(), plain.data(), bytes.get());
  return std::vector<PackedWeights>{{std::string(panel_packing_name(product)), input, bytes.get(), panels.byte_count(), bytes}};
}

Result<PackedWeights> checked_weights(const Panels& panels, Product product, const std::vector<PackedWeights>& packed) {
  if (packed.size() != 1 || packed[0].packing != panel_packing_name(product))
    return invalid("the weights are not packed as " + std::string(panel_packing_name(product)));
  TRY(panels.check(packed[0].data, packed[0].size));
  if (reinterpret_cast<uintptr_t>(packed[0].data) % 64 != 0) return invalid("packed weights are not aligned to 64 bytes");
  return packed[0];
}

namespace {

template <class T, int kUnit>
void pack_panels_of(const T* plain, int64_t k, int64_t n, int64_t stride, bool transposed, int64_t first, int64_t last, std::byte* panels) {
  const int64_t units = (k + kUnit - 1) / kUnit;
  if (kUnit == 1 && !transposed) {  // rows pass once, each a piece to every whole panel
    const int64_t whole_panels = std::clamp(n / kPanelColumns, first, last);
    for (int64_t i = 0; i < k; ++i) {
      for (int64_t panel = first; panel < whole_panels; ++panel)
        std::memcpy(panels + (panel * units + i) * kPanelColumns * 4, plain + i * stride + panel * kPanelColumns, kPanelColumns * 4);
    }
    first = whole_panels;
  }
  for (int64_t panel = first; panel < last; ++panel) {
    T* to = reinterpret_cast<T*>(panels + panel * units * kPanelColumns * 4);
    const int64_t column = panel * kPanelColumns, columns = std::min<int64_t>(kPanelColumns, n - column);
    if (columns < kPanelColumns || k % kUnit != 0) std::memset(to, 0, static_cast<size_t>(units * kPanelColumns * 4));
    auto* lanes = reinterpret_cast<uint32_t*>(to);
    const int64_t whole = k / kUnit;  // units without padding
    if (transposed) {
      for (int64_t c = 0; c < columns; ++c) {
        const T* from = plain + (column + c) * stride;
        for (int64_t u = 0; u < whole; ++u) std::memcpy(lanes + u * kPanelColumns + c, from + u * kUnit, 4);
        for (int64_t i = whole * kUnit; i < k; ++i) to[i / kUnit * kPanelColumns * kUnit + c * kUnit + i % kUnit] = from[i];
      }
    } else {
      for (int64_t u = 0; u < whole; ++u) {
        const T* from = plain + u * kUnit * stride + column;
        uint32_t* line = lanes + u * kPanelColumns;
        for (int64_t c = 0; c < columns; ++c) {
          uint32_t lane = 0;
          for (int i = 0; i < kUnit; ++i) lane |= static_cast<uint32_t>(from[i * stride + c]) << (32 / kUnit * i % 32);
          line[c] = lane;
        }
      }
      for (int64_t i = whole * kUnit; i < k; ++i) {
        const T* from = plain + i * stride + column;
        T* line = to + i / kUnit * kPanelColumns * kUnit + i % kUnit;
        for (int64_t c = 0; c < columns; ++c) line[c * kUnit] = from[c];
      }
    }
  }
}

}  // namespace

void pack_panels(Product product, const void* plain, int64_t k, int64_t n, int64_t stride, bool transposed, int64_t first, int64_t last,
                 std::byte* panels) {
  switch (product) {
    case Product::kFloat:
      return pack_panels_of<uint32_t, 1>(static_cast<const uint32_t*>(plain), k, n, stride, transposed, first, last, panels);
    case Product::kBf16:
      return pack_panels_of<uint16_t, 2>(static_cast<const uint16_t*>(plain), k, n, stride, transposed, first, last, panels);
    default: return pack_panels_of<uint8_t, 4>(static_cast<const uint8_t*>(plain), k, n, stride, transposed, first, last, panels);
  }
}

}  // namespace ingot
