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

#ifdef REDUCE
// y = finish(the joined row). START, TERM(v), JOIN and FINISH come with the kind.
extern "C" __global__ void __launch_bounds__(256) reduce(const RowParameters p) {
  const int64 own = ROW_OF_THREAD, row = own < p.outputs ? own : p.outputs - 1;
  int64 target;
  const int64 base = outer_offset(p, row, p.y_strides, &target);
  const X* x = (const X*)p.x + base;
#ifdef SHIFTED
  REAL most = (REAL)START_MOST;
  for (int64 i = LANE; i < p.row; i += LANES) most = Most::join(most, (REAL)load(x[row_offset(p, i)]));
  most = joined<Most>(most);
  const REAL shift = m_abs(most) > (REAL)3.0e38 ? (REAL)0 : most;
#endif
  REAL value = (REAL)START;
  for (int64 i = LANE; i < p.row; i += LANES) {
    const REAL v = (REAL)load(x[row_offset(p, i)]);
    value = JOIN::join(value, (REAL)(TERM));
  }
  value = joined<JOIN>(value);
  if (LANE != 0 || own >= p.outputs) return;
  const int64 count = p.row;
  (void)count;
  value = (REAL)(FINISH);
  ((Y*)p.y)[target] = store<Y>(EPILOGUE);
}
#endif

#ifdef SOFTMAX
extern "C" __global__ void __launch_bounds__(256) softmax(const RowParameters p) {
  const int64 own = ROW_OF_THREAD, row = own < p.outputs ? own : p.outputs - 1;
  int64 unused;
  const int64 base = outer_offset(p, row, p.y_strides, &unused);
  const X* x = (const X*)p.x + base;
  Y* y = (Y*)p.y + base;
  REAL most = (REAL)START_MOST;
  for (int64 i = LANE; i < p.row; i += LANES) most = Most::join(most, load(x[row_offset(p, i)]));
  most = joined<Most>(most);
  REAL sum = 0;
  for (int64 i = LANE; i < p.row; i += LANES) sum += m_exp(load(x[row_offset(p, i)]) - most);
  sum = joined<Sum>(sum);
  const REAL shift = LOGARITHM ? m_log(sum) : (REAL)0;
  if (own >= p.outputs) return;
  for (int64 i = LANE; i < p.row; i += LANES) {
    const int64 at = row_offset(p, i);
    const REAL v = load(x[at]) - most;
    y[at] = store<Y>(LOGARITHM ? v - shift : m_exp(v) / sum);
  }
}
#endif

#ifdef NORMALIZE
// extra[0] scale, extra[1] bias, extra[2] the epilogue's second value, of x's shape.
extern "C" __global__ void __launch_bounds__(256) normalize(const RowParameters p) {
  const int64 own = ROW_OF_THREAD, row = own < p.outputs ? own : p.outputs - 1;
  int64 unused;
  const int64 base = outer_offset(p, row, p.y_strides, &unused);
  const X* x = (const X*)p.x + base;
  Y* y = (Y*)p.y + base;
  REAL mean = 0;
#if CENTERED
  for (int64 i = LANE; i < p.row; i += LANES) mean += load(x[row_offset(p, i)]);
  mean = joined<Sum>(mean) / (REAL)p.row;
#endif
  REAL squares = 0;
  for (int64 i = LANE; i < p.row; i += LANES) {
    const REAL v = load(x[row_offset(p, i)]) - mean;
    squares += v * v;
  }
  squares = joined<Sum>(squares);
  const REAL factor = (REAL)1 / m_sqrt(squares / (REAL)p.row + (REAL)p.epsilon);
  if (own >= p.outputs) return;
  for (int64 i = LANE; i < p.row; i += LANES) {
    const int64 at = row_offset(p, i);
    REAL v = (load(x[at]) - mean) * factor;
#if HAS_SCALE
    v *= (REAL)load(((const SCALE*)p.extra[0])[extra_offset(p, 0, row, i)]);
#endif
#if HAS_SHIFT
    v += (REAL)load(((const SHIFT*)p.extra[1])[extra_offset(p, 1, row, i)]);
#endif
#if HAS_SECOND
    const REAL second = (REAL)load(((const SECOND*)p.extra[2])[extra_offset(p, 2, row, i)]);
#else
    const REAL second = 0;
#endif
    (void)second;
    y[at] = store<Y>(EPILOGUE);
  }
}
#endif
