#include "tactics/cpu/sample_loops.h"

#include "base/cpu_info.h"

namespace ingot {
namespace {

template <int kWidth>
void sample(const float* x, const int32_t* places, const float* weights, int64_t taps, int64_t pitch, float* y, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    float sum = 0;
    for (int64_t t = 0; t < taps; ++t) {
      const float* at = x + places[t * pitch + i];
      for (int k = 0; k < kWidth; ++k) {
        const float weight = weights[(t * pitch + i) * kWidth + k];
        sum += weight != 0 ? weight * at[k] : 0;
      }
    }
    y[i] = sum;
  }
}

}  // namespace

const SampleLoops& sample_loops_portable() {
  static constexpr SampleLoops kTable{sample<1>, sample<2>};
  return kTable;
}

const SampleLoops& sample_loops() {
#if defined(__x86_64__)
  if (current_isa() >= Isa::kAvx512) return sample_loops_avx512();
  if (current_isa() >= Isa::kAvx2) return sample_loops_avx2();
#endif
  return sample_loops_portable();
}

}  // namespace ingot
