// Indices of 32 or 64 bits, and what tactics that gather and scatter do with those that lie outside.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "tactics/layout.h"

namespace ingot {

struct Indices {
  const void* data;
  bool wide;  // int64
  int64_t operator[](int64_t i) const { return wide ? static_cast<const int64_t*>(data)[i] : static_cast<const int32_t*>(data)[i]; }
};

// What kernels that gather or scatter know of their inputs: data, indices, and updates where there are any; constants among them.
class IndexedOperands {
 public:
  IndexedOperands() = default;
  explicit IndexedOperands(const Problem& problem)
      : type_(problem.inputs[0].type), wide_(problem.inputs[1].type == DataType::kInt64), constants_(problem.inputs.size()) {
    for (size_t i = 0; i < constants_.size(); ++i) {
      if (is_constant(problem, i)) constants_[i] = problem.constants[i];
    }
  }
  DataType type() const { return type_; }  // of the data
  const void* at(const RunArguments& arguments, size_t input) const {
    return constants_[input].data() ? constants_[input].data() : arguments.inputs[input];
  }
  Indices indices(const RunArguments& arguments) const { return {at(arguments, 1), wide_}; }

 private:
  DataType type_ = DataType::kFloat;
  bool wide_ = false;
  std::vector<Array> constants_;
};

// The kernel of an operator with such operands: its members `op` and `operands` are set.
template <class OwnKernel>
Result<std::unique_ptr<Kernel>> indexed_kernel(const Problem& problem) {
  auto kernel = std::make_unique<OwnKernel>();
  kernel->op = static_cast<const decltype(kernel->op)&>(*problem.op);
  kernel->operands = IndexedOperands(problem);
  return std::unique_ptr<Kernel>(std::move(kernel));
}

// Remembers one wrong index of a run, for its error; any thread may report.
class WrongIndex {
 public:
  // The place that an index means, negative ones from the end; 0, and a report, where it is outside of [-length, length).
  int64_t checked(int64_t index, int64_t length, int64_t at) {
    if (index < 0) index += length;
    if (static_cast<uint64_t>(index) < static_cast<uint64_t>(length)) return index;
    at_.store(at, std::memory_order_relaxed);
    return 0;
  }
  bool any() const { return at_.load(std::memory_order_relaxed) >= 0; }
  Status status(const char* who, const Indices& indices, const std::string& of = "the data") const {
    if (!any()) return Ok{};
    const int64_t at = at_.load(std::memory_order_relaxed);
    return invalid(std::string(who) + ": index " + std::to_string(indices[at]) + " at position " + std::to_string(at) +
                   " lies outside of " + of);
  }

 private:
  std::atomic<int64_t> at_{-1};
};

}  // namespace ingot
