// Packings: named, versioned forms in which tactics store constants. A plan keeps only the packed bytes; unpack() gives the plain array
// back on a device where the tactic cannot run. Lossy ones (bf16 for fp32 weights) exist only where precision flags allow the rounding.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "network/array.h"

namespace ingot {

class Packing {
 public:
  virtual ~Packing() = default;
  virtual std::string_view name() const = 0;  // "panels16_f32.1": the number is the version
  virtual Result<std::vector<std::byte>> pack(const Array& plain) const = 0;
  virtual Result<Array> unpack(DataType type, const Shape& shape, const std::byte* data, size_t size) const = 0;
};

class PackingCatalogue {
 public:
  static PackingCatalogue& instance();
  void add(std::unique_ptr<Packing> packing);
  const Packing* find(std::string_view name) const;  // null where unknown

 private:
  std::vector<std::unique_ptr<Packing>> packings_;
};

}  // namespace ingot
