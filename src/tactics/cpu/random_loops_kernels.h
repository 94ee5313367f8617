// The loops of random_loops.h over vectors V; each instruction set's file compiles its own.
#pragma once

#include "tactics/cpu/random_loops.h"
#include "tactics/cpu/vector_angles.h"

namespace ingot {
namespace {

template <class V>
struct RandomBody {
  // As random_bits() of operators/random.h, whose numbers these are; written again so that each instruction set compiles its own.
  static INGOT_INLINE int32_t bits(uint64_t start, int64_t index) {
    uint64_t x = start + static_cast<uint64_t>(index) * 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    x ^= x >> 31;
    return static_cast<int32_t>(x >> 40);
  }
  static uint64_t start_of(int64_t seed) { return static_cast<uint64_t>(seed) * 0xd1342543de82ef95ull + 0x9e3779b97f4a7c15ull; }

  static void uniform(int64_t seed, int64_t first, double a, double b, float* y, int64_t count) {
    const uint64_t start = start_of(seed);
    const double range = b - a;
    for (int64_t i = 0; i < count; ++i) y[i] = static_cast<float>(a + range * (static_cast<double>(bits(start, first + i)) / (1 << 24)));
  }

  static void normal(int64_t seed, int64_t first, float a, float b, float* y, int64_t count) {
    constexpr int64_t kBlock = 256;
    const uint64_t start = start_of(seed);
    alignas(64) float radius[kBlock], turn[kBlock];
    for (int64_t done = 0; done < count; done += kBlock) {
      const int64_t here = first + done, own = count - done < kBlock ? count - done : kBlock;
      for (int64_t i = 0; i < kBlock; ++i) radius[i] = static_cast<float>((1 << 24) - bits(start, 2 * (here + i))) * 0x1p-24f;
      for (int64_t i = 0; i < kBlock; ++i) turn[i] = static_cast<float>(bits(start, 2 * (here + i) + 1)) * 0x1p-24f;
      for (int64_t i = 0; i < own; i += V::kLanes) {
        const auto length = V::sqrt(V::mul(V::set(-2.0f), vector_log<V>(V::load(radius + i))));
        const SineCosine<V> angle(V::mul(V::set(6.28318531f), V::load(turn + i)));
        const auto value = V::fma(V::mul(V::set(b), length), angle.cosine, V::set(a));
        const int64_t rest = own - i;
        if (rest >= V::kLanes)
          V::store(y + done + i, value);
        else
          V::store(y + done + i, value, static_cast<int>(rest));
      }
    }
  }
  static const RandomLoops& table() {
    static constexpr RandomLoops kTable{uniform, normal};
    return kTable;
  }
};

}  // namespace
}  // namespace ingot
