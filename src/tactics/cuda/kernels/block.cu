// What the threads of a block do together.

// Sorts keys in falling order; `room` is a power of two.
template <int THREADS> __device__ __forceinline__ void sort_falling(uint64* keys, int64 room) {
  for (int64 size = 2; size <= room; size *= 2) {
    for (int64 stride = size / 2; stride > 0; stride /= 2) {
      for (int64 i = threadIdx.x; i < room / 2; i += THREADS) {
        const int64 a = i / stride * stride * 2 + i % stride, b = a + stride;
        const uint64 first = keys[a], second = keys[b];
        if ((first < second) == ((a & size) == 0)) keys[a] = second, keys[b] = first;
      }
      __syncthreads();
    }
  }
}

// A key that sorts floats as they are ordered, and of equal ones the lower index first; NaN is none of them. Never 0 for indices below 2^32 - 1.
__device__ __forceinline__ uint64 falling_key(float score, uint32 index) {
  const uint32 bits = as_bits(score + 0.0f);
  return (uint64)(bits >> 31 ? ~bits : bits | 0x80000000u) << 32 | (0xffffffffu - index);
}
__device__ __forceinline__ uint32 index_of_key(uint64 key) { return 0xffffffffu - (uint32)key; }

// The sum of the values of the threads before, and of all.
template <int THREADS> __device__ __forceinline__ int64 sum_before(int64 own, int64* sums, int64* whole) {
  const int thread = threadIdx.x;
  sums[thread] = own;
  __syncthreads();
  for (int width = 1; width < THREADS; width *= 2) {
    const int64 other = thread >= width ? sums[thread - width] : 0;
    __syncthreads();
    sums[thread] += other;
    __syncthreads();
  }
  *whole = sums[THREADS - 1];
  const int64 before = sums[thread] - own;
  __syncthreads();
  return before;
}
