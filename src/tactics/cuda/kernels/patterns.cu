// Elements that follow from their place alone, or move by it. The head of each kernel names its sizes.

// y = x above (UPPER) or below the diagonal `k`, else 0. sizes: 0 rows, 1 columns, 2 k.
#ifdef TRILU
extern "C" __global__ void __launch_bounds__(256) trilu(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  const int64 column = at % p.sizes[1], row = at / p.sizes[1] % p.sizes[0];
  const int64 k = HAS_K ? (int64)load(*(const K*)p.inputs[1]) : p.sizes[2];
  const bool stays = UPPER ? k <= column - row : k >= column - row;
  ELEMENT value = {};
  if (stays) value = ((const ELEMENT*)p.inputs[0])[at];
  ((ELEMENT*)p.outputs[0])[at] = value;
}
#endif

// The first lengths[b] elements along the time axis backwards. sizes: 0 and 1 the length and stride of the batch axis, 2 and 3 of the time axis.
#ifdef REVERSE_SEQUENCE
extern "C" __global__ void __launch_bounds__(256) reverse_sequence(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  const int64 batch = at / p.sizes[1] % p.sizes[0], step = at / p.sizes[3] % p.sizes[2];
  int64 length = (int64)load(((const LENGTH*)p.inputs[1])[batch]);
  length = length > p.sizes[2] ? p.sizes[2] : length;
  ((ELEMENT*)p.outputs[0])[at] = ((const ELEMENT*)p.inputs[0])[step < length ? at + (length - 1 - 2 * step) * p.sizes[3] : at];
}
#endif

// 1 where column - row = k. sizes: 0 columns, 1 k.
#ifdef EYE_LIKE
extern "C" __global__ void __launch_bounds__(256) eye_like(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  ((Y*)p.outputs[0])[at] = store<Y>((COMPUTE)(p.sizes[1] == at % p.sizes[0] - at / p.sizes[0]));
}
#endif

// One value, given by its bits in sizes 0.
#ifdef FILL
extern "C" __global__ void __launch_bounds__(256) fill(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at < p.count) ((ELEMENT*)p.outputs[0])[at] = (ELEMENT)p.sizes[0];
}
#endif

// start + i0 * delta[0] + i1 * delta[1] + ... sizes: 0 rank, 1 and 2 start and delta of integers, 8... dims; reals: 0 start, 1 delta.
#ifdef LINSPACE
extern "C" __global__ void __launch_bounds__(256) linspace(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
#if EXACT
  uint64 sum = HAS_START ? (uint64)load(*(const START*)p.inputs[1]) : (uint64)p.sizes[1];
#else
  double sum = HAS_START ? (double)load(*(const START*)p.inputs[1]) : p.reals[0];
#endif
  int64 rest = at, index[8];
  for (int d = (int)p.sizes[0] - 1; d >= 0; --d) {
    index[d] = rest % p.sizes[8 + d];
    rest /= p.sizes[8 + d];
  }
  for (int d = 0; d < (int)p.sizes[0]; ++d) {
#if EXACT
    sum += (uint64)index[d] * (HAS_DELTA ? (uint64)load(((const DELTA*)p.inputs[2])[d]) : (uint64)p.sizes[2]);
#else
    sum += (double)index[d] * (HAS_DELTA ? (double)load(((const DELTA*)p.inputs[2])[d]) : p.reals[1]);
#endif
  }
  ((Y*)p.outputs[0])[at] = STORE(sum);
}
#endif

// y = x with updates from start[b] on along an axis. sizes: 0 outer rows of a batch, 1 length, 2 inner elements, 3 length of the updates.
#ifdef TENSOR_SCATTER
extern "C" __global__ void __launch_bounds__(256) tensor_scatter(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  const int64 length = p.sizes[1], inner = p.sizes[2], place = at / inner % length, row = at / inner / length, batch = row / p.sizes[0];
  int64 from = place - (HAS_STARTS ? (int64)load(((const STARTS*)p.inputs[2])[batch]) : 0);
  if (CIRCULAR && from < 0) from += length;
  if (CIRCULAR && from < p.sizes[3]) from += (p.sizes[3] - 1 - from) / length * length;  // the last one that comes round
  ((ELEMENT*)p.outputs[0])[at] = from >= 0 && from < p.sizes[3] ? ((const ELEMENT*)p.inputs[1])[(row * p.sizes[3] + from) * inner + at % inner]
                                                                : ((const ELEMENT*)p.inputs[0])[at];
}
#endif

// Pairs of numbers of each head turned. sizes: 0 heads, 1 steps, 2 depth, 3 numbers that turn, 4 positions.
#ifdef ROTARY
extern "C" __global__ void __launch_bounds__(256) rotary_embedding(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  const int64 depth = p.sizes[2], half = p.sizes[3] / 2, i = at % depth;
  const X* x = (const X*)p.inputs[0];
  X* y = (X*)p.outputs[0];
  if (i >= p.sizes[3]) {
    y[at] = x[at];
    return;
  }
  const int64 step = at / depth / (FLAT ? p.sizes[0] : 1) % p.sizes[1], batch = at / depth / p.sizes[0] / p.sizes[1];
  int64 row = batch * p.sizes[1] + step;
#if BY_POSITION
  row = (int64)load(((const POSITION*)p.inputs[3])[row]);
  row = row < 0 ? 0 : row >= p.sizes[4] ? p.sizes[4] - 1 : row;  // an error of the program's, which must not reach foreign memory
#endif
  const int64 pair = INTERLEAVED ? i / 2 : i % half;
  const bool second = INTERLEAVED ? i % 2 : i >= half;
  const int64 mate = INTERLEAVED ? (second ? at - 1 : at + 1) : second ? at - half : at + half;
  const REAL c = load(((const X*)p.inputs[1])[row * half + pair]), s = load(((const X*)p.inputs[2])[row * half + pair]);
  const REAL own = load(x[at]), other = load(x[mate]);
  y[at] = store<X>(second ? other * s + own * c : own * c - other * s);
}
#endif

