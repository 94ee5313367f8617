// y[i] = start + i * delta
extern "C" __global__ void __launch_bounds__(256) range(const void* start, const void* delta, void* y, const long long count) {
  const int64 i = (int64)blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  ((T*)y)[i] = store<T>(load(*(const T*)start) + (COMPUTE)i * load(*(const T*)delta));
}
