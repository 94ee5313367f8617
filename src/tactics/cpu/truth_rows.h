// y[i] = table[a + 2 * b + 4 * c] for bools a, b, c, which are bytes that are 0 or not.
#pragma once

#include <cstdint>

namespace ingot {

struct TruthTable {
  static constexpr int kInputs = 3;
  uint8_t values[1 << kInputs] = {};
  // A function of bits is a sum without carries of their products: products[p] belongs to that of the inputs in p.
  uint8_t products[1 << kInputs] = {};

  void set(const uint8_t* function, int inputs);  // of 2^inputs values
};
struct TruthOperand {
  const uint8_t* data = nullptr;
  int64_t step = 0;  // between elements; 0 for one value
};

// `inputs` operands, of which the table has 2^inputs values.
using TruthRow = void (*)(const TruthTable& table, const TruthOperand* operands, int inputs, uint8_t* y, int64_t count);
TruthRow truth_row();
TruthRow truth_row_portable();
TruthRow truth_row_avx2();
TruthRow truth_row_avx512();

}  // namespace ingot
