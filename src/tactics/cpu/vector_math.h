// Elementary functions over vectors of floats, written once for every instruction set: V is Portable, Avx2 or Avx512 of the
// vector_math_<isa>.h headers. Errors are at most 3 units in the last place unless a function says otherwise; NaN gives NaN.
// Polynomials are minimax fits of our own. With fused multiply-add (all but Portable) every width gives the same bits.
#pragma once

#define INGOT_INLINE __attribute__((always_inline)) inline

namespace ingot {

// e^x: x = n*ln2 + r, e^r by a polynomial. Underflows gradually, overflows to infinity.
template <class V>
INGOT_INLINE typename V::Float vector_exp(typename V::Float x) {
  using F = typename V::Float;
  // Bounds past which the result is 0 or infinity anyway; the operand order keeps NaN.
  F clamped = V::max(V::set(-104.0f), V::min(V::set(89.0f), x));
  F n = V::round(V::mul(clamped, V::set(1.44269504f)));
  F r = V::fnma(n, V::set(0.693145752f), clamped);  // ln2 in two parts; the first has 9 bits of zeros behind it
  r = V::fnma(n, V::set(1.42860677e-6f), r);
  F p = V::set(0.00138146291f);
  p = V::fma(p, r, V::set(0.00836877991f));
  p = V::fma(p, r, V::set(0.0416683927f));
  p = V::fma(p, r, V::set(0.166665196f));
  p = V::fma(p, r, V::set(0.49999994f));
  F r2 = V::mul(r, r);
  p = V::add(V::fma(p, r2, r), V::set(1.0f));
  return V::scale2(p, n);
}

// ln x; -infinity at 0, NaN below.
template <class V>
INGOT_INLINE typename V::Float vector_log(typename V::Float x) {
  using F = typename V::Float;
  auto tiny = V::less(x, V::set(1.17549435e-38f));
  F scaled = V::select(tiny, V::mul(x, V::set(33554432.0f)), x);  // 2^25 lifts denormals
  // scaled = 2^n * m with m in [sqrt(1/2), sqrt(2)).
  auto bits = V::bits(scaled);
  auto exponent = V::int_sub(bits, V::int_set(0x3f3504f3));
  auto n_int = V::int_sra(exponent, 23);
  F m = V::from_bits(V::int_sub(bits, V::int_shl(n_int, 23)));
  F n = V::sub(V::to_float(n_int), V::select(tiny, V::set(25.0f), V::zero()));
  F f = V::sub(m, V::set(1.0f));
  F p = V::set(0.0674677119f);
  p = V::fma(p, f, V::set(-0.116757162f));
  p = V::fma(p, f, V::set(0.118881419f));
  p = V::fma(p, f, V::set(-0.124055766f));
  p = V::fma(p, f, V::set(0.142195523f));
  p = V::fma(p, f, V::set(-0.166679963f));
  p = V::fma(p, f, V::set(0.200021192f));
  p = V::fma(p, f, V::set(-0.250000089f));
  p = V::fma(p, f, V::set(0.333333135f));
  F f2 = V::mul(f, f);
  F y = V::mul(V::mul(p, f2), f);
  y = V::fma(n, V::set(1.42860677e-6f), y);
  y = V::fnma(V::set(0.5f), f2, y);
  y = V::add(f, y);
  y = V::fma(n, V::set(0.693145752f), y);
  const F infinity = V::set(__builtin_inff());
  y = V::select(V::equal(x, infinity), infinity, y);
  y = V::select(V::equal(x, V::zero()), V::set(-__builtin_inff()), y);
  y = V::select(V::less(x, V::zero()), V::set(__builtin_nanf("")), y);
  return V::select(V::is_nan(x), x, y);
}

// The error function: an odd polynomial up to 1, 1 - e^-q(|x|) above.
template <class V>
INGOT_INLINE typename V::Float vector_erf(typename V::Float x) {
  using F = typename V::Float;
  F t = V::min(V::set(4.0f), V::abs(x));
  F s = V::mul(x, x);
  F p = V::set(7.85385928e-05f);
  p = V::fma(p, s, V::set(-0.000801019254f));
  p = V::fma(p, s, V::set(0.00518832728f));
  p = V::fma(p, s, V::set(-0.026853811f));
  p = V::fma(p, s, V::set(0.112835854f));
  p = V::fma(p, s, V::set(-0.37612626f));
  p = V::fma(p, s, V::set(0.128379166f));
  F near = V::fma(p, x, x);
  F q = V::set(-0.000186357604f);
  q = V::fma(q, t, V::set(0.00294744573f));
  q = V::fma(q, t, V::set(-0.0218372121f));
  q = V::fma(q, t, V::set(0.103104979f));
  q = V::fma(q, t, V::set(0.638146877f));
  q = V::fma(q, t, V::set(1.12708795f));
  q = V::fma(q, t, V::set(0.000341824547f));
  F far = V::copy_sign(V::sub(V::set(1.0f), vector_exp<V>(V::negate(q))), x);
  F y = V::select(V::less(t, V::set(1.0f)), near, far);
  return V::select(V::is_nan(x), x, y);
}

// tanh x = 1 - 2 / (e^2x + 1) away from 0, an odd polynomial near it.
template <class V>
INGOT_INLINE typename V::Float vector_tanh(typename V::Float x) {
  using F = typename V::Float;
  F t = V::abs(x);
  F s = V::mul(x, x);
  F p = V::set(-0.00564833218f);
  p = V::fma(p, s, V::set(0.0205898378f));
  p = V::fma(p, s, V::set(-0.0537251309f));
  p = V::fma(p, s, V::set(0.133312747f));
  p = V::fma(p, s, V::set(-0.333332747f));
  F near = V::fma(V::mul(p, s), x, x);
  F e = vector_exp<V>(V::add(t, t));
  F far = V::sub(V::set(1.0f), V::div(V::set(2.0f), V::add(e, V::set(1.0f))));
  F y = V::select(V::less(t, V::set(0.632f)), near, V::copy_sign(far, x));
  return V::select(V::is_nan(x), x, y);
}

// 1 / (1 + e^-x)
template <class V>
INGOT_INLINE typename V::Float vector_sigmoid(typename V::Float x) {
  const typename V::Float one = V::set(1.0f);
  return V::div(one, V::add(one, vector_exp<V>(V::negate(x))));
}

// x * sigmoid(x); 0 at -infinity.
template <class V>
INGOT_INLINE typename V::Float vector_silu(typename V::Float x) {
  // Below -88 the divisor is infinite or nearly so; the clamp keeps -infinity / infinity away.
  typename V::Float bounded = V::max(V::set(-1e4f), x);
  return V::div(bounded, V::add(V::set(1.0f), vector_exp<V>(V::negate(bounded))));
}

// x * (1 + erf(x / sqrt 2)) / 2 = max(x, 0) - |x| * erfc(|x| / sqrt 2) / 2, to 1e-7 times max(|x|, 1).
// erfc is 2^-q(|x|), which is 0 for all that matters beyond 6.
template <class V>
INGOT_INLINE typename V::Float vector_gelu(typename V::Float x) {
  using F = typename V::Float;
  F t = V::min(V::set(6.0f), V::abs(x));
  F q = V::set(-2.1560129e-06f);
  q = V::fma(q, t, V::set(3.14579192e-05f));
  q = V::fma(q, t, V::set(-0.000149776897f));
  q = V::fma(q, t, V::set(-0.000221179114f));
  q = V::fma(q, t, V::set(0.0071672881f));
  q = V::fma(q, t, V::set(-0.0525623523f));
  q = V::fma(q, t, V::set(-0.459189028f));
  q = V::fma(q, t, V::set(-1.15110695f));
  q = V::mul(q, t);
  F n = V::round(q);
  F f = V::sub(q, n);
  F p = V::set(0.00132763956f);
  p = V::fma(p, f, V::set(0.00967565551f));
  p = V::fma(p, f, V::set(0.0555071421f));
  p = V::fma(p, f, V::set(0.240221173f));
  p = V::fma(p, f, V::set(0.693146944f));
  p = V::fma(p, f, V::set(1.00000012f));
  return V::fnma(V::mul(V::set(0.5f), t), V::scale2(p, n), V::max(V::zero(), x));
}

// x * (1 + tanh(u)) / 2 = x / (1 + e^-2u) with u = sqrt(2 / pi) * (x + 0.044715 x^3); 0 at -infinity.
template <class V>
INGOT_INLINE typename V::Float vector_gelu_tanh(typename V::Float x) {
  using F = typename V::Float;
  F bounded = V::max(V::set(-1e4f), x);
  F slope = V::fma(V::mul(bounded, bounded), V::set(-0.0713548128f), V::set(-1.59576912f));
  return V::div(bounded, V::add(V::set(1.0f), vector_exp<V>(V::mul(bounded, slope))));
}

// x * min(max(x / 6 + 1 / 2, 0), 1)
template <class V>
INGOT_INLINE typename V::Float vector_hard_swish(typename V::Float x) {
  typename V::Float gate = V::fma(x, V::set(1.0f / 6), V::set(0.5f));
  return V::mul(x, V::max(V::zero(), V::min(V::set(1.0f), gate)));
}

}  // namespace ingot
