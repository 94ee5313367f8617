// The float kernels of expression tiles over vectors V; each instruction set's file makes its table.
#pragma once

#include <cmath>

#include "operators/expression.h"
#include "tactics/cpu/vector_angles.h"

namespace ingot {

// One operand of a tile: `step` is 1 for a row, 0 for one value that is repeated over a whole vector (16 floats).
struct TileOperand {
  const float* data;
  int64_t step;
};
// out[i] = op(x[i], y[i], z[i]; a, b) for i < count. out may be one of the operands.
using ExpressionKernel = void (*)(const TileOperand* operands, float* out, int64_t count, float a, float b);

// Null where there is no vector form. The first takes the best instruction set of the machine.
ExpressionKernel expression_kernel(ScalarOp op);
ExpressionKernel expression_kernel_portable(ScalarOp op);
ExpressionKernel expression_kernel_avx2(ScalarOp op);
ExpressionKernel expression_kernel_avx512(ScalarOp op);

namespace {

template <class V>
struct ExpressionKernels {
  using F = typename V::Float;

  template <F (*kFunction)(F, F, F)>
  static void unary(const TileOperand* operands, float* out, int64_t count, float a, float b) {
    const F va = V::set(a), vb = V::set(b);
    const float* x = operands[0].data;
    const int64_t xs = operands[0].step;
    int64_t i = 0;
    for (; i + V::kLanes <= count; i += V::kLanes) V::store(out + i, kFunction(V::load(x + i * xs), va, vb));
    if (i < count) {
      const int rest = static_cast<int>(count - i);
      V::store(out + i, kFunction(V::load(x + i * xs, rest), va, vb), rest);
    }
  }
  // Rows with an angle that is too large for the vectors go through `kExact`.
  template <F (*kFunction)(F, F, F), double (*kExact)(double)>
  static void of_angles(const TileOperand* operands, float* out, int64_t count, float a, float b) {
    const float* x = operands[0].data;
    const int64_t xs = operands[0].step;
    F most = V::zero();
    int64_t i = 0;
    for (; i + V::kLanes <= count; i += V::kLanes) most = V::max(V::abs(V::load(x + i * xs)), most);
    if (i < count) most = V::max(V::abs(V::load(x + i * xs, static_cast<int>(count - i))), most);
    if (V::largest(most) <= kMostAngle) return unary<kFunction>(operands, out, count, a, b);
    for (i = 0; i < count; ++i) out[i] = static_cast<float>(kExact(static_cast<double>(x[i * xs])));
  }
  template <F (*kFunction)(F, F)>
  static void binary(const TileOperand* operands, float* out, int64_t count, float, float) {
    const float *x = operands[0].data, *y = operands[1].data;
    const int64_t xs = operands[0].step, ys = operands[1].step;
    int64_t i = 0;
    for (; i + V::kLanes <= count; i += V::kLanes) V::store(out + i, kFunction(V::load(x + i * xs), V::load(y + i * ys)));
    if (i < count) {
      const int rest = static_cast<int>(count - i);
      V::store(out + i, kFunction(V::load(x + i * xs, rest), V::load(y + i * ys, rest)), rest);
    }
  }
  static void select(const TileOperand* operands, float* out, int64_t count, float, float) {
    const float *x = operands[0].data, *y = operands[1].data, *z = operands[2].data;
    const int64_t xs = operands[0].step, ys = operands[1].step, zs = operands[2].step;
    const auto choose = [](F condition, F yes, F no) { return V::select(V::equal(condition, V::zero()), no, yes); };
    int64_t i = 0;
    for (; i + V::kLanes <= count; i += V::kLanes) V::store(out + i, choose(V::load(x + i * xs), V::load(y + i * ys), V::load(z + i * zs)));
    if (i < count) {
      const int rest = static_cast<int>(count - i);
      V::store(out + i, choose(V::load(x + i * xs, rest), V::load(y + i * ys, rest), V::load(z + i * zs, rest)), rest);
    }
  }

