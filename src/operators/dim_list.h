// Output dims as a field: numbers, or expressions over the dims d0, d1, ... of the first input, such as [d0, 12, floor(d2 / 12)].
#pragma once

#include <string>
#include <vector>

#include "network/operator.h"

namespace ingot {

// Kept as a list of integers where all dims are numbers, else as text. What 0 and -1 mean is the operator's to say.
struct DimList {
  Dims dims;

  DimList() = default;
  explicit DimList(Dims dims) : dims(std::move(dims)) {}
  explicit DimList(const std::vector<int64_t>& numbers) : dims(numbers.begin(), numbers.end()) {}

  bool empty() const { return dims.empty(); }
  size_t size() const { return dims.size(); }
  // The dims with d0, d1, ... replaced by those of `input`; an error names an index beyond its rank.
  Result<Dims> resolve(const Dims& input) const;

  FieldValue to_field() const;
  Status set_from_field(const FieldValue& field);
  bool operator==(const DimList&) const = default;
};

// The symbol that stands for dim `axis` of the first input in a DimList.
Dim input_dim(int64_t axis);

}  // namespace ingot
