// The loops of integer_tiles.h, plain enough for the compiler to make vectors of; each instruction set's file compiles its own.
#pragma once

#include <cmath>
#include <cstdint>

#include "tactics/cpu/integer_tiles.h"

// A step may write over its operand's row, element by element.
#define INGOT_IN_PLACE _Pragma("GCC ivdep")

namespace ingot {
namespace {

struct IntegerLoops {
  using Operand = WideOperand<int64_t>;

  template <class T>
  static void widen(const void* from, int64_t* to, int64_t count) {
    const auto* f = static_cast<const T*>(from);
    for (int64_t i = 0; i < count; ++i) to[i] = static_cast<int64_t>(f[i]);
  }
  template <class T>
  static void narrow(const int64_t* from, void* to, int64_t count) {
    auto* t = static_cast<T*>(to);
    for (int64_t i = 0; i < count; ++i) t[i] = static_cast<T>(from[i]);
  }
  template <class T>
  static void wrap(int64_t* x, int64_t count) {
    INGOT_IN_PLACE for (int64_t i = 0; i < count; ++i) x[i] = static_cast<int64_t>(static_cast<T>(x[i]));
  }

  static void load(DataType type, const void* from, int64_t* to, int64_t count) {
    switch (type) {
      case DataType::kInt8: return widen<int8_t>(from, to, count);
      case DataType::kInt16: return widen<int16_t>(from, to, count);
      case DataType::kInt32: return widen<int32_t>(from, to, count);
      case DataType::kUint8: return widen<uint8_t>(from, to, count);
      case DataType::kUint16: return widen<uint16_t>(from, to, count);
      case DataType::kUint32: return widen<uint32_t>(from, to, count);
      default: return widen<int64_t>(from, to, count);
    }
  }
  static void store(DataType type, const int64_t* from, void* to, int64_t count) {
    switch (type) {
      case DataType::kInt8:
      case DataType::kUint8: return narrow<uint8_t>(from, to, count);
      case DataType::kInt16:
      case DataType::kUint16: return narrow<uint16_t>(from, to, count);
      case DataType::kInt32:
      case DataType::kUint32: return narrow<uint32_t>(from, to, count);
      default: return narrow<int64_t>(from, to, count);
    }
  }
  static void wrap_to(DataType type, int64_t* x, int64_t count) {
    switch (type) {
      case DataType::kInt8: return wrap<int8_t>(x, count);
      case DataType::kInt16: return wrap<int16_t>(x, count);
      case DataType::kInt32: return wrap<int32_t>(x, count);
      case DataType::kUint8: return wrap<uint8_t>(x, count);
      case DataType::kUint16: return wrap<uint16_t>(x, count);
      case DataType::kUint32: return wrap<uint32_t>(x, count);
      default: return;
    }
  }

  template <class Function, class To>
  static void unary(Operand x, To* out, int64_t count, Function function) {
    if (x.step == 0) {
      const To value = function(x.data[0]);
      for (int64_t i = 0; i < count; ++i) out[i] = value;
    } else {
      const int64_t* p = x.data;
      INGOT_IN_PLACE for (int64_t i = 0; i < count; ++i) out[i] = function(p[i]);
    }
  }
  template <class Function, class To>
  static void binary(const Operand* operands, To* out, int64_t count, Function function) {
    const int64_t *p = operands[0].data, *q = operands[1].data;
    if (operands[0].step != 0 && operands[1].step != 0) {
      INGOT_IN_PLACE for (int64_t i = 0; i < count; ++i) out[i] = function(p[i], q[i]);
    } else if (operands[0].step != 0) {
      const int64_t y = q[0];
      INGOT_IN_PLACE for (int64_t i = 0; i < count; ++i) out[i] = function(p[i], y);
    } else {
      const int64_t x = p[0];
      unary(operands[1], out, count, [x, function](int64_t y) { return function(x, y); });
    }
  }

  static uint64_t bits(int64_t x) { return static_cast<uint64_t>(x); }
  static int64_t number(uint64_t x) { return static_cast<int64_t>(x); }

