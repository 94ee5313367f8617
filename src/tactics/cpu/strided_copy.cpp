#include "tactics/cpu/strided_copy.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/cpu_info.h"
#include "tactics/cpu/strided_copy_tiles.h"

namespace ingot {
namespace {

constexpr int64_t kPartBytes = 48 * 1024;  // what a piece of work moves at least, where there is that much
constexpr int64_t kRowBlockBytes = 16 * 1024;
constexpr int64_t kTransposeBlock = 64;

struct Wide {
  uint64_t low, high;
};

struct BoxDim {
  int64_t size, from, to;
};

// Loops over one dim with strides in bytes; the usual strides are told to the compiler.
template <class T>
void copy_strided(const char* from, int64_t from_stride, char* to, int64_t to_stride, int64_t count) {
  const auto load = [](const char* at) {
    T value;
    std::memcpy(&value, at, sizeof(T));
    return value;
  };
  if (from_stride == 0) {
    const T value = load(from);
    if (to_stride == sizeof(T)) {
      constexpr int64_t kBlock = 64 / sizeof(T);
      T block[kBlock];
      std::fill(block, block + kBlock, value);
      int64_t i = 0;
      for (; i + kBlock <= count; i += kBlock) std::memcpy(to + i * sizeof(T), block, sizeof(block));
      for (; i < count; ++i) std::memcpy(to + i * sizeof(T), &value, sizeof(T));
    } else {
      for (int64_t i = 0; i < count; ++i) std::memcpy(to + i * to_stride, &value, sizeof(T));
    }
  } else if (to_stride == sizeof(T) && from_stride == 2 * static_cast<int64_t>(sizeof(T))) {
    for (int64_t i = 0; i < count; ++i) {
      const T value = load(from + i * 2 * sizeof(T));
      std::memcpy(to + i * sizeof(T), &value, sizeof(T));
    }
  } else {
    for (int64_t i = 0; i < count; ++i) {
      const T value = load(from + i * from_stride);
      std::memcpy(to + i * to_stride, &value, sizeof(T));
    }
  }
}

void copy_row(char* to, const char* from, int64_t bytes) {
  // Short rows are common (heads, channel groups); a call to memcpy costs more than their copy.
  if (bytes == 64) {
    std::memcpy(to, from, 64);
  } else if (bytes == 32) {
    std::memcpy(to, from, 32);
  } else if (bytes == 128) {
    std::memcpy(to, from, 128);
  } else {
    std::memcpy(to, from, static_cast<size_t>(bytes));
  }
}

}  // namespace

Result<StridedCopy> StridedCopy::make(int element_bytes, const Shape& sizes, const Shape& from_strides, const Shape& to_strides) {
  StridedCopy copy;
  std::vector<BoxDim> dims;
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] == 0) return copy;
    if (sizes[d] > 1) dims.push_back({sizes[d], from_strides[d] * element_bytes, to_strides[d] * element_bytes});
  }
  // The order of writing is the order of memory.
  std::stable_sort(dims.begin(), dims.end(), [](const BoxDim& a, const BoxDim& b) { return std::abs(a.to) > std::abs(b.to); });
  std::vector<BoxDim> merged;
  for (const BoxDim& dim : dims) {
    if (!merged.empty() && merged.back().from == dim.from * dim.size && merged.back().to == dim.to * dim.size) {
      merged.back() = {merged.back().size * dim.size, dim.from, dim.to};
    } else {
      merged.push_back(dim);
    }
  }
  // A short contiguous run is one wider element: pixels of two halves, pairs of channels.
  while (!merged.empty()) {
    const BoxDim& inner = merged.back();
    const int64_t wide = inner.size * element_bytes;
    if (inner.from != element_bytes || inner.to != element_bytes || (wide != 2 && wide != 4 && wide != 8 && wide != 16)) break;
    const auto divides = [&](const BoxDim& dim) { return dim.from % wide == 0 && dim.to % wide == 0; };
    if (merged.size() == 1 || !std::all_of(merged.begin(), merged.end() - 1, divides)) break;
    element_bytes = static_cast<int>(wide);
    merged.pop_back();
  }
  if (merged.empty()) merged.push_back({1, element_bytes, element_bytes});
  if (merged.size() > kMostDims) return unsupported("a copy has " + std::to_string(merged.size()) + " separate dims; at most 16 are taken");

  copy.element_bytes_ = element_bytes;
  int64_t total = element_bytes;
  for (const BoxDim& dim : merged) total *= dim.size;

  BoxDim inner = merged.back();
  if (inner.to == element_bytes && inner.from == element_bytes) {
    copy.kind_ = Kind::kRows;
    copy.block_ = std::max<int64_t>(1, kRowBlockBytes / element_bytes);
    copy.blocks_ = (inner.size + copy.block_ - 1) / copy.block_;
    copy.outer_dims_ = static_cast<int>(merged.size()) - 1;
  } else {
    auto contiguous = std::find_if(merged.begin(), merged.end() - 1, [&](const BoxDim& dim) { return dim.from == element_bytes; });
    if (inner.to == element_bytes && inner.from != 0 && contiguous != merged.end() - 1) {
      // The dim along which the source is contiguous becomes the last but one.
      copy.kind_ = Kind::kTranspose;
      std::rotate(contiguous, contiguous + 1, merged.end() - 1);
      copy.outer_dims_ = static_cast<int>(merged.size()) - 2;
      copy.block_ = kTransposeBlock;
      copy.blocks_ = (merged[merged.size() - 2].size + copy.block_ - 1) / copy.block_;
      copy.tile_ = transpose_tile(element_bytes);
    } else {
      copy.kind_ = Kind::kStrided;
      copy.block_ = std::max<int64_t>(1, kRowBlockBytes / element_bytes);
      copy.blocks_ = (inner.size + copy.block_ - 1) / copy.block_;
      copy.outer_dims_ = static_cast<int>(merged.size()) - 1;
    }
  }
  copy.dims_ = static_cast<int>(merged.size());
  copy.units_ = copy.blocks_;
  for (size_t d = 0; d < merged.size(); ++d) {
    copy.size_[d] = merged[d].size;
    copy.from_[d] = merged[d].from;
    copy.to_[d] = merged[d].to;
    if (static_cast<int>(d) < copy.outer_dims_) copy.units_ *= merged[d].size;
  }
  copy.parts_ = std::clamp<int64_t>(total / kPartBytes, 1, copy.units_);
  return copy;
}

