#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "check.h"

namespace {

TEST(ShortFloats, EveryHalfGoesThroughFloatAndBack) {
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    const __half value = __ushort_as_half(static_cast<unsigned short>(bits));
    const float wide = __half2float(value);
    const unsigned exponent = bits >> 10 & 31, fraction = bits & 1023;
    if (exponent == 31 && fraction) {
      EXPECT_TRUE(std::isnan(wide)) << bits;
      continue;
    }
    const double size = exponent == 31 ? INFINITY : std::ldexp(exponent ? 1024 + fraction : fraction, (exponent ? exponent : 1) - 25);
    ASSERT_EQ(bits & 0x8000 ? -size : size, wide) << bits;
    ASSERT_EQ(bits, __half_as_ushort(__float2half(wide))) << bits;
    ASSERT_EQ(bits, __half_as_ushort(__double2half(wide))) << bits;
  }
}

TEST(ShortFloats, RoundHalfToEven) {
  EXPECT_EQ(0x3c00, __half_as_ushort(__float2half(1.0f + 0x1p-11f))) << "a tie, down to the even one";
  EXPECT_EQ(0x3c02, __half_as_ushort(__float2half(1.0f + 3 * 0x1p-11f))) << "a tie, up to the even one";
  EXPECT_EQ(0x3c01, __half_as_ushort(__double2half(1.0 + 0x1p-11 + 0x1p-50))) << "rounded once, not through float";
  EXPECT_EQ(0x7bff, __half_as_ushort(__float2half(65519.9f)));
  EXPECT_EQ(0x7c00, __half_as_ushort(__float2half(65520.0f)));
  EXPECT_EQ(0x0000, __half_as_ushort(__float2half(0x1p-25f)));
  EXPECT_EQ(0x0001, __half_as_ushort(__float2half(0x1.000002p-25f)));
  EXPECT_EQ(0x8000, __half_as_ushort(__float2half(-0.0f)));
  EXPECT_EQ(0x3c01, __half_as_ushort(__float2half_ru(1.0f + 0x1p-20f)));
  EXPECT_EQ(0xbc00, __half_as_ushort(__float2half_rz(-1.0f - 0x1p-11f * 1.5f)));
  EXPECT_EQ(0xbc01, __half_as_ushort(__float2half_rd(-1.0f - 0x1p-20f)));
  EXPECT_EQ(0x7bff, __half_as_ushort(__float2half_rz(1e10f)));
  EXPECT_EQ(0x7fff, __half_as_ushort(__float2half(std::numeric_limits<float>::quiet_NaN())));
  EXPECT_EQ(0x3f80, __bfloat16_as_ushort(__float2bfloat16(1.0f + 0x1p-8f)));
  EXPECT_EQ(0x3f82, __bfloat16_as_ushort(__float2bfloat16(1.0f + 3 * 0x1p-8f)));
  EXPECT_EQ(0x3f81, __bfloat16_as_ushort(__double2bfloat16(1.0 + 0x1p-8 + 0x1p-50)));
  EXPECT_EQ(0x7f80, __bfloat16_as_ushort(__float2bfloat16(3.4e38f)));
  EXPECT_EQ(0x7fff, __bfloat16_as_ushort(__float2bfloat16(std::numeric_limits<float>::quiet_NaN())));
}

TEST(ShortFloats, CompareAndCompute) {
  const __half a = __float2half(1.5f), b = __float2half(0.25f);
  EXPECT_EQ(1.75f, __half2float(__hadd(a, b)));
  EXPECT_EQ(1.25f, __half2float(__hsub(a, b)));
  EXPECT_EQ(0.375f, __half2float(__hmul(a, b)));
  EXPECT_EQ(6.0f, __half2float(__hdiv(a, b)));
  EXPECT_TRUE(__hgt(a, b));
  EXPECT_FALSE(__heq(a, b));
  const __half2 pair = __floats2half2_rn(2.0f, -3.0f);
  EXPECT_EQ(2.0f, __low2float(pair));
  EXPECT_EQ(-3.0f, __half22float2(pair).y);
  EXPECT_EQ(4u, sizeof pair);
  EXPECT_EQ(2u, sizeof a);
  const __nv_bfloat16 c(3), d(0.5f);
  EXPECT_EQ(3.5f, __bfloat162float(__hadd(c, d)));
  EXPECT_EQ(-3.0f, __bfloat162float(__hneg(c)));
#ifdef INGOT_CUDART
  __half sum = a;
  sum += b;
  EXPECT_EQ(1.75f, float(sum));
  EXPECT_EQ(3.0f, a * 2.0f) << "with a float it is a float";
  EXPECT_EQ(0.875f, float(__hfma(a, b, __half(0.5))));
#endif
}

}  // namespace