  // Quotients of numbers of up to 33 bits, truncated: doubles are exact enough, since one that is not whole stays at least 1/y away
  // from the next whole number. 0 where y is 0.
  static int64_t quotient(int64_t x, int64_t y) {
    const auto q = static_cast<int64_t>(static_cast<double>(x) / static_cast<double>(y == 0 ? 1 : y));
    return y == 0 ? 0 : q;
  }
  static int64_t rest(int64_t x, int64_t y) { return y == 0 ? 0 : number(bits(x) - bits(quotient(x, y)) * bits(y)); }
  static bool divides_as_doubles(DataType type, const Operand* operands) {
    if (type == DataType::kInt64) return false;
    for (int k = 0; k < 2; ++k) {
      // Constants are not wrapped to the type.
      if (operands[k].step == 0 && (operands[k].data[0] > int64_t{UINT32_MAX} || operands[k].data[0] < -int64_t{UINT32_MAX})) return false;
    }
    return true;
  }

  static bool divide(ScalarOp op, const Operand* operands, int64_t* out, int64_t count) {
    switch (op) {
      case ScalarOp::kDiv: binary(operands, out, count, [](int64_t x, int64_t y) { return quotient(x, y); }); return true;
      case ScalarOp::kFloorDiv:
        binary(operands, out, count, [](int64_t x, int64_t y) {
          const int64_t q = quotient(x, y), r = y == 0 ? 0 : number(bits(x) - bits(q) * bits(y));
          return q - static_cast<int64_t>((r != 0) & ((x < 0) != (y < 0)));
        });
        return true;
      case ScalarOp::kMod:
        binary(operands, out, count, [](int64_t x, int64_t y) {
          const int64_t r = rest(x, y);
          return r + ((r != 0) & ((x < 0) != (y < 0)) ? y : 0);
        });
        return true;
      default: binary(operands, out, count, [](int64_t x, int64_t y) { return rest(x, y); }); return true;
    }
  }

  // Bounds of a clip that lie outside int64 do not bind, but for an upper one below everything.
  static void clip(Operand x, int64_t* out, int64_t count, double a, double b) {
    constexpr double kLowest = -9223372036854775808.0, kHighest = 9223372036854775808.0;
    const int64_t least = a > kLowest && a < kHighest ? static_cast<int64_t>(std::ceil(a)) : INT64_MIN;
    const int64_t most = b <= kLowest ? INT64_MIN : b < kHighest ? static_cast<int64_t>(std::floor(b)) : INT64_MAX;
    unary(x, out, count, [=](int64_t v) {
      const int64_t above = v < least ? least : v;
      return above > most ? most : above;
    });
  }

  static bool compute(ScalarOp op, DataType type, const Operand* x, int64_t* out, int64_t count, double a, double b) {
    const auto width = static_cast<uint64_t>(bits_of(type));
    switch (op) {
      case ScalarOp::kIdentity:
      case ScalarOp::kFloor:
      case ScalarOp::kCeil:
      case ScalarOp::kRound:
      case ScalarOp::kCast: unary(x[0], out, count, [](int64_t v) { return v; }); break;
      case ScalarOp::kAbs: unary(x[0], out, count, [](int64_t v) { return v < 0 ? number(0 - bits(v)) : v; }); break;
      case ScalarOp::kNeg: unary(x[0], out, count, [](int64_t v) { return number(0 - bits(v)); }); break;
      case ScalarOp::kSign:
        unary(x[0], out, count, [](int64_t v) { return static_cast<int64_t>(v > 0) - static_cast<int64_t>(v < 0); });
        break;
      case ScalarOp::kRelu: unary(x[0], out, count, [](int64_t v) { return v < 0 ? int64_t{0} : v; }); break;
      case ScalarOp::kBitNot: unary(x[0], out, count, [](int64_t v) { return ~v; }); break;
      case ScalarOp::kClip: clip(x[0], out, count, a, b); break;
      case ScalarOp::kAdd: binary(x, out, count, [](int64_t v, int64_t w) { return number(bits(v) + bits(w)); }); break;
      case ScalarOp::kSub: binary(x, out, count, [](int64_t v, int64_t w) { return number(bits(v) - bits(w)); }); break;
      case ScalarOp::kMul: binary(x, out, count, [](int64_t v, int64_t w) { return number(bits(v) * bits(w)); }); break;
      case ScalarOp::kMin: binary(x, out, count, [](int64_t v, int64_t w) { return v < w ? v : w; }); break;
      case ScalarOp::kMax: binary(x, out, count, [](int64_t v, int64_t w) { return v > w ? v : w; }); break;
      case ScalarOp::kBitAnd: binary(x, out, count, [](int64_t v, int64_t w) { return v & w; }); break;
      case ScalarOp::kBitOr: binary(x, out, count, [](int64_t v, int64_t w) { return v | w; }); break;
      case ScalarOp::kBitXor: binary(x, out, count, [](int64_t v, int64_t w) { return v ^ w; }); break;
      case ScalarOp::kShiftLeft:
        binary(x, out, count, [width](int64_t v, int64_t w) {
          const int64_t shifted = number(bits(v) << (bits(w) & 63));
          return bits(w) >= width ? int64_t{0} : shifted;
        });
        break;
      case ScalarOp::kShiftRight:
        // Numbers have no bits past their width but those of the sign.
        binary(x, out, count, [width](int64_t v, int64_t w) { return v >> (bits(w) >= width ? 63 : w); });
        break;
      case ScalarOp::kDiv:
      case ScalarOp::kFloorDiv:
      case ScalarOp::kMod:
      case ScalarOp::kFmod:
        if (!divides_as_doubles(type, x)) return false;
        divide(op, x, out, count);
        break;
      default: return false;
    }
    wrap_to(type, out, count);
    return true;
  }