  static INGOT_INLINE F one() { return V::set(1.0f); }
  template <class Mask>
  static INGOT_INLINE F truth(Mask mask) {
    return V::select(mask, one(), V::zero());
  }
  static INGOT_INLINE F is_zero(F x) { return truth(V::equal(x, V::zero())); }
  static INGOT_INLINE F is_true(F x) { return V::select(V::equal(x, V::zero()), V::zero(), one()); }
  static INGOT_INLINE F if_negative(F x, F yes) { return V::select(V::less(x, V::zero()), yes, x); }
  static INGOT_INLINE F unit_clamp(F x) { return V::min(one(), V::max(V::zero(), x)); }
  // log(1 + e^t) = max(t, 0) + log(1 + e^-|t|)
  static INGOT_INLINE F log_one_plus_exp(F t) {
    const F rest = vector_log<V>(V::add(one(), vector_exp<V>(V::negate(V::abs(t)))));
    return V::add(V::max(V::zero(), t), rest);
  }
  static INGOT_INLINE F exp_minus_one(F x) { return V::sub(vector_exp<V>(x), one()); }

  static INGOT_INLINE F identity(F x, F, F) { return x; }
  static INGOT_INLINE F abs(F x, F, F) { return V::abs(x); }
  static INGOT_INLINE F neg(F x, F, F) { return V::negate(x); }
  static INGOT_INLINE F exp(F x, F, F) { return vector_exp<V>(x); }
  static INGOT_INLINE F log(F x, F, F) { return vector_log<V>(x); }
  static INGOT_INLINE F sqrt(F x, F, F) { return V::sqrt(x); }
  static INGOT_INLINE F reciprocal(F x, F, F) { return V::div(one(), x); }
  static INGOT_INLINE F sin(F x, F, F) { return SineCosine<V>(x).sine; }
  static INGOT_INLINE F cos(F x, F, F) { return SineCosine<V>(x).cosine; }
  static INGOT_INLINE F tan(F x, F, F) {
    const SineCosine<V> both(x);
    return V::div(both.sine, both.cosine);
  }
  static INGOT_INLINE F asin(F x, F, F) { return vector_asin<V>(x); }
  static INGOT_INLINE F acos(F x, F, F) { return vector_acos<V>(x); }
  static INGOT_INLINE F atan(F x, F, F) { return vector_atan<V>(x); }
  static INGOT_INLINE F sinh(F x, F, F) { return vector_sinh<V>(x); }
  static INGOT_INLINE F cosh(F x, F, F) { return vector_cosh<V>(x); }
  static INGOT_INLINE F asinh(F x, F, F) { return vector_asinh<V>(x); }
  static INGOT_INLINE F acosh(F x, F, F) { return vector_acosh<V>(x); }
  static INGOT_INLINE F atanh(F x, F, F) { return vector_atanh<V>(x); }
  static INGOT_INLINE F erf(F x, F, F) { return vector_erf<V>(x); }
  static INGOT_INLINE F floor(F x, F, F) { return V::floor(x); }
  static INGOT_INLINE F ceil(F x, F, F) { return V::ceil(x); }
  static INGOT_INLINE F round(F x, F, F) { return V::round(x); }
  static INGOT_INLINE F sign(F x, F, F) {
    const F down = V::select(V::less(x, V::zero()), V::set(-1.0f), x);
    return V::select(V::less(V::zero(), x), one(), down);
  }
  static INGOT_INLINE F logical_not(F x, F, F) { return is_zero(x); }
  static INGOT_INLINE F is_inf(F x, F a, F) {
    // a > 0 asks for the positive one alone, a < 0 for the negative one.
    const F infinity = V::set(__builtin_inff());
    const F up = V::select(V::less(a, V::zero()), V::zero(), truth(V::equal(x, infinity)));
    const F down = V::select(V::less(V::zero(), a), V::zero(), truth(V::equal(V::negate(x), infinity)));
    return V::max(up, down);
  }
  static INGOT_INLINE F is_nan(F x, F, F) { return truth(V::is_nan(x)); }
  static INGOT_INLINE F relu(F x, F, F) { return V::max(V::zero(), x); }
  static INGOT_INLINE F sigmoid(F x, F, F) { return vector_sigmoid<V>(x); }
  static INGOT_INLINE F tanh(F x, F, F) { return vector_tanh<V>(x); }
  static INGOT_INLINE F softsign(F x, F, F) { return V::div(x, V::add(one(), V::abs(x))); }
  static INGOT_INLINE F gelu(F x, F, F) { return vector_gelu<V>(x); }
  static INGOT_INLINE F gelu_tanh(F x, F, F) { return vector_gelu_tanh<V>(x); }
  static INGOT_INLINE F silu(F x, F, F) { return vector_silu<V>(x); }
  // tanh(log(1 + e)) = w / (w + 2) with w = e * (e + 2); past 20 it is 1.
  static INGOT_INLINE F mish(F x, F, F) {
    const F bounded = V::max(V::set(-1e4f), x);
    const F e = vector_exp<V>(V::min(V::set(20.0f), bounded));
    const F w = V::mul(e, V::add(e, V::set(2.0f)));
    return V::mul(bounded, V::div(w, V::add(w, V::set(2.0f))));
  }
  static INGOT_INLINE F hard_swish(F x, F, F) { return vector_hard_swish<V>(x); }
  static INGOT_INLINE F leaky_relu(F x, F a, F) { return if_negative(x, V::mul(a, x)); }
  static INGOT_INLINE F elu(F x, F a, F) { return if_negative(x, V::mul(a, exp_minus_one(x))); }
  static INGOT_INLINE F selu(F x, F a, F b) { return V::mul(b, if_negative(x, V::mul(a, exp_minus_one(x)))); }
  static INGOT_INLINE F celu(F x, F a, F) { return if_negative(x, V::mul(a, exp_minus_one(V::div(x, a)))); }
  static INGOT_INLINE F softplus(F x, F a, F b) { return V::mul(b, log_one_plus_exp(V::mul(a, x))); }
  static INGOT_INLINE F clip(F x, F a, F b) { return V::min(b, V::max(a, x)); }
  static INGOT_INLINE F hard_sigmoid(F x, F a, F b) { return unit_clamp(V::fma(a, x, b)); }
  static INGOT_INLINE F scaled_tanh(F x, F a, F b) { return V::mul(a, vector_tanh<V>(V::mul(b, x))); }
  static INGOT_INLINE F thresholded_relu(F x, F a, F) { return V::select(V::less(a, x), x, V::zero()); }
  static INGOT_INLINE F shrink(F x, F a, F b) {
    const F up = V::select(V::less(a, x), V::sub(x, b), V::zero());
    return V::select(V::less(x, V::negate(a)), V::add(x, b), up);
  }
  static INGOT_INLINE F affine(F x, F a, F b) { return V::fma(a, x, b); }
  static INGOT_INLINE F swish(F x, F a, F) { return V::mul(x, vector_sigmoid<V>(V::mul(a, x))); }

