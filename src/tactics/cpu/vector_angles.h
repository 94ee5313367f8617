// Trigonometric and hyperbolic functions over vectors of floats and their inverses, as vector_math.h has the others. Errors are a few units
// in the last place; of sines and cosines near their zeros, of 1.
#pragma once

#include "tactics/cpu/vector_math.h"

namespace ingot {

// ln(1 + x), also where 1 + x rounds to 1: what the rounding of the sum took is put back by a factor.
template <class V>
INGOT_INLINE typename V::Float vector_log1p(typename V::Float x) {
  using F = typename V::Float;
  const F sum = V::add(V::set(1.0f), x), taken = V::sub(sum, V::set(1.0f));
  const F log = vector_log<V>(sum);
  const F y = V::select(V::equal(taken, V::zero()), x, V::mul(log, V::div(x, taken)));
  return V::select(V::equal(sum, V::set(__builtin_inff())), sum, y);
}

// Sine and cosine for |x| up to 8192: x = n * pi/2 + r with pi/2 in three parts, polynomials of r, quadrant by n.
constexpr float kMostAngle = 8192.0f;
template <class V>
struct SineCosine {
  using F = typename V::Float;
  F sine, cosine;

  INGOT_INLINE explicit SineCosine(F x) {
    const F n = V::round(V::mul(x, V::set(0.636619772f)));
    F r = V::fnma(n, V::set(1.5703125f), x);
    r = V::fnma(n, V::set(4.83751297e-4f), r);
    r = V::fnma(n, V::set(7.54978995e-8f), r);
    const F s = V::mul(r, r);
    F p = V::set(2.71756812e-6f);
    p = V::fma(p, s, V::set(-1.98392576e-4f));
    p = V::fma(p, s, V::set(8.33332911e-3f));
    p = V::fma(p, s, V::set(-0.166666672f));
    const F near_zero = V::fma(V::mul(p, s), r, r);
    F q = V::set(2.44312414e-5f);
    q = V::fma(q, s, V::set(-1.3887306e-3f));
    q = V::fma(q, s, V::set(4.16666456e-2f));
    const F near_one = V::add(V::set(1.0f), V::fma(V::mul(q, s), s, V::mul(V::set(-0.5f), s)));
    // n = 4k + 2 * half + odd, with odd and half 0 or 1.
    const F pairs = V::floor(V::mul(V::set(0.5f), n)), odd = V::fnma(V::set(2.0f), pairs, n);
    const F fours = V::floor(V::mul(V::set(0.5f), pairs)), half = V::fnma(V::set(2.0f), fours, pairs);
    const auto swaps = V::equal(odd, V::set(1.0f)), turned = V::equal(half, V::set(1.0f));
    const F up = V::select(swaps, near_one, near_zero), across = V::select(swaps, V::negate(near_zero), near_one);
    sine = V::select(turned, V::negate(up), up);
    cosine = V::select(turned, V::negate(across), across);
  }
};

// arctan x = c + arctan r, with r = x, (|x| - 1) / (|x| + 1) or -1 / |x|, so that |r| <= tan(pi / 8).
template <class V>
INGOT_INLINE typename V::Float vector_atan(typename V::Float x) {
  using F = typename V::Float;
  const F t = V::abs(x), one = V::set(1.0f);
  const auto high = V::less(V::set(2.41421356f), t), low = V::less(t, V::set(0.414213562f));
  const F over = V::select(high, V::set(-1.0f), V::sub(t, one)), under = V::select(high, t, V::add(t, one));
  const F r = V::select(low, t, V::div(over, under));
  const F base = V::select(low, V::zero(), V::select(high, V::set(1.57079633f), V::set(0.785398163f)));
  const F s = V::mul(r, r);
  F p = V::set(-0.0606016442f);
  p = V::fma(p, s, V::set(0.105872259f));
  p = V::fma(p, s, V::set(-0.142427236f));
  p = V::fma(p, s, V::set(0.199984342f));
  p = V::fma(p, s, V::set(-0.333333135f));
  const F y = V::add(base, V::fma(V::mul(p, s), r, r));
  return V::select(V::is_nan(x), x, V::copy_sign(y, x));
}

// arcsin |x| for |x| <= 1/2, and of sqrt((1 - |x|) / 2) above, which is half of what is left to pi/2.
template <class V>
struct ArcSine {
  using F = typename V::Float;
  F inner;  // arcsin of what is in reach of the polynomial
  typename V::Mask is_near;

