#include "network/random_inputs.h"

#include <algorithm>

namespace ingot {
namespace {

// SplitMix64: the same numbers on every machine, which std::uniform_real_distribution does not promise.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

 private:
  uint64_t state_;
};

const ProfileEntry* profile_of(const Network& network, const Tensor& input) {
  if (network.profiles.empty()) return nullptr;
  const auto& shapes = network.profiles.front().shapes;
  auto found = shapes.find(input.name);
  if (found == shapes.end() || found->second.min.size() != input.type.dims.size()) return nullptr;
  return &found->second;
}

}  // namespace

Result<SymbolValues> small_sizes(const Network& network) {
  SymbolValues sizes;
  for (const Tensor* input : network.inputs()) {
    const ProfileEntry* entry = profile_of(network, *input);
    if (!entry) continue;
    for (size_t axis = 0; axis < input->type.dims.size(); ++axis) {
      if (auto symbol = input->type.dims[axis].symbol_name()) sizes.emplace(*symbol, entry->min[axis]);
    }
  }
  int64_t next = 2;
  for (const Tensor* input : network.inputs()) {
    for (const Dim& dim : input->type.dims)
      dim.visit_symbols([&](const std::string& symbol) {
        if (sizes.emplace(symbol, next).second) ++next;
      });
  }
  return sizes;
}

Result<Arrays> random_inputs(const Network& network, uint64_t seed, const SymbolValues& sizes) {
  Random random(seed);
  Arrays arrays;
  for (const Tensor* input : network.inputs()) {
    auto shape = evaluate(input->type.dims, sizes);
    if (!shape.ok()) return std::move(shape).error().within("input '" + input->name + "'");
    TRY_ASSIGN(Array array, Array::make(input->type.type, std::move(shape).value()));
    const DataType type = input->type.type;
    for (int64_t i = 0; i < array.count(); ++i) {
      if (type == DataType::kBool) {
        array.set_integer(i, static_cast<int64_t>(random.next() & 1));
      } else if (is_integer(type)) {
        array.set_integer(i, static_cast<int64_t>(random.next() & 3));
      } else {
        array.set_number(i, 4 * random.unit() - 2);
      }
    }
    // Values that shape inference already promises (a symbolic shape input) are what the input holds.
    if (input->type.values) {
      for (size_t i = 0; i < input->type.values->size() && static_cast<int64_t>(i) < array.count(); ++i) {
        auto value = (*input->type.values)[i].evaluate(sizes);
        if (value.ok()) array.set_integer(static_cast<int64_t>(i), *value);
      }
    }
    arrays.push_back(std::move(array));
  }
  return arrays;
}

}  // namespace ingot