// x put where indices say; the rest is 0, and of places that meet the last one counts. sizes: 0 elements of x, 1 rank, 2... dims of y as the
// indices count, 10... strides in y. The workspace holds the element of x that each place takes, -1 for none.
#ifdef MAX_UNPOOL
extern "C" __global__ void __launch_bounds__(256) max_unpool_clear(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at < p.count) ((int*)p.workspace)[at] = -1;
}
extern "C" __global__ void __launch_bounds__(256) max_unpool(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.sizes[0]) return;
  int64 rest = ((const int64*)p.inputs[1])[at], to = 0;
  if (rest < 0) return;
  for (int d = (int)p.sizes[1] - 1; d >= 0; --d) {
    to += rest % p.sizes[2 + d] * p.sizes[10 + d];
    rest /= p.sizes[2 + d];
  }
  if (rest == 0 && to < p.count) atomicMax((int*)p.workspace + to, (int)at);
}
extern "C" __global__ void __launch_bounds__(256) max_unpool_take(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  const int from = ((const int*)p.workspace)[at];
  ((X*)p.outputs[0])[at] = from < 0 ? store<X>((COMPUTE)0) : ((const X*)p.inputs[0])[from];
}
#endif

// Positions of a grid under an affine map. sizes: 0 axes, 1... dims of the grid without the last.
#ifdef AFFINE_GRID
extern "C" __global__ void __launch_bounds__(256) affine_grid(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  const int64 axes = p.sizes[0], row = at % axes;
  int64 rest = at / axes, index[4];
  for (int d = (int)axes; d >= 0; --d) {
    index[d] = rest % p.sizes[1 + d];
    rest /= p.sizes[1 + d];
  }
  const X* theta = (const X*)p.inputs[0] + (index[0] * axes + row) * (axes + 1);
  REAL sum = load(theta[axes]);
  for (int i = 0; i < (int)axes; ++i) {
    const int axis = (int)axes - i;  // the last axis comes first
    const REAL place = (REAL)index[axis], length = (REAL)p.sizes[1 + axis];
    const REAL from = ALIGN_CORNERS ? (length > 1 ? 2 * place / (length - 1) - 1 : (REAL)-1) : (2 * place + 1) / length - 1;
    sum += (REAL)load(theta[i]) * from;
  }
  ((X*)p.outputs[0])[at] = store<X>(sum);
}
#endif

// Random numbers by their place; see operators/random.cpp. reals: 0 a, 1 b; sizes: 0 the seed.
#ifdef RANDOM
__device__ __forceinline__ double uniform(uint64 seed, uint64 index) {
  uint64 x = seed * 0xd1342543de82ef95ull + index * 0x9e3779b97f4a7c15ull + 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  x ^= x >> 31;
  return (double)(x >> 40) / 16777216.0;
}
extern "C" __global__ void __launch_bounds__(256) random_numbers(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  const uint64 seed = (uint64)p.sizes[0];
#if NORMAL
  const double radius = sqrt(-2 * log(1 - uniform(seed, 2 * at))), angle = 6.283185307179586 * uniform(seed, 2 * at + 1);
  const double value = p.reals[0] + p.reals[1] * radius * cos(angle);
#else
  const double value = p.reals[0] + (p.reals[1] - p.reals[0]) * uniform(seed, (uint64)at);
#endif
  ((Y*)p.outputs[0])[at] = STORE(value);
}
#endif

// Softmax of the first bounds[row] elements of each row, 0 behind; a warp a row. sizes: 0 length.
#ifdef RAGGED_SOFTMAX
extern "C" __global__ void __launch_bounds__(256) ragged_softmax(const CallParameters p) {
  const int64 own = (int64)blockIdx.x * 8 + threadIdx.x / 32, row = own < p.count ? own : p.count - 1, length = p.sizes[0];
  const int lane = threadIdx.x % 32;
  int64 count = (int64)load(((const BOUND*)p.inputs[1])[row]);
  count = count < 0 ? 0 : count > length ? length : count;
  const X* x = (const X*)p.inputs[0] + row * length;
  REAL most = (REAL)-3.4e38, sum = 0;
  for (int64 i = lane; i < count; i += 32) most = m_greatest((REAL)load(x[i]), most);
  for (int width = 16; width > 0; width /= 2) most = m_greatest(most, __shfl_xor_sync(0xffffffffu, most, width));
  for (int64 i = lane; i < count; i += 32) sum += m_exp((REAL)load(x[i]) - most);
  for (int width = 16; width > 0; width /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, width);
  if (own >= p.count) return;
  for (int64 i = lane; i < length; i += 32)
    ((X*)p.outputs[0])[row * length + i] = store<X>(i < count ? m_exp((REAL)load(x[i]) - most) / sum : (REAL)0);
}
#endif
