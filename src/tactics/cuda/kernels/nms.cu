// Boxes that stay, by falling score; see operators/nms.h. A block works on one batch and class: it collects the boxes above the threshold,
// sorts them, and strikes out, for each that stays, those behind it that overlap. sizes: 0 batches, 1 classes, 2 boxes, 3 keys of a class in
// the workspace (a power of two), 4 sets of boxes, 5 and 6 strides of scores by class and box, 7 the most boxes, 8 candidates or 0, 9 rows of
// the output. reals: 0 the overlap threshold, 1 the score threshold. The workspace: the number found, then numbers by class, then keys.
struct Box {
  float y0, x0, y1, x1;
};
__device__ __forceinline__ Box box_at(const BOX* at) {
  const float a = load(at[0]), b = load(at[1]), c = load(at[2]), d = load(at[3]);
#if CENTERED
  return Box{b - d / 2, a - c / 2, b + d / 2, a + c / 2};
#else
  return Box{fminf(a, c), fminf(b, d), fmaxf(a, c), fmaxf(b, d)};  // the corners come in any order
#endif
}
// Products and sums round one by one, as the reference's do.
__device__ __forceinline__ float area(Box a) { return __fmul_rn(a.y1 - a.y0, a.x1 - a.x0); }
__device__ __forceinline__ bool overlap(Box a, Box b, float threshold) {
  const float height = fminf(a.y1, b.y1) - fmaxf(a.y0, b.y0), width = fminf(a.x1, b.x1) - fmaxf(a.x0, b.x0);
  if (height <= 0 || width <= 0) return false;
  const float shared = __fmul_rn(height, width), whole = __fsub_rn(__fadd_rn(area(a), area(b)), shared);
  return whole > 0 && __fdiv_rn(shared, whole) > threshold;
}

#define FOUND (*(int64*)p.workspace)
#define COUNTS ((int*)p.workspace + 16)
#define KEYS ((uint64*)((char*)p.workspace + (64 + p.sizes[0] * p.sizes[1] * 4 + 63) / 64 * 64))

extern "C" __global__ void __launch_bounds__(1024) nms_select(const CallParameters p) {
  const int64 unit = blockIdx.x, classes = p.sizes[1], count = p.sizes[2];
  const int64 batch = unit / classes, group = unit % classes;
  const int thread = threadIdx.x;
  uint64* keys = KEYS + unit * p.sizes[3];
  const SCORE* scores = (const SCORE*)p.inputs[1] + batch * classes * count + group * p.sizes[5];
  const BOX* boxes = (const BOX*)p.inputs[0];
  const double least = HAS_LEAST ? (double)load(*(const LEAST*)p.inputs[4]) : p.reals[1];
  const float threshold = HAS_OVERLAP ? (float)load(*(const OVERLAP*)p.inputs[3]) : (float)p.reals[0];
  int64 limit = HAS_MOST ? (int64)load(*(const MOST*)p.inputs[2]) : p.sizes[7];
  __shared__ uint32 found;
  if (thread == 0) found = 0;
  __syncthreads();
  for (int64 i = thread; i < count; i += 1024) {
    const float score = load(scores[i * p.sizes[6]]);
    if (!((double)score > least)) continue;
    keys[atomicAdd(&found, 1u)] = falling_key(score, (uint32)i);
  }
  __syncthreads();
  int64 room = 1, total = found;
  while (room < total) room *= 2;
  for (int64 i = total + thread; i < room; i += 1024) keys[i] = 0;
  __syncthreads();
  sort_falling<1024>(keys, room);
  if (p.sizes[8] > 0 && total > p.sizes[8]) total = p.sizes[8];
  const int64 set = p.sizes[4] > 1 ? group : 0;
  // Boxes that stay move to the front of the keys; those that are struck out become 0.
  int64 stay = 0;
  for (int64 i = 0; i < total && stay < limit; ++i) {
    const uint64 key = keys[i];
    if (key == 0) continue;
    const uint32 index = index_of_key(key);
    const Box own = box_at(boxes + ((batch * count + index) * p.sizes[4] + set) * 4);
    __syncthreads();
    if (thread == 0) keys[stay] = key;
    ++stay;
    for (int64 j = i + 1 + thread; j < total; j += 1024) {
      if (keys[j] == 0) continue;
      const uint32 other = index_of_key(keys[j]);
      if (overlap(box_at(boxes + ((batch * count + other) * p.sizes[4] + set) * 4), own, threshold)) keys[j] = 0;
    }
    __syncthreads();
  }
  if (thread == 0) COUNTS[unit] = (int)stay;
}

extern "C" __global__ void __launch_bounds__(256) nms_write(const CallParameters p) {
  const int64 units = p.sizes[0] * p.sizes[1];
  __shared__ int64 first;
  for (int64 unit = 0; unit < units; ++unit) {
    if (threadIdx.x == 0) first = unit == 0 ? 0 : first + COUNTS[unit - 1];
    __syncthreads();
    const uint64* keys = KEYS + unit * p.sizes[3];
    for (int64 i = threadIdx.x; i < COUNTS[unit] && first + i < p.sizes[9]; i += 256) {
      INDEX_TYPE* y = (INDEX_TYPE*)p.outputs[0] + (first + i) * 3;
      y[0] = (INDEX_TYPE)(unit / p.sizes[1]);
      y[1] = (INDEX_TYPE)(unit % p.sizes[1]);
      y[2] = (INDEX_TYPE)index_of_key(keys[i]);
    }
    __syncthreads();
  }
  if (threadIdx.x != 0) return;
  const int64 total = units == 0 ? 0 : first + COUNTS[units - 1];
  FOUND = total < p.sizes[9] ? total : p.sizes[9];
#if WITH_COUNT
  *(int*)p.outputs[1] = (int)FOUND;
#endif
}
