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
  const int64 length = p.sizes[1], inner = p.sizes[2], outer = p.sizes[0], given = p.sizes[3];
  const int64 place = at / inner % length, row = at / inner / length, batch = row / outer;
  int64 count = given, first = 0;
#if HAS_LENGTHS
  const LENGTHS* lengths = (const LENGTHS*)p.inputs[3];
  const int64 begin = PLACES ? (int64)load(lengths[batch]) : 0;
  count = (int64)load(lengths[PLACES ? batch + 1 : batch]) - begin;
  first = PACKED ? begin : 0;
  // What is not there is not read.
  first = first < 0 ? 0 : first > given ? given : first;
  count = count > given - first ? given - first : count;
#endif
  int64 from = place - (HAS_STARTS ? (int64)load(((const STARTS*)p.inputs[2])[batch]) : 0);
  if (CIRCULAR && from < 0) from += length;
  if (CIRCULAR && from < count) from += (count - 1 - from) / length * length;  // the last one that comes round
  const int64 source = PACKED ? (first + from) * outer + row % outer : row * given + from;
  ((ELEMENT*)p.outputs[0])[at] = from >= 0 && from < count ? ((const ELEMENT*)p.inputs[1])[source * inner + at % inner]
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

// Random numbers by their place. reals: 0 a, 1 b; sizes: 0 the seed.
#ifdef RANDOM
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

// The bits of x.
#ifdef BIT_CAST
extern "C" __global__ void __launch_bounds__(256) bit_cast(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at < p.count) ((ELEMENT*)p.outputs[0])[at] = ((const ELEMENT*)p.inputs[0])[at];
}
#endif

// reals: 0 a0, 1 a1, 2 a2, 3 n.
#ifdef COSINE_WINDOW
extern "C" __global__ void __launch_bounds__(256) cosine_window(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  const double turn = 6.283185307179586 * (double)at / p.reals[3];
  ((Y*)p.outputs[0])[at] = STORE(p.reals[0] - p.reals[1] * cos(turn) + p.reals[2] * cos(2 * turn));
}
#endif

// Boxes around centres, then their variances. sizes: 0 columns, 1 elements of a half, 2 width and 3 height of the image; reals: 0 and 1 the
// steps, 2 the offset. At each place BOXES of WIDTHS and HEIGHTS; VARIANCES by corner.
#ifdef PRIOR_BOX
extern "C" __global__ void __launch_bounds__(256) prior_box(const CallParameters p) {
  const double widths[] = {WIDTHS}, heights[] = {HEIGHTS}, variances[] = {VARIANCES};
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  const int corner = (int)(at % 4);
  const bool across = corner % 2 == 0;
  const int64 place = at / 4 / BOXES, box = at / 4 % BOXES;
  double value = variances[corner];
  if (at < p.sizes[1]) {
    const double index = (double)(across ? place % p.sizes[0] : place / p.sizes[0]);
    const double centre = (index + p.reals[2]) * p.reals[across ? 0 : 1], half = (across ? widths[box] : heights[box]) / 2;
    value = (corner < 2 ? centre - half : centre + half) / (double)p.sizes[across ? 2 : 3];
    if (CLIP) value = value < 0 ? 0 : value > 1 ? 1 : value;
  }
  ((Y*)p.outputs[0])[at] = STORE(value);
}
#endif

// The largest element of each cell of a region. sizes: 0 channels, 1 rows and 2 columns of x, 3 cells down, 4 across, 5 batches; reals: 0 scale.
#ifdef ROI_POOL
__device__ __forceinline__ int64 region_edge(const CallParameters& p, int64 region, int k) {
  const double at = round((double)load(((const REGION*)p.inputs[1])[5 * region + k]) * p.reals[0]);
  return at != at ? 0 : (int64)(at < -1e9 ? -1e9 : at > 1e9 ? 1e9 : at);
}
// Cell i of `cells` between two edges, cut to `most` elements.
__device__ __forceinline__ void cell_span(int64 i, int64 cells, int64 low, int64 high, int64 most, int64* first, int64* end) {
  const double size = (double)(high - low + 1 > 1 ? high - low + 1 : 1) / (double)cells;
  *first = low + (int64)floor((double)i * size);
  *end = low + (int64)ceil((double)(i + 1) * size);
  *first = *first < 0 ? 0 : *first > most ? most : *first;
  *end = *end < 0 ? 0 : *end > most ? most : *end;
}
extern "C" __global__ void __launch_bounds__(256) roi_pool(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  const int64 channels = p.sizes[0], j = at % p.sizes[4], i = at / p.sizes[4] % p.sizes[3], c = at / p.sizes[4] / p.sizes[3] % channels;
  const int64 region = at / p.sizes[4] / p.sizes[3] / channels;
  const double number = load(((const REGION*)p.inputs[1])[5 * region]);
  if (!(number >= 0 && number < (double)p.sizes[5])) {
    ((X*)p.outputs[0])[at] = store<X>((COMPUTE)as_float(0x7fc00000u));  // a region of no image has no numbers
    return;
  }
  int64 top, bottom, left, right;
  cell_span(i, p.sizes[3], region_edge(p, region, 2), region_edge(p, region, 4), p.sizes[1], &top, &bottom);
  cell_span(j, p.sizes[4], region_edge(p, region, 1), region_edge(p, region, 3), p.sizes[2], &left, &right);
  const X* x = (const X*)p.inputs[0] + ((int64)number * channels + c) * p.sizes[1] * p.sizes[2];
  COMPUTE most = top < bottom && left < right ? (COMPUTE)as_float(0xff800000u) : (COMPUTE)0;
  for (int64 row = top; row < bottom; ++row) {
    for (int64 column = left; column < right; ++column) {
      const COMPUTE value = load(x[row * p.sizes[2] + column]);
      most = most < value ? value : most;
    }
  }
  ((X*)p.outputs[0])[at] = store<X>(most);
}
#endif
