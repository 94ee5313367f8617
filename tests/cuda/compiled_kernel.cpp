// What a compiled kernel is on the emulated GPU: y[i] = factor * x[i] for i < count, with the factor as an int8.
#include <cstddef>
#include <cstdint>

extern "C" {
void emulated_launch_scale(const unsigned*, unsigned, void** parameters) {
  const float* x = *static_cast<const float* const*>(parameters[0]);
  const int32_t count = *static_cast<const int32_t*>(parameters[1]);
  const int8_t factor = *static_cast<const int8_t*>(parameters[2]);
  float* y = *static_cast<float* const*>(parameters[3]);
  for (int32_t i = 0; i < count; ++i) y[i] = static_cast<float>(factor) * x[i];
}
const size_t* emulated_sizes_scale() {
  static const size_t sizes[] = {8, 4, 1, 8, 0};
  return sizes;
}
}
