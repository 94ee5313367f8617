// The scalar functions of expressions, on float, double and 64-bit integers; see operators/expression.h for the formulas.
#define UNARY_MATH(name, single, wide)                                      \
  __device__ __forceinline__ float m_##name(float x) { return single(x); } \
  __device__ __forceinline__ double m_##name(double x) { return wide(x); }
UNARY_MATH(exp, expf, exp)
UNARY_MATH(expm1, expm1f, expm1)
UNARY_MATH(log, logf, log)
UNARY_MATH(log1p, log1pf, log1p)
UNARY_MATH(sqrt, sqrtf, sqrt)
UNARY_MATH(sin, sinf, sin)
UNARY_MATH(cos, cosf, cos)
UNARY_MATH(tan, tanf, tan)
UNARY_MATH(asin, asinf, asin)
UNARY_MATH(acos, acosf, acos)
UNARY_MATH(atan, atanf, atan)
UNARY_MATH(sinh, sinhf, sinh)
UNARY_MATH(cosh, coshf, cosh)
UNARY_MATH(tanh, tanhf, tanh)
UNARY_MATH(asinh, asinhf, asinh)
UNARY_MATH(acosh, acoshf, acosh)
UNARY_MATH(atanh, atanhf, atanh)
UNARY_MATH(erf, erff, erf)
UNARY_MATH(erfc, erfcf, erfc)
UNARY_MATH(floor, floorf, floor)
UNARY_MATH(ceil, ceilf, ceil)
UNARY_MATH(round, rintf, rint)
UNARY_MATH(abs, fabsf, fabs)
__device__ __forceinline__ float m_pow(float x, float y) { return powf(x, y); }
__device__ __forceinline__ double m_pow(double x, double y) { return pow(x, y); }
__device__ __forceinline__ float m_mod(float x, float y) { return fmodf(x, y); }
__device__ __forceinline__ double m_mod(double x, double y) { return fmod(x, y); }
// 1 / x as the quotient that the program would see; __fdiv_rn where the compiler's flags would not matter.
template <class R> __device__ __forceinline__ R m_sigmoid(R x) {
  if (x >= 0) return R(1) / (R(1) + m_exp(-x));
  const R e = m_exp(x);
  return e / (R(1) + e);
}
template <class R> __device__ __forceinline__ R m_log_one_plus_exp(R x) { return x > 0 ? x + m_log1p(m_exp(-x)) : m_log1p(m_exp(x)); }
template <class R> __device__ __forceinline__ R m_clamp(R x, R least, R most) { return x < least ? least : x > most ? most : x; }
template <class R> __device__ __forceinline__ bool m_is_nan(R x) { return x != x; }
template <class R> __device__ __forceinline__ R m_least(R x, R y) { return m_is_nan(x) || x < y ? x : y; }
template <class R> __device__ __forceinline__ R m_greatest(R x, R y) { return m_is_nan(x) || x > y ? x : y; }