void StridedCopy::run_part(int64_t part, const void* from, void* to) const {
  const int64_t begin = units_ * part / parts_, end = units_ * (part + 1) / parts_;
  if (begin == end) return;
  const auto* source = static_cast<const char*>(from);
  auto* target = static_cast<char*>(to);

  // The index of the first unit, then counting upwards.
  std::array<int64_t, kMostDims> index{};
  int64_t block = begin % blocks_, rest = begin / blocks_;
  int64_t from_offset = 0, to_offset = 0;
  for (int d = outer_dims_ - 1; d >= 0; --d) {
    index[d] = rest % size_[d];
    rest /= size_[d];
    from_offset += index[d] * from_[d];
    to_offset += index[d] * to_[d];
  }
  const int inner = dims_ - 1;
  for (int64_t unit = begin; unit < end; ++unit) {
    const char* f = source + from_offset;
    char* t = target + to_offset;
    if (kind_ == Kind::kTranspose) {
      const int64_t first = block * block_, count = std::min(block_, size_[inner - 1] - first);
      // Source rows run along `inner` with stride from_[inner]; they become the target's columns.
      for (int64_t r = 0; r < size_[inner]; r += kTransposeBlock)
        tile_(f + first * from_[inner - 1] + r * from_[inner], from_[inner] / element_bytes_,
              t + first * to_[inner - 1] + r * element_bytes_, to_[inner - 1] / element_bytes_,
              std::min<int64_t>(kTransposeBlock, size_[inner] - r), count);
    } else {
      const int64_t first = block * block_, count = std::min(block_, size_[inner] - first);
      f += first * from_[inner];
      t += first * to_[inner];
      if (kind_ == Kind::kRows) {
        copy_row(t, f, count * element_bytes_);
      } else {
        switch (element_bytes_) {
          case 1: copy_strided<uint8_t>(f, from_[inner], t, to_[inner], count); break;
          case 2: copy_strided<uint16_t>(f, from_[inner], t, to_[inner], count); break;
          case 4: copy_strided<uint32_t>(f, from_[inner], t, to_[inner], count); break;
          case 8: copy_strided<uint64_t>(f, from_[inner], t, to_[inner], count); break;
          default: copy_strided<Wide>(f, from_[inner], t, to_[inner], count); break;
        }
      }
    }
    if (++block < blocks_) continue;
    block = 0;
    for (int d = outer_dims_ - 1; d >= 0; --d) {
      from_offset += from_[d];
      to_offset += to_[d];
      if (++index[d] < size_[d]) break;
      from_offset -= from_[d] * size_[d];
      to_offset -= to_[d] * size_[d];
      index[d] = 0;
    }
  }
}