  // A NaN counts as 0.
  static INGOT_INLINE F snap(F x, F a, F) {
    const F steps = V::min(V::set(127.0f), V::max(V::set(-128.0f), V::round(V::div(x, a))));
    return V::select(V::is_nan(x), V::zero(), V::mul(a, steps));
  }

  static INGOT_INLINE F add(F x, F y) { return V::add(x, y); }
  static INGOT_INLINE F sub(F x, F y) { return V::sub(x, y); }
  static INGOT_INLINE F mul(F x, F y) { return V::mul(x, y); }
  static INGOT_INLINE F div(F x, F y) { return V::div(x, y); }
  // A NaN on either side comes through.
  static INGOT_INLINE F min(F x, F y) { return V::select(V::is_nan(x), x, V::min(x, y)); }
  static INGOT_INLINE F max(F x, F y) { return V::select(V::is_nan(x), x, V::max(x, y)); }
  static INGOT_INLINE F floor_div(F x, F y) { return V::floor(V::div(x, y)); }
  static INGOT_INLINE F logical_and(F x, F y) { return V::min(is_true(x), is_true(y)); }
  static INGOT_INLINE F logical_or(F x, F y) { return V::max(is_true(x), is_true(y)); }
  static INGOT_INLINE F logical_xor(F x, F y) { return V::abs(V::sub(is_true(x), is_true(y))); }
  static INGOT_INLINE F equal(F x, F y) { return truth(V::equal(x, y)); }
  static INGOT_INLINE F less(F x, F y) { return truth(V::less(x, y)); }
  static INGOT_INLINE F greater(F x, F y) { return truth(V::less(y, x)); }
  static INGOT_INLINE F less_equal(F x, F y) { return V::max(less(x, y), equal(x, y)); }
  static INGOT_INLINE F greater_equal(F x, F y) { return V::max(less(y, x), equal(x, y)); }
  static INGOT_INLINE F prelu(F x, F y) { return if_negative(x, V::mul(x, y)); }
  static INGOT_INLINE F sum_of_squares(F x, F y) { return V::add(V::mul(x, x), V::mul(y, y)); }

