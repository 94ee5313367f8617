// What a single-shot detector finds; see operators/detection_output.h. Boxes are decoded in double; then a block for each image and class sorts
// the scores above the threshold and keeps boxes that no better one overlaps; then a block for each image writes the best of all classes.
// sizes: 0 classes, 1 priors, 2 sets of boxes a prior has, 3 keys of a class in the workspace (a power of two), 4 candidates or 0, 5 rows of
// an image, 6 images, 7 sets of priors, 8 the background's class; reals: 0 the overlap threshold, 1 the score threshold, 2 eta.
// The workspace: by image and class how many stay, then keys, then boxes [image, prior, set].
struct Box {
  double x0, y0, x1, y1;
};
#define UNITS (p.sizes[6] * p.sizes[0])
#define COUNTS ((int*)p.workspace)
#define KEYS ((uint64*)((char*)p.workspace + (UNITS * 4 + 63) / 64 * 64))
#define BOXES ((Box*)(KEYS + UNITS * p.sizes[3]))

__device__ __forceinline__ double area(Box a) { return a.x1 < a.x0 || a.y1 < a.y0 ? 0 : (a.x1 - a.x0) * (a.y1 - a.y0); }
__device__ __forceinline__ double overlap(Box a, Box b) {
  const double wide = (b.x1 < a.x1 ? b.x1 : a.x1) - (a.x0 < b.x0 ? b.x0 : a.x0), high = (b.y1 < a.y1 ? b.y1 : a.y1) - (a.y0 < b.y0 ? b.y0 : a.y0);
  if (wide <= 0 || high <= 0) return 0;
  return wide * high / (area(a) + area(b) - wide * high);
}
__device__ __forceinline__ Box box_at(const CallParameters& p, int64 image, int64 prior, int64 label) {
  return BOXES[(image * p.sizes[1] + prior) * p.sizes[2] + (p.sizes[2] > 1 ? label : 0)];
}

extern "C" __global__ void __launch_bounds__(256) detection_decode(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x, count = p.sizes[1], sets = p.sizes[2];
  if (at >= p.sizes[6] * count * sets) return;
  const int64 image = at / sets / count, prior = at / sets % count;
  const X *priors = (const X*)p.inputs[2] + (p.sizes[7] > 1 ? image * count * 8 : 0) + prior * 4, *offsets = (const X*)p.inputs[0] + at * 4;
  double c[4], l[4];
  for (int i = 0; i < 4; ++i) {
    c[i] = load(priors[i]);
    l[i] = load(offsets[i]);
    if (!VARIANCE_ENCODED) l[i] *= (double)load(priors[count * 4 + i]);
  }
  const double wide = c[2] - c[0], high = c[3] - c[1];
#if CODE == 0
  BOXES[at] = Box{c[0] + l[0], c[1] + l[1], c[2] + l[2], c[3] + l[3]};
#elif CODE == 1
  const double x = (c[0] + c[2]) / 2 + l[0] * wide, y = (c[1] + c[3]) / 2 + l[1] * high;
  const double half_wide = wide * exp(l[2]) / 2, half_high = high * exp(l[3]) / 2;
  BOXES[at] = Box{x - half_wide, y - half_high, x + half_wide, y + half_high};
#else
  BOXES[at] = Box{c[0] + l[0] * wide, c[1] + l[1] * high, c[2] + l[2] * wide, c[3] + l[3] * high};
#endif
}

