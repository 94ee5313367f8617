// A vector of parameters (scale, bias) as floats, whatever its type and wherever it comes from.
#pragma once

#include <vector>

#include "tactics/cpu/convert_rows.h"
#include "tactics/layout.h"

namespace ingot {

class FloatVector {
 public:
  FloatVector() = default;
  // A constant is converted now, another input as the kernel runs.
  FloatVector(const Problem& problem, size_t input) : input_(input), present_(is_present(problem, input)) {
    if (!present_) return;
    type_ = problem.inputs[input].type;
    if (is_constant(problem, input)) values_ = problem.constants[input].floats();
    is_constant_ = is_constant(problem, input);
  }
  bool present() const { return present_; }
  bool known() const { return is_constant_; }
  const std::vector<float>& values() const { return values_; }  // where known()
  // Floats of workspace for `count` elements.
  int64_t scratch_floats(int64_t count) const {
    return present_ && !is_constant_ && type_ != DataType::kFloat ? (count + 15) / 16 * 16 : 0;
  }
  // The elements; null where the input is left out. `scratch` moves on by scratch_floats(count).
  const float* get(const RunArguments& arguments, float*& scratch, int64_t count) const {
    if (!present_) return nullptr;
    if (is_constant_) return values_.data();
    if (type_ == DataType::kFloat) return static_cast<const float*>(arguments.inputs[input_]);
    float* row = scratch;
    load_row(type_)(arguments.inputs[input_], row, count);
    scratch += scratch_floats(count);
    return row;
  }

 private:
  size_t input_ = 0;
  bool present_ = false, is_constant_ = false;
  DataType type_ = DataType::kFloat;
  std::vector<float> values_;
};

}  // namespace ingot
