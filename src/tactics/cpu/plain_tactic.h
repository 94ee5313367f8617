// Tactics that are one function over linear tensors, constants among them.
#pragma once

#include <algorithm>
#include <initializer_list>

#include "tactics/layout.h"

namespace ingot {

// One run: what the operator is, the tensors it reads and writes.
struct PlainCall {
  const Operator& op;
  const TensorTypes &types, &output_types;    // element types; dims as they were when the engine was built
  const std::vector<Shape>&inputs, &outputs;  // concrete shapes; bounds for dims that only this run tells
  const void* const* in;                      // by input, constants among them; null where left out
  void* const* out;
  void* workspace;
  const void* tables;  // what the tactic made for these shapes
  ThreadPool& pool;
  std::vector<Shape>& produced;  // as many as outputs where the tactic tells_shapes(), and then to be set; else none

  template <class Op>
  const Op& as() const {
    return static_cast<const Op&>(op);
  }
  template <class T>
  const T* from(size_t input) const {
    return static_cast<const T*>(in[input]);
  }
  template <class T>
  T* to(size_t output) const {
    return static_cast<T*>(out[output]);
  }
  // Element `index` of an input of int32 or int64.
  int64_t integer(size_t input, int64_t index) const;
  bool has_shape(size_t input, std::initializer_list<int64_t> shape) const {
    return std::equal(inputs[input].begin(), inputs[input].end(), shape.begin(), shape.end());
  }
  // Calls function(first, last), or function(first, last, part), for parts of [0, units); there are parts_for(...) of them.
  template <class Function>
  void share(int64_t units, int64_t elements_of_unit, Function&& function) const {
    const int64_t parts = parts_for(units, elements_of_unit);
    pool.run(units <= 0 ? 0 : parts, [&](int64_t part, int) {
      const int64_t first = units * part / parts, last = units * (part + 1) / parts;
      if constexpr (std::is_invocable_v<Function, int64_t, int64_t, int64_t>)
        function(first, last, part);
      else
        function(first, last);
    });
  }
  static int64_t parts_for(int64_t units, int64_t elements_of_unit);
};

struct PlainTactic : LinearTactic {
  // Allocates nothing; must give what the reference gives, errors included.
  virtual Status run(const PlainCall& call) const = 0;
  virtual size_t workspace_bytes(const Operator& /*op*/, const std::vector<Shape>& /*inputs*/,
                                 const std::vector<Shape>& /*outputs*/) const {
    return 0;
  }
  // Whether outputs may be smaller than their bounds.
  virtual bool tells_shapes() const { return false; }
  // What runs read beside their tensors, made once for each set of shapes.
  virtual std::shared_ptr<const void> make_tables(const Operator& /*op*/, const std::vector<Shape>& /*inputs*/,
                                                  const std::vector<Shape>& /*outputs*/) const {
    return nullptr;
  }

  Result<std::unique_ptr<Kernel>> prepare(const Problem& problem, const std::vector<PackedWeights>& packed) const final;
  // A nanosecond an element, which the reference never reaches.
  std::optional<double> estimate_ms(const Problem& problem) const override;
};

// Whether the elements are whole bytes and all tensors linear: all that a move asks.
Status accepts_plain_move(const Problem& problem);
// Whether the given inputs and all outputs are floats, and all tensors linear.
Status accepts_plain_floats(const Problem& problem, std::initializer_list<size_t> inputs);

}  // namespace ingot