extern "C" __global__ void __launch_bounds__(1024) detection_select(const CallParameters p) {
  const int64 unit = blockIdx.x, classes = p.sizes[0], count = p.sizes[1], image = unit / classes, label = unit % classes;
  const int thread = threadIdx.x;
  if (label == p.sizes[8]) {
    if (thread == 0) COUNTS[unit] = 0;
    return;
  }
  uint64* keys = KEYS + unit * p.sizes[3];
  const X* scores = (const X*)p.inputs[1] + image * count * classes + label;
  __shared__ uint32 found;
  __shared__ int is_hit;
  if (thread == 0) found = 0;
  __syncthreads();
  for (int64 i = thread; i < count; i += 1024) {
    const float score = load(scores[i * classes]);
    if ((double)score > p.reals[1]) keys[atomicAdd(&found, 1u)] = falling_key(score, (uint32)i);
  }
  __syncthreads();
  int64 room = 1, total = found;
  while (room < total) room *= 2;
  for (int64 i = total + thread; i < room; i += 1024) keys[i] = 0;
  __syncthreads();
  sort_falling<1024>(keys, room);
  if (p.sizes[4] > 0 && total > p.sizes[4]) total = p.sizes[4];
  // Boxes that stay move to the front of the keys.
  int64 stay = 0;
  double threshold = p.reals[0];
  for (int64 i = 0; i < total; ++i) {
    const uint64 key = keys[i];
    const Box own = box_at(p, image, index_of_key(key), label);
    if (thread == 0) is_hit = 0;
    __syncthreads();
    for (int64 j = thread; j < stay; j += 1024) {
      if (overlap(own, box_at(p, image, index_of_key(keys[j]), label)) > threshold) is_hit = 1;
    }
    __syncthreads();
    const bool is_left_out = is_hit;
    __syncthreads();
    if (is_left_out) continue;
    if (thread == 0) keys[stay] = key;
    ++stay;
    if (p.reals[2] < 1 && threshold > 0.5) threshold *= p.reals[2];
  }
  if (thread == 0) COUNTS[unit] = (int)stay;
}

// How many of the first `count` keys, which fall, have a score's half of at least `least`.
__device__ __forceinline__ int count_from(const uint64* keys, int count, uint64 least) {
  int begin = 0, end = count;
  while (begin < end) {
    const int middle = (begin + end) / 2;
    if (keys[middle] >> 32 >= least)
      begin = middle + 1;
    else
      end = middle;
  }
  return begin;
}

extern "C" __global__ void __launch_bounds__(1024) detection_write(const CallParameters p) {
  const int64 image = blockIdx.x, classes = p.sizes[0], rows = p.sizes[5];
  const int thread = threadIdx.x;
  int* counts = COUNTS + image * classes;
  const uint64* keys = KEYS + image * classes * p.sizes[3];
  __shared__ uint32 total;
  // The score of the last one that stays: bit by bit the largest that as many as fit reach.
  uint64 least = 0;
  if (thread == 0) total = 0;
  __syncthreads();
  for (int64 c = thread; c < classes; c += 1024) atomicAdd(&total, (uint32)counts[c]);
  __syncthreads();
  const bool is_cut = total > rows;
  __syncthreads();
  for (int bit = 31; bit >= 0 && is_cut; --bit) {
    const uint64 tried = least | 1ull << bit;
    if (thread == 0) total = 0;
    __syncthreads();
    for (int64 c = thread; c < classes; c += 1024) atomicAdd(&total, (uint32)count_from(keys + c * p.sizes[3], counts[c], tried));
    __syncthreads();
    if (total >= rows) least = tried;
    __syncthreads();
  }
  if (thread == 0 && is_cut) {
    int64 left = rows;
    for (int64 c = 0; c < classes; ++c) left -= count_from(keys + c * p.sizes[3], counts[c], least + 1);
    for (int64 c = 0; c < classes; ++c) {  // those of that score, in order
      const int better = count_from(keys + c * p.sizes[3], counts[c], least + 1);
      const int equal = count_from(keys + c * p.sizes[3], counts[c], least) - better;
      const int taken = left < equal ? (int)left : equal;
      counts[c] = better + taken;
      left -= taken;
    }
  }
  __syncthreads();
  int64 first = 0;
  X* y = (X*)p.outputs[0] + image * rows * 7;
  for (int64 c = 0; c < classes; ++c) {
    for (int64 i = thread; i < counts[c]; i += 1024) {
      const uint32 prior = index_of_key(keys[c * p.sizes[3] + i]);
      const Box box = box_at(p, image, prior, c);
      X* row = y + (first + i) * 7;
      row[0] = store<X>((COMPUTE)image);
      row[1] = store<X>((COMPUTE)c);
      row[2] = ((const X*)p.inputs[1])[(image * p.sizes[1] + prior) * classes + c];
      row[3] = store<X>((COMPUTE)box.x0);
      row[4] = store<X>((COMPUTE)box.y0);
      row[5] = store<X>((COMPUTE)box.x1);
      row[6] = store<X>((COMPUTE)box.y1);
    }
    first += counts[c];
  }
  for (int64 i = first * 7 + thread; i < rows * 7; i += 1024) y[i] = store<X>((COMPUTE)(i % 7 == 0 ? -1 : 0));
  if (thread == 0) ((int*)p.outputs[1])[image] = (int)first;
}