#define REAL1(name, formula) template <class R> __device__ __forceinline__ R r_##name(R x, R a, R b) { return formula; }
REAL1(identity, x)
REAL1(abs, m_abs(x))
REAL1(neg, -x)
REAL1(exp, m_exp(x))
REAL1(log, m_log(x))
REAL1(sqrt, m_sqrt(x))
REAL1(reciprocal, R(1) / x)
REAL1(sin, m_sin(x))
REAL1(cos, m_cos(x))
REAL1(tan, m_tan(x))
REAL1(asin, m_asin(x))
REAL1(acos, m_acos(x))
REAL1(atan, m_atan(x))
REAL1(sinh, m_sinh(x))
REAL1(cosh, m_cosh(x))
REAL1(asinh, m_asinh(x))
REAL1(acosh, m_acosh(x))
REAL1(atanh, m_atanh(x))
REAL1(erf, m_erf(x))
REAL1(floor, m_floor(x))
REAL1(ceil, m_ceil(x))
REAL1(round, m_round(x))
REAL1(sign, x > 0 ? R(1) : x < 0 ? R(-1) : x)
REAL1(relu, x < 0 ? R(0) : x)
REAL1(sigmoid, m_sigmoid(x))
REAL1(tanh, m_tanh(x))
REAL1(softsign, x / (R(1) + m_abs(x)))
REAL1(gelu, R(0.5) * x * m_erfc(-x * R(0.70710678118654752440)))
REAL1(gelu_tanh, R(0.5) * x * (R(1) + m_tanh(R(0.79788456080286535588) * (x + R(0.044715) * x * x * x))))
REAL1(silu, x * m_sigmoid(x))
REAL1(mish, x * m_tanh(m_log_one_plus_exp(x)))
REAL1(hard_swish, x * m_clamp(x / R(6) + R(0.5), R(0), R(1)))
REAL1(leaky_relu, x < 0 ? a * x : x)
REAL1(elu, x < 0 ? a * m_expm1(x) : x)
REAL1(selu, b * (x < 0 ? a * m_expm1(x) : x))
REAL1(celu, x < 0 ? a * m_expm1(x / a) : x)
REAL1(softplus, b * m_log_one_plus_exp(a * x))
REAL1(clip, m_least(m_greatest(x, a), b))
REAL1(hard_sigmoid, m_clamp(a * x + b, R(0), R(1)))
REAL1(scaled_tanh, a * m_tanh(b * x))
REAL1(thresholded_relu, x > a ? x : R(0))
REAL1(shrink, x < -a ? x + b : x > a ? x - b : R(0))
REAL1(affine, a * x + b)
REAL1(swish, x * m_sigmoid(a * x))
REAL1(snap, m_is_nan(x / a) ? R(0) : a * m_clamp(R(rintf((float)x / (float)a)), R(-128), R(127)))
template <class R> __device__ __forceinline__ int64 r_is_inf(R x, R a, R) { return m_abs(x) > R(3.4e38) && m_abs(x) + m_abs(x) == m_abs(x) && (a == 0 || (a > 0) == (x > 0)); }
template <class R> __device__ __forceinline__ int64 r_is_nan(R x, R, R) { return m_is_nan(x); }

// Shorter forms for results that are rounded to 16 bits.
__device__ __forceinline__ float short_exp2(float x) {
#ifdef INGOT_EMULATED
  return exp2f(x);
#else
  float power;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
  return power;
#endif
}
// erfc(z) = t * (a1 + t * (a2 + ... a5)) * exp(-z * z) with t = 1 / (1 + 0.3275911 * z) for z = |x|, within 3e-7. Source: Abramowitz and
// Stegun, 7.1.26. What is no number stays so.
__device__ __forceinline__ float short_erf(float x) {
  const float below = 1.0f + 0.3275911f * fabsf(x);
  float t;
#ifdef INGOT_EMULATED
  t = 1.0f / below;
#else
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(t) : "f"(below));
#endif
  const float rest = 1.0f - t * (0.254829592f + t * (-0.284496736f + t * (1.421413741f + t * (-1.453152027f + t * 1.061405429f)))) * short_exp2(-1.4426950408889634f * (x * x));
  return x < 0 ? -rest : rest;
}
// max(x, 0) - s * erfc(s / sqrt(2)) / 2 for s = |x|. The logarithm to the base 2 of erfc(s / sqrt(2)) / 2 is nearly a polynomial: this one
// is fitted so that the product is right within 7e-5 of itself up to s = 4, and within 1.1e-5 everywhere. The bound keeps infinities from
// meeting zeros.
__device__ __forceinline__ float short_gelu(float x) {
  const float s = fminf(fabsf(x), 100.0f);
  const float power = short_exp2(-1.00010235f + s * (-1.1494423f + s * (-0.463537533f + s * (-0.0486731051f + s * (0.00595779669f + s * -0.000333996979f)))));
  return (x < 0 ? 0.0f : x) - s * power;
}
template <class R> __device__ __forceinline__ R short_r_erf(R x, R, R) { return R(short_erf((float)x)); }
template <class R> __device__ __forceinline__ R short_r_gelu(R x, R, R) { return R(short_gelu((float)x)); }

#define REAL2(name, formula) template <class R> __device__ __forceinline__ R r_##name(R x, R y) { return formula; }
REAL2(add, x + y)
REAL2(sub, x - y)
REAL2(mul, x * y)
REAL2(div, x / y)
REAL2(pow, m_pow(x, y))
REAL2(min, m_is_nan(y) ? y : m_least(x, y))
REAL2(max, m_is_nan(y) ? y : m_greatest(x, y))
REAL2(floor_div, m_floor(x / y))
REAL2(fmod, m_mod(x, y))
REAL2(prelu, x < 0 ? x * y : x)
REAL2(sum_of_squares, x * x + y * y)
template <class R> __device__ __forceinline__ R r_mod(R x, R y) {
  const R rest = m_mod(x, y);
  return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
}
#define COMPARE(name, formula)                                                                    \
  template <class R> __device__ __forceinline__ int64 r_##name(R x, R y) { return formula; }      \
  template <class I> __device__ __forceinline__ int64 i_##name(I x, I y, int) { return formula; }