  static ExpressionKernel find(ScalarOp op) {
    switch (op) {
      case ScalarOp::kIdentity: return unary<identity>;
      case ScalarOp::kAbs: return unary<abs>;
      case ScalarOp::kNeg: return unary<neg>;
      case ScalarOp::kExp: return unary<exp>;
      case ScalarOp::kLog: return unary<log>;
      case ScalarOp::kSqrt: return unary<sqrt>;
      case ScalarOp::kReciprocal: return unary<reciprocal>;
      case ScalarOp::kSin: return of_angles<sin, &std::sin>;
      case ScalarOp::kCos: return of_angles<cos, &std::cos>;
      case ScalarOp::kTan: return of_angles<tan, &std::tan>;
      case ScalarOp::kAsin: return unary<asin>;
      case ScalarOp::kAcos: return unary<acos>;
      case ScalarOp::kAtan: return unary<atan>;
      case ScalarOp::kSinh: return unary<sinh>;
      case ScalarOp::kCosh: return unary<cosh>;
      case ScalarOp::kAsinh: return unary<asinh>;
      case ScalarOp::kAcosh: return unary<acosh>;
      case ScalarOp::kAtanh: return unary<atanh>;
      case ScalarOp::kErf: return unary<erf>;
      case ScalarOp::kFloor: return unary<floor>;
      case ScalarOp::kCeil: return unary<ceil>;
      case ScalarOp::kRound: return unary<round>;
      case ScalarOp::kSign: return unary<sign>;
      case ScalarOp::kNot: return unary<logical_not>;
      case ScalarOp::kIsInf: return unary<is_inf>;
      case ScalarOp::kIsNan: return unary<is_nan>;
      case ScalarOp::kRelu: return unary<relu>;
      case ScalarOp::kSigmoid: return unary<sigmoid>;
      case ScalarOp::kTanh: return unary<tanh>;
      case ScalarOp::kSoftsign: return unary<softsign>;
      case ScalarOp::kGelu: return unary<gelu>;
      case ScalarOp::kGeluTanh: return unary<gelu_tanh>;
      case ScalarOp::kSilu: return unary<silu>;
      case ScalarOp::kMish: return unary<mish>;
      case ScalarOp::kHardSwish: return unary<hard_swish>;
      case ScalarOp::kLeakyRelu: return unary<leaky_relu>;
      case ScalarOp::kElu: return unary<elu>;
      case ScalarOp::kSelu: return unary<selu>;
      case ScalarOp::kCelu: return unary<celu>;
      case ScalarOp::kSoftplus: return unary<softplus>;
      case ScalarOp::kClip: return unary<clip>;
      case ScalarOp::kHardSigmoid: return unary<hard_sigmoid>;
      case ScalarOp::kScaledTanh: return unary<scaled_tanh>;
      case ScalarOp::kThresholdedRelu: return unary<thresholded_relu>;
      case ScalarOp::kShrink: return unary<shrink>;
      case ScalarOp::kAffine: return unary<affine>;
      case ScalarOp::kSwish: return unary<swish>;
      case ScalarOp::kSnap: return unary<snap>;
      case ScalarOp::kAdd: return binary<add>;
      case ScalarOp::kSub: return binary<sub>;
      case ScalarOp::kMul: return binary<mul>;
      case ScalarOp::kDiv: return binary<div>;
      case ScalarOp::kMin: return binary<min>;
      case ScalarOp::kMax: return binary<max>;
      case ScalarOp::kFloorDiv: return binary<floor_div>;
      case ScalarOp::kAnd: return binary<logical_and>;
      case ScalarOp::kOr: return binary<logical_or>;
      case ScalarOp::kXor: return binary<logical_xor>;
      case ScalarOp::kEqual: return binary<equal>;
      case ScalarOp::kLess: return binary<less>;
      case ScalarOp::kGreater: return binary<greater>;
      case ScalarOp::kLessEqual: return binary<less_equal>;
      case ScalarOp::kGreaterEqual: return binary<greater_equal>;
      case ScalarOp::kPrelu: return binary<prelu>;
      case ScalarOp::kSumOfSquares: return binary<sum_of_squares>;
      case ScalarOp::kSelect: return select;
      default: return nullptr;
    }
  }
};

}  // namespace
}  // namespace ingot
