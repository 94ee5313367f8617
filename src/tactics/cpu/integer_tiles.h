// Integer steps of expression tiles. All integer types travel as int64 and are wrapped to their own width after each step.
#pragma once

#include "operators/expression.h"

namespace ingot {

template <class T>
struct WideOperand {
  const T* data;
  int64_t step;  // 1, or 0 for one value
  T operator[](int64_t i) const { return data[i * step]; }
};

void load_integers(DataType type, const void* from, int64_t stride, int64_t* to, int64_t count);
void store_integers(DataType type, const int64_t* from, void* to, int64_t count);
// As compute_integer does, element by element; casts wrap to `type`.
void compute_integers(ScalarOp op, DataType type, const WideOperand<int64_t>* operands, int64_t* out, int64_t count, double a, double b);
// Comparisons, as 0 and 1.
void compare_integers(ScalarOp op, DataType type, const WideOperand<int64_t>* operands, float* out, int64_t count);

}  // namespace ingot
