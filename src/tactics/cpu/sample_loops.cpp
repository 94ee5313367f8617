#include "tactics/cpu/sample_loops.h"

#include "base/cpu_info.h"

namespace ingot {
namespace {

void sample_plane_portable(const float* x, const int32_t* places, const float* weights, int64_t taps, int64_t pitch, float* y,
                           int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    float sum = 0;
    for (int64_t t = 0; t < taps; ++t) {
      const float weight = weights[t * pitch + i];
      sum += weight != 0 ? weight * x[places[t * pitch + i]] : 0;
    }
    y[i] = sum;
  }
}

}  // namespace

SamplePlane sample_plane() {
#if defined(__x86_64__)
  if (current_isa() >= Isa::kAvx512) return sample_plane_avx512;
  if (current_isa() >= Isa::kAvx2) return sample_plane_avx2;
#endif
  return sample_plane_portable;
}

}  // namespace ingot
