// What is known of a tensor before it has values.
#pragma once

#include <optional>
#include <vector>

#include "base/data_type.h"
#include "network/dim.h"

namespace ingot {

enum class Place : uint8_t {
  kDevice,  // the runtime never dereferences it
  kHost,    // shape arithmetic: small integer tensors that the runtime reads
};

struct TensorType {
  TensorType();
  TensorType(DataType type, Dims dims, std::optional<std::vector<Dim>> values = std::nullopt, Place place = Place::kDevice);
  TensorType(const TensorType&);  // in the source, as those of Dim
  TensorType(TensorType&&) noexcept;
  TensorType& operator=(const TensorType&);
  TensorType& operator=(TensorType&&) noexcept;
  ~TensorType();

  DataType type = DataType::kFloat;
  Dims dims;
  // The elements, row-major, of a small integer or bool tensor (at most kMostValues elements) where they are known or symbolic.
  std::optional<std::vector<Dim>> values = std::nullopt;
  Place place = Place::kDevice;

  int64_t rank() const { return static_cast<int64_t>(dims.size()); }
  bool operator==(const TensorType&) const;
  std::string text() const;  // "float [2, batch]"

  static constexpr int64_t kMostValues = 64;
};

using TensorTypes = std::vector<TensorType>;

}  // namespace ingot