  INGOT_INLINE explicit ArcSine(F x) {
    const F t = V::abs(x), rest = V::mul(V::set(0.5f), V::sub(V::set(1.0f), t));
    is_near = V::less(t, V::set(0.5f));
    const F s = V::select(is_near, V::mul(t, t), rest), r = V::select(is_near, t, V::sqrt(rest));
    F p = V::set(0.0422305763f);
    p = V::fma(p, s, V::set(0.0241409726f));
    p = V::fma(p, s, V::set(0.0454783477f));
    p = V::fma(p, s, V::set(0.0749523267f));
    p = V::fma(p, s, V::set(0.166667536f));
    inner = V::fma(V::mul(p, s), r, r);
  }
};
template <class V>
INGOT_INLINE typename V::Float vector_asin(typename V::Float x) {
  const ArcSine<V> arc(x);
  const typename V::Float far = V::fnma(V::set(2.0f), arc.inner, V::set(1.57079633f));
  return V::copy_sign(V::select(arc.is_near, arc.inner, far), x);
}
template <class V>
INGOT_INLINE typename V::Float vector_acos(typename V::Float x) {
  using F = typename V::Float;
  const ArcSine<V> arc(x);
  const F twice = V::add(arc.inner, arc.inner);
  const F far = V::select(V::less(x, V::zero()), V::sub(V::set(3.14159265f), twice), twice);
  return V::select(arc.is_near, V::sub(V::set(1.57079633f), V::copy_sign(arc.inner, x)), far);
}

// From e^(|x| / 2), whose square overflows only where the result does; an odd polynomial for sinh near 0.
template <class V>
INGOT_INLINE typename V::Float vector_sinh(typename V::Float x) {
  using F = typename V::Float;
  const F t = V::abs(x), s = V::mul(x, x), e = vector_exp<V>(V::mul(V::set(0.5f), t)), half = V::mul(V::set(0.5f), e);
  F p = V::set(2.81806319e-6f);
  p = V::fma(p, s, V::set(1.98359616e-4f));
  p = V::fma(p, s, V::set(8.33335146e-3f));
  p = V::fma(p, s, V::set(0.166666672f));
  const F far = V::copy_sign(V::sub(V::mul(half, e), V::div(V::div(V::set(0.5f), e), e)), x);
  return V::select(V::is_nan(x), x, V::select(V::less(t, V::set(1.0f)), V::fma(V::mul(p, s), x, x), far));
}
template <class V>
INGOT_INLINE typename V::Float vector_cosh(typename V::Float x) {
  using F = typename V::Float;
  const F e = vector_exp<V>(V::mul(V::set(0.5f), V::abs(x))), half = V::mul(V::set(0.5f), e);
  return V::add(V::mul(half, e), V::div(V::div(V::set(0.5f), e), e));
}

// arsinh |x| = ln(1 + |x| + x^2 / (1 + sqrt(1 + x^2))); past 10^4 it is ln(2 |x|) for all that floats tell.
template <class V>
INGOT_INLINE typename V::Float vector_asinh(typename V::Float x) {
  using F = typename V::Float;
  const F t = V::abs(x), one = V::set(1.0f);
  const auto large = V::less(V::set(1e4f), t);
  const F bounded = V::select(large, one, t), s = V::mul(bounded, bounded);
  const F near = vector_log1p<V>(V::add(bounded, V::div(s, V::add(one, V::sqrt(V::add(one, s))))));
  const F y = V::select(large, V::add(vector_log<V>(t), V::set(0.693147181f)), near);
  return V::select(V::is_nan(x), x, V::copy_sign(y, x));
}
// arcosh x = ln(1 + u + sqrt(2 u + u^2)) with u = x - 1.
template <class V>
INGOT_INLINE typename V::Float vector_acosh(typename V::Float x) {
  using F = typename V::Float;
  const auto large = V::less(V::set(1e4f), x);
  const F u = V::select(large, V::zero(), V::sub(x, V::set(1.0f)));
  const F near = vector_log1p<V>(V::add(u, V::sqrt(V::mul(u, V::add(V::set(2.0f), u)))));
  return V::select(large, V::add(vector_log<V>(x), V::set(0.693147181f)), near);
}
// artanh |x| = ln(1 + 2 |x| / (1 - |x|)) / 2
template <class V>
INGOT_INLINE typename V::Float vector_atanh(typename V::Float x) {
  using F = typename V::Float;
  const F t = V::abs(x);
  const F y = V::mul(V::set(0.5f), vector_log1p<V>(V::div(V::add(t, t), V::sub(V::set(1.0f), t))));
  return V::copy_sign(y, x);
}

}  // namespace ingot