void fill_elements(void* to, const void* element, int element_bytes, int64_t count) {
  if (element_bytes == 1) {
    unsigned char value;
    std::memcpy(&value, element, 1);
    std::memset(to, value, static_cast<size_t>(count));
    return;
  }
  auto* target = static_cast<char*>(to);
  switch (element_bytes) {
    case 2: copy_strided<uint16_t>(static_cast<const char*>(element), 0, target, 2, count); break;
    case 4: copy_strided<uint32_t>(static_cast<const char*>(element), 0, target, 4, count); break;
    case 8: copy_strided<uint64_t>(static_cast<const char*>(element), 0, target, 8, count); break;
    default: copy_strided<Wide>(static_cast<const char*>(element), 0, target, 16, count); break;
  }
}

namespace {

// Element `from_index` to element `to_index`; halves in pairs lie on odd addresses, too.
template <class T>
void move_element(char* to, int64_t to_index, const char* from, int64_t from_index) {
  std::memcpy(to + to_index * static_cast<int64_t>(sizeof(T)), from + from_index * static_cast<int64_t>(sizeof(T)), sizeof(T));
}

template <class T, int kColumns>
void transpose_narrow(const char* from, int64_t from_stride, char* to, int64_t to_stride, int64_t rows) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int c = 0; c < kColumns; ++c) move_element<T>(to, c * to_stride + r, from, r * from_stride + c);
  }
}

}  // namespace

template <class T>
void transpose_plain(const void* from, int64_t from_stride, void* to, int64_t to_stride, int64_t rows, int64_t columns) {
  const auto* f = static_cast<const char*>(from);
  auto* t = static_cast<char*>(to);
  if (rows == 3 && to_stride == 3) {  // pictures, planes to pixels
    for (int64_t c = 0; c < columns; ++c) {
      for (int r = 0; r < 3; ++r) move_element<T>(t, c * 3 + r, f, r * from_stride + c);
    }
    return;
  }
  if (columns == 3) return transpose_narrow<T, 3>(f, from_stride, t, to_stride, rows);
  for (int64_t c = 0; c < columns; ++c) {
    for (int64_t r = 0; r < rows; ++r) move_element<T>(t, c * to_stride + r, f, r * from_stride + c);
  }
}
template void transpose_plain<uint8_t>(const void*, int64_t, void*, int64_t, int64_t, int64_t);
template void transpose_plain<uint16_t>(const void*, int64_t, void*, int64_t, int64_t, int64_t);
template void transpose_plain<uint32_t>(const void*, int64_t, void*, int64_t, int64_t, int64_t);
template void transpose_plain<uint64_t>(const void*, int64_t, void*, int64_t, int64_t, int64_t);

TransposeTile transpose_tile(int element_bytes) {
  const Isa isa = current_isa();
  TransposeTile tile = nullptr;
#if defined(__x86_64__)
  if (isa >= Isa::kAvx512) tile = transpose_tile_avx512(element_bytes);
  if (!tile && isa >= Isa::kAvx2) tile = transpose_tile_avx2(element_bytes);
#endif
  (void)isa;
  if (tile) return tile;
  switch (element_bytes) {
    case 1: return transpose_plain<uint8_t>;
    case 2: return transpose_plain<uint16_t>;
    case 4: return transpose_plain<uint32_t>;
    case 8: return transpose_plain<uint64_t>;
    default:
      return [](const void* from, int64_t from_stride, void* to, int64_t to_stride, int64_t rows, int64_t columns) {
        for (int64_t c = 0; c < columns; ++c) {
          for (int64_t r = 0; r < rows; ++r)
            std::memcpy(static_cast<char*>(to) + (c * to_stride + r) * 16, static_cast<const char*>(from) + (r * from_stride + c) * 16, 16);
        }
      };
  }
}

}  // namespace ingot
