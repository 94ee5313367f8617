// The loops of truth_rows.h, plain enough for the compiler to make vectors of; each instruction set's file compiles its own.
#pragma once

#include "tactics/cpu/truth_rows.h"

namespace ingot {
namespace {

struct TruthLoops {
  static __attribute__((always_inline)) uint8_t mask(uint8_t x) { return x != 0 ? 0xff : 0; }

  static void row(const TruthTable& table, const TruthOperand* operands, int inputs, uint8_t* y, int64_t count) {
    // Operands of one value leave the products that they stand in; the others come in front.
    const uint8_t* rows[TruthTable::kInputs] = {};
    int place[TruthTable::kInputs] = {}, many = 0;
    for (int i = 0; i < inputs; ++i) {
      if (operands[i].step != 0 && operands[i].step != 1) return one_by_one(table, operands, inputs, y, count);
      place[i] = operands[i].step == 0 ? -1 : many;
      if (operands[i].step == 1) rows[many++] = operands[i].data;
    }
    uint8_t left[1 << TruthTable::kInputs] = {};
    for (int p = 0; p < 1 << inputs; ++p) {
      int to = 0;
      bool counts = true;
      for (int i = 0; i < inputs; ++i) {
        if (!(p >> i & 1)) continue;
        if (place[i] >= 0)
          to |= 1 << place[i];
        else
          counts = counts && operands[i].data[0] != 0;
      }
      if (counts) left[to] = static_cast<uint8_t>(left[to] ^ table.products[p]);
    }
    const uint8_t *a = rows[0], *b = rows[1], *c = rows[2];
    switch (many) {
      case 0:
        for (int64_t i = 0; i < count; ++i) y[i] = left[0];
        return;
      case 1:
        for (int64_t i = 0; i < count; ++i) y[i] = static_cast<uint8_t>(left[0] ^ (mask(a[i]) & left[1]));
        return;
      case 2:
        for (int64_t i = 0; i < count; ++i) {
          const uint8_t u = mask(a[i]), v = mask(b[i]);
          y[i] = static_cast<uint8_t>(left[0] ^ (u & left[1]) ^ (v & left[2]) ^ (u & v & left[3]));
        }
        return;
      default:
        for (int64_t i = 0; i < count; ++i) {
          const uint8_t u = mask(a[i]), v = mask(b[i]), w = mask(c[i]);
          const auto with_c = static_cast<uint8_t>(left[4] ^ (u & left[5]) ^ (v & left[6]) ^ (u & v & left[7]));
          y[i] = static_cast<uint8_t>(left[0] ^ (u & left[1]) ^ (v & left[2]) ^ (u & v & left[3]) ^ (w & with_c));
        }
    }
  }
  static void one_by_one(const TruthTable& table, const TruthOperand* operands, int inputs, uint8_t* y, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      int at = 0;
      for (int k = 0; k < inputs; ++k) at |= (operands[k].data[i * operands[k].step] != 0 ? 1 : 0) << k;
      y[i] = table.values[at];
    }
  }
};

}  // namespace
}  // namespace ingot
