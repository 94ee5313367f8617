// Reductions, softmax and normalization. ROW_RANK axes make a row, OUTER_RANK axes say which one.
// LANES threads work on one row; with LANES = 1 neighbours in a block take neighbouring rows.
// X and Y are storage types, REAL is what is computed with.
__device__ __forceinline__ int64 row_offset(const RowParameters& p, int64 i) {
  int64 at = 0;
#pragma unroll
  for (int d = ROW_RANK - 1; d > 0; --d) {
    at += i % p.row_sizes[d] * p.row_strides[d];
    i /= p.row_sizes[d];
  }
  return at + i * p.row_strides[0];
}
// The same for rows, in x and in another place.
__device__ __forceinline__ int64 outer_offset(const RowParameters& p, int64 i, const long long* other, int64* there) {
  int64 at = 0, second = 0;
#pragma unroll
  for (int d = OUTER_RANK - 1; d >= 0; --d) {
    const int64 k = d > 0 ? i % p.outer_sizes[d] : i;
    if (d > 0) i /= p.outer_sizes[d];
    at += k * p.outer_strides[d];
    second += k * other[d];
  }
  *there = second;
  return at;
}
__device__ __forceinline__ int64 extra_offset(const RowParameters& p, int extra, int64 outer, int64 row) {
  int64 at = 0;
  for (int d = OUTER_RANK - 1; d >= 0; --d) {
    at += (d > 0 ? outer % p.outer_sizes[d] : outer) * p.extra_outer[extra][d];
    if (d > 0) outer /= p.outer_sizes[d];
  }
  for (int d = ROW_RANK - 1; d >= 0; --d) {
    at += (d > 0 ? row % p.row_sizes[d] : row) * p.extra_row[extra][d];
    if (d > 0) row /= p.row_sizes[d];
  }
  return at;
}

struct Sum {
  template <class R> static __device__ __forceinline__ R join(R a, R b) { return a + b; }
};
struct Most {
  template <class R> static __device__ __forceinline__ R join(R a, R b) { return a != a || a > b ? a : b; }
};
struct Least {
  template <class R> static __device__ __forceinline__ R join(R a, R b) { return a != a || a < b ? a : b; }
};
struct Times {
  template <class R> static __device__ __forceinline__ R join(R a, R b) { return a * b; }
};

// One value for all LANES threads of a row, joined in the same order every time.
template <class Join, class R> __device__ __forceinline__ R joined(R value) {
#if LANES > 1
#pragma unroll
  for (int step = 16; step > 0; step /= 2) value = Join::join(value, __shfl_xor_sync(0xffffffffu, value, step));
#if LANES > 32
  __shared__ R parts[LANES / 32];
  __syncthreads();
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = value;
  __syncthreads();
  value = parts[0];
  for (int i = 1; i < LANES / 32; ++i) value = Join::join(value, parts[i]);
#endif
#endif
  return value;
}

#define ROW_OF_THREAD ((int64)blockIdx.x * (256 / LANES) + threadIdx.x / LANES)
#define LANE ((int)(threadIdx.x % LANES))
