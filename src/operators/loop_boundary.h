// The border of a loop that is written as layers of one flat network: what enters, what is carried, what ends it, what leaves. Building
// turns such a loop into a Loop operator with a body; nothing runs a border.
// Source: IRecurrenceLayer, IIteratorLayer, ITripLimitLayer, ILoopOutputLayer.
#pragma once

#include "network/operator.h"

namespace ingot {

enum class LoopRole {
  kRecurrence,   // x at first, then what the loop computed for the next iteration (kept beside the network, as it would be a cycle)
  kIterator,     // slice i of x along `axis` in iteration i
  kCount,        // x is the number of iterations; no output
  kWhile,        // x, a bool computed in the loop, is false before the iteration that does not run; no output
  kLast,         // x of the last iteration
  kConcatenate,  // x of all iterations along a new dimension `axis`, whose length is input 1
  kReverse,      // the same, the last iteration first
};
inline EnumWords<LoopRole> words_of(LoopRole) {
  return {{LoopRole::kRecurrence, "recurrence"}, {LoopRole::kIterator, "iterator"}, {LoopRole::kCount, "count"},
          {LoopRole::kWhile, "while"},           {LoopRole::kLast, "last"},         {LoopRole::kConcatenate, "concatenate"},
          {LoopRole::kReverse, "reverse"}};
}

struct LoopBoundary final : OperatorBase<LoopBoundary> {
  static constexpr const char* kName = "loop_boundary";
  LoopRole role = LoopRole::kRecurrence;
  int64_t loop = 0;  // borders of one loop have one number
  int64_t axis = 0;
  bool reverse = false;  // of kIterator: from the last slice on
  std::string symbol;    // of the new dimension where its length is known only at run time; see runtime_dims.h

  template <class Visitor>
  void fields(Visitor visit) {
    visit("role", role);
    visit("loop", loop);
    visit("axis", axis);
    visit("reverse", reverse);
    visit("symbol", symbol);
  }
  using OperatorBase::fields;
  Result<TensorTypes> infer(const TensorTypes& inputs) const override;
};

}  // namespace ingot
