// cpu.unique: different elements by sorting numbers that stand for them, each with its place below, digit by digit.
#include "operators/unique.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "tactics/cpu/plain_tactic.h"

namespace ingot {
namespace {

constexpr int kDigitBits = 11;

// Larger elements have larger keys; -0 equals 0.
uint32_t key_of(float x) {
  x += 0.0f;
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  return bits >> 31 ? ~bits : bits | 0x80000000u;
}
uint32_t key_of(int32_t x) { return static_cast<uint32_t>(x) ^ 0x80000000u; }

// Sorts by the upper halves, from the lowest digit on, each pass keeping the order of the one before; the result is in `x`.
void sort_by_digits(uint64_t* x, uint64_t* other, int64_t count) {
  uint64_t *from = x, *to = other;
  for (int shift = 32; shift < 64; shift += kDigitBits) {
    int64_t places[1 << kDigitBits] = {};
    const auto digit = [shift](uint64_t key) { return key >> shift & ((1 << kDigitBits) - 1); };
    for (int64_t i = 0; i < count; ++i) ++places[digit(from[i])];
    if (count > 0 && places[digit(from[0])] == count) continue;
    int64_t sum = 0;
    for (int64_t& place : places) sum += std::exchange(place, sum);
    for (int64_t i = 0; i < count; ++i) to[places[digit(from[i])]++] = from[i];
    std::swap(from, to);
  }
  if (from != x) std::copy(from, from + count, x);
}

struct UniqueByKeys final : PlainTactic {
  std::string_view name() const override { return "cpu.unique"; }

  Status accepts(const Problem& problem) const override {
    const auto* op = dynamic_cast<const Unique*>(problem.op);
    REQUIRES(op, std::string(problem.op->name()) + " is no unique");
    REQUIRES(op->flat || problem.inputs[0].rank() == 1, "slices are compared, not elements");
    const DataType type = problem.inputs[0].type;
    REQUIRES(type == DataType::kFloat || type == DataType::kInt32 || type == DataType::kInt64, std::string(name_of(type)) + " has no keys");
    return all_linear(problem);
  }
  bool tells_shapes() const override { return true; }
  size_t workspace_bytes(const Operator&, const std::vector<Shape>& inputs, const std::vector<Shape>&) const override {
    return static_cast<size_t>(volume(inputs[0]).value_or(0)) * 2 * sizeof(uint64_t);
  }

  // Places of the elements by rising value, equal ones by place.
  static void order(const PlainCall& call, int64_t count, uint64_t* places, uint64_t* other) {
    if (call.types[0].type == DataType::kInt64) {
      const auto* x = call.from<int64_t>(0);
      for (int64_t i = 0; i < count; ++i) places[i] = static_cast<uint64_t>(i);
      std::sort(places, places + count, [x](uint64_t a, uint64_t b) { return x[a] != x[b] ? x[a] < x[b] : a < b; });
      return;
    }
    const bool floats = call.types[0].type == DataType::kFloat;
    for (int64_t i = 0; i < count; ++i) {
      const uint64_t key = floats ? key_of(call.from<float>(0)[i]) : key_of(call.from<int32_t>(0)[i]);
      places[i] = key << 32 | static_cast<uint64_t>(i);
    }
    sort_by_digits(places, other, count);
    for (int64_t i = 0; i < count; ++i) places[i] &= UINT32_MAX;
  }

  template <class T>
  static int64_t group(const PlainCall& call, int64_t count, const uint64_t* places, uint64_t* other, int64_t room) {
    const auto* x = call.from<T>(0);
    auto* y = call.to<T>(0);
    auto *firsts = call.to<int64_t>(1), *inverse = call.to<int64_t>(2), *counts = call.to<int64_t>(3);
    int64_t groups = 0;
    for (int64_t i = 0; i < count; ++i) {
      const auto at = static_cast<int64_t>(places[i]);
      if (i == 0 || x[at] != x[places[i - 1]]) {
        if (groups == room) return groups + 1;
        firsts[groups] = at;
        counts[groups++] = 0;
      }
      ++counts[groups - 1];
      inverse[at] = groups - 1;
    }
    if (!call.as<Unique>().sorted) {
      // In the order of the first places, which are met as elements are walked over; `other` has each group's new number.
      auto* numbers = reinterpret_cast<int64_t*>(other);
      std::fill(numbers, numbers + groups, int64_t{-1});
      int64_t found = 0;
      for (int64_t i = 0; i < count; ++i) {
        int64_t& number = numbers[inverse[i]];
        if (number < 0) {
          firsts[found] = i;
          number = found++;
        }
        inverse[i] = number;
      }
      std::fill(counts, counts + groups, int64_t{0});
      for (int64_t i = 0; i < count; ++i) ++counts[inverse[i]];
    }
    for (int64_t g = 0; g < groups; ++g) y[g] = x[firsts[g]];
    return groups;
  }

  Status run(const PlainCall& call) const override {
    TRY_ASSIGN(const int64_t count, volume(call.inputs[0]));
    if (count > int64_t{UINT32_MAX}) return unsupported(std::to_string(count) + " elements are too many for unique");
    auto *places = static_cast<uint64_t*>(call.workspace), *other = places + count;
    order(call, count, places, other);
    const int64_t room = call.outputs[0][0];
    int64_t groups = 0;
    switch (call.types[0].type) {
      case DataType::kFloat: groups = group<float>(call, count, places, other, room); break;
      case DataType::kInt32: groups = group<int32_t>(call, count, places, other, room); break;
      default: groups = group<int64_t>(call, count, places, other, room);
    }
    if (groups > room) return internal("there are more different elements than the " + std::to_string(room) + " that there is room for");
    call.produced = call.outputs;
    for (size_t i : {0, 1, 3}) call.produced[i][0] = groups;
    return Ok{};
  }
};

}  // namespace

TACTIC(UniqueByKeys, cpu, unique)

}  // namespace ingot
