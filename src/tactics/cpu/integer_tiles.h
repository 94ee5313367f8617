// Integer steps of expression tiles. All integer types travel as int64 and are wrapped to their own width after each step.
#pragma once

#include "operators/expression.h"

namespace ingot {

template <class T>
struct WideOperand {
  const T* data;
  int64_t step;  // 1, or 0 for one value
  // Inlined, so that no linker picks one compiled for a better machine.
  __attribute__((always_inline)) T operator[](int64_t i) const { return data[i * step]; }
};

void load_integers(DataType type, const void* from, int64_t stride, int64_t* to, int64_t count);
void store_integers(DataType type, const int64_t* from, void* to, int64_t count);
// As compute_integer does, element by element; casts wrap to `type`. out may be one of the operands' rows.
void compute_integers(ScalarOp op, DataType type, const WideOperand<int64_t>* operands, int64_t* out, int64_t count, double a, double b);
// Comparisons, as 0 and 1.
void compare_integers(ScalarOp op, DataType type, const WideOperand<int64_t>* operands, float* out, int64_t count);
void select_integers(WideOperand<float> condition, WideOperand<int64_t> yes, WideOperand<int64_t> no, int64_t* out, int64_t count);
// As a cast does: truncated and saturated to `type`, NaN as 0.
void integers_from_floats(DataType type, WideOperand<float> x, int64_t* out, int64_t count);
// The same of one number.
int64_t integer_from_double(DataType type, double x);
void floats_from_integers(WideOperand<int64_t> x, float* out, int64_t count);

// The same functions of one instruction set, where it has them in vectors: compute and compare say whether they do.
struct IntegerTiles {
  void (*load)(DataType type, const void* from, int64_t* to, int64_t count);  // contiguous
  void (*store)(DataType type, const int64_t* from, void* to, int64_t count);
  bool (*compute)(ScalarOp op, DataType type, const WideOperand<int64_t>* operands, int64_t* out, int64_t count, double a, double b);
  bool (*compare)(ScalarOp op, const WideOperand<int64_t>* operands, float* out, int64_t count);
  void (*select)(WideOperand<float> condition, WideOperand<int64_t> yes, WideOperand<int64_t> no, int64_t* out, int64_t count);
  void (*from_floats)(DataType type, WideOperand<float> x, int64_t* out, int64_t count);
  void (*to_floats)(WideOperand<int64_t> x, float* out, int64_t count);
};
const IntegerTiles& integer_tiles();
const IntegerTiles& integer_tiles_portable();
const IntegerTiles& integer_tiles_avx2();
const IntegerTiles& integer_tiles_avx512();

}  // namespace ingot