COMPARE(equal, x == y)
COMPARE(less, x < y)
COMPARE(greater, x > y)
COMPARE(less_equal, x <= y)
COMPARE(greater_equal, x >= y)

// Integers: `bits` is the width of the type; the caller wraps the result to it.
#define INTEGER1(name, formula) template <class I> __device__ __forceinline__ I i_##name(I x, int bits, double a, double b) { return formula; }
INTEGER1(identity, x)
INTEGER1(floor, x)
INTEGER1(ceil, x)
INTEGER1(round, x)
INTEGER1(abs, x < 0 ? (I)(0 - (uint64)x) : x)
INTEGER1(neg, (I)(0 - (uint64)x))
INTEGER1(sign, x > 0 ? (I)1 : x < 0 ? (I)-1 : (I)0)
INTEGER1(relu, x < 0 ? (I)0 : x)
INTEGER1(not, (I)(x == 0))
INTEGER1(bit_not, (I)(~(uint64)x))
// `least` and `most` of the type bound what binds.
template <class I> __device__ __forceinline__ I i_clip_within(I x, double a, double b, double least, double most) {
  if (a > least && a < most && x < (I)ceil(a)) x = (I)ceil(a);
  if (b < most && b > least && x > (I)floor(b)) x = (I)floor(b);
  return x;
}
template <class I> __device__ inline I i_power(I base, I exponent) {
  if ((I)-1 < (I)0 && exponent < 0) return base == 1 ? (I)1 : base == (I)-1 ? (exponent % 2 == 0 ? (I)1 : (I)-1) : (I)0;
  uint64 result = 1, square = (uint64)base;
  for (uint64 left = (uint64)exponent; left != 0; left >>= 1) {
    if (left & 1) result *= square;
    square *= square;
  }
  return (I)result;
}
#define INTEGER2(name, formula)                                                    \
  template <class I> __device__ __forceinline__ I i_##name(I x, I y, int bits) {  \
    const uint64 ux = (uint64)x, uy = (uint64)y;                                  \
    const bool overflows = (I)-1 < (I)0 && y == (I)-1;                            \
    (void)ux, (void)uy, (void)overflows;                                          \
    return formula;                                                               \
  }
INTEGER2(add, (I)(ux + uy))
INTEGER2(sub, (I)(ux - uy))
INTEGER2(mul, (I)(ux * uy))
INTEGER2(sum_of_squares, (I)(ux * ux + uy * uy))
INTEGER2(div, y == 0 ? (I)0 : overflows ? (I)(0 - ux) : (I)(x / y))
INTEGER2(floor_div, y == 0 ? (I)0 : overflows ? (I)(0 - ux) : (I)(x / y - (x % y != 0 && (x < 0) != (y < 0) ? 1 : 0)))
INTEGER2(mod, y == 0 || overflows ? (I)0 : (I)(x % y + (x % y != 0 && (x < 0) != (y < 0) ? y : (I)0)))
INTEGER2(fmod, y == 0 || overflows ? (I)0 : (I)(x % y))
INTEGER2(pow, i_power(x, y))
INTEGER2(min, x < y ? x : y)
INTEGER2(max, x > y ? x : y)
INTEGER2(prelu, x < 0 ? (I)(ux * uy) : x)
INTEGER2(and, (I)(x != 0 && y != 0))
INTEGER2(or, (I)(x != 0 || y != 0))
INTEGER2(xor, (I)((x != 0) != (y != 0)))
INTEGER2(bit_and, (I)(x & y))
INTEGER2(bit_or, (I)(x | y))
INTEGER2(bit_xor, (I)(x ^ y))
INTEGER2(shift_left, uy >= (uint64)bits ? (I)0 : (I)(ux << uy))
INTEGER2(shift_right, uy >= (uint64)bits ? (x < 0 ? (I)-1 : (I)0) : (I)(x >> uy))