  static bool compare(ScalarOp op, const Operand* x, float* out, int64_t count) {
    switch (op) {
      case ScalarOp::kEqual: binary(x, out, count, [](int64_t v, int64_t w) { return v == w ? 1.0f : 0.0f; }); return true;
      case ScalarOp::kLess: binary(x, out, count, [](int64_t v, int64_t w) { return v < w ? 1.0f : 0.0f; }); return true;
      case ScalarOp::kGreater: binary(x, out, count, [](int64_t v, int64_t w) { return v > w ? 1.0f : 0.0f; }); return true;
      case ScalarOp::kLessEqual: binary(x, out, count, [](int64_t v, int64_t w) { return v <= w ? 1.0f : 0.0f; }); return true;
      case ScalarOp::kGreaterEqual: binary(x, out, count, [](int64_t v, int64_t w) { return v >= w ? 1.0f : 0.0f; }); return true;
      default: return false;
    }
  }

  static void select(WideOperand<float> condition, Operand yes, Operand no, int64_t* out, int64_t count) {
    if (condition.step == 0 || yes.step == 0 || no.step == 0) {
      for (int64_t i = 0; i < count; ++i) out[i] = condition[i] != 0 ? yes[i] : no[i];
      return;
    }
    const float* c = condition.data;
    const int64_t *p = yes.data, *q = no.data;
    INGOT_IN_PLACE for (int64_t i = 0; i < count; ++i) {
      const int64_t y = p[i], n = q[i];
      out[i] = c[i] != 0 ? y : n;
    }
  }

  // kMost is the largest double that converts to int64; what lies above it is replaced afterwards.
  static int64_t truncated(double x, double least, double most, int64_t largest) {
    constexpr double kMost = 9223372036854774784.0;
    const double known = x == x ? x : 0.0;
    const double above = known < least ? least : known;
    const auto whole = static_cast<int64_t>(above < kMost ? above : kMost);
    return above >= most ? largest : whole;
  }
  static void from_floats(DataType type, WideOperand<float> x, int64_t* out, int64_t count) {
    const int width = bits_of(type);
    const bool negative = is_signed(type);
    const int64_t largest = width == 64 ? INT64_MAX : (int64_t{1} << (negative ? width - 1 : width)) - 1;
    const double most = static_cast<double>(largest), least = negative ? -std::ldexp(1.0, width - 1) : 0;
    const float* p = x.data;
    if (x.step == 0) {
      const int64_t value = truncated(p[0], least, most, largest);
      for (int64_t i = 0; i < count; ++i) out[i] = value;
    } else {
      for (int64_t i = 0; i < count; ++i) out[i] = truncated(p[i], least, most, largest);
    }
  }
  static void to_floats(Operand x, float* out, int64_t count) {
    unary(x, out, count, [](int64_t v) { return static_cast<float>(static_cast<double>(v)); });
  }

  static const IntegerTiles& table() {
    static constexpr IntegerTiles kTable{load, store, compute, compare, select, from_floats, to_floats};
    return kTable;
  }
};

}  // namespace
}  // namespace ingot
