// The boxes of a detector that stay; see operators/batched_nms.h. First a block works on each image and class: it collects the boxes above the
// threshold, sorts them and, unless classes are all one (AGNOSTIC), strikes out those that overlap a better one. Then a block works on each
// image: it sorts what is left of all classes, strikes out in its turn where classes are all one, and writes the best. Keys hold class *
// count + number. sizes: 0 images, 1 classes, 2 count of boxes, 3 keys of a class in the workspace, 4 sets of boxes, 5 rows of an image, 6 the
// most of a class or 0, 7 candidates or 0, 8 the background, 9 keys of an image in the workspace, 10 the class of empty rows. Keys are as many
// as a power of two. reals: 0 the overlap threshold, 1 the score threshold, 2 what a box is wider than its corners tell. CLIP 1: to 0..1.
// Outputs: 0 how many stay, 1 boxes, 2 scores, 3 classes; input 8 is the last output, numbers. The workspace: how many are left of each image
// and class, how many of them stay, keys of each class, keys of each image.
struct Box {
  double x0, y0, x1, y1;
};
#define UNITS (p.sizes[0] * p.sizes[1])
#define COUNTS ((int*)p.workspace)
#define KEPT (COUNTS + UNITS)
#define KEYS ((uint64*)((char*)p.workspace + (UNITS * 8 + 63) / 64 * 64))
#define IMAGE_KEYS (KEYS + UNITS * p.sizes[3])

__device__ __forceinline__ const X* corners(const CallParameters& p, int64 image, int64 index) {
  const int64 label = index / p.sizes[2], number = index % p.sizes[2];
  return (const X*)p.inputs[0] + ((image * p.sizes[2] + number) * p.sizes[4] + (p.sizes[4] > 1 ? label : 0)) * 4;
}
__device__ __forceinline__ Box box_at(const CallParameters& p, int64 image, int64 index) {
  const X* at = corners(p, image, index);
  const double a = load(at[0]), b = load(at[1]), c = load(at[2]), d = load(at[3]);
  return Box{a < c ? a : c, b < d ? b : d, a < c ? c : a, b < d ? d : b};
}
__device__ __forceinline__ double area(Box a, double pixel) { return __dmul_rn(a.x1 - a.x0 + pixel, a.y1 - a.y0 + pixel); }
__device__ __forceinline__ bool overlap(Box a, Box b, double pixel, double threshold) {
  const double wide = (a.x1 < b.x1 ? a.x1 : b.x1) - (a.x0 < b.x0 ? b.x0 : a.x0) + pixel;
  const double high = (a.y1 < b.y1 ? a.y1 : b.y1) - (a.y0 < b.y0 ? b.y0 : a.y0) + pixel;
  if (wide <= 0 || high <= 0) return false;
  const double shared = __dmul_rn(wide, high), whole = area(a, pixel) + area(b, pixel) - shared;
  return whole > 0 && shared / whole > threshold;
}

// Of the sorted keys those that no better one overlaps move to the front, at most `most`, and of a class at most `of_class`, where that is not
// 0. `kept` counts by class, from 0 on.
__device__ inline int64 suppress(const CallParameters& p, int64 image, uint64* keys, int64 total, int64 most, int64 of_class, int* kept) {
  int64 stay = 0;
  for (int64 i = 0; i < total && stay < most; ++i) {
    const uint64 key = keys[i];
    const int64 index = index_of_key(key), label = index / p.sizes[2];
    if (key == 0 || (of_class > 0 && kept[label] >= of_class)) continue;
    const Box own = box_at(p, image, index);
    __syncthreads();
    if (threadIdx.x == 0) {
      keys[stay] = key;
      ++kept[label];
    }
    ++stay;
    for (int64 j = i + 1 + threadIdx.x; j < total; j += 1024) {
      if (keys[j] != 0 && overlap(box_at(p, image, index_of_key(keys[j])), own, p.reals[2], p.reals[0])) keys[j] = 0;
    }
    __syncthreads();
  }
  return stay;
}

extern "C" __global__ void __launch_bounds__(1024) batched_nms_select(const CallParameters p) {
  const int64 unit = blockIdx.x, classes = p.sizes[1], count = p.sizes[2], image = unit / classes, label = unit % classes;
  const int thread = threadIdx.x;
  uint64* keys = KEYS + unit * p.sizes[3];
  const X* scores = (const X*)p.inputs[1] + image * count * classes + label;
  __shared__ uint32 found;
  if (thread == 0) {
    found = 0;
    KEPT[unit] = 0;
  }
  __syncthreads();
  for (int64 i = thread; i < count && label != p.sizes[8]; i += 1024) {
    const float score = load(scores[i * classes]);
    if ((double)score > p.reals[1]) keys[atomicAdd(&found, 1u)] = falling_key(score, (uint32)(label * count + i));
  }
  __syncthreads();
  int64 room = 1, total = found;
  while (room < total) room *= 2;
  for (int64 i = total + thread; i < room; i += 1024) keys[i] = 0;
  __syncthreads();
  sort_falling<1024>(keys, room);
  if (p.sizes[7] > 0 && total > p.sizes[7]) total = p.sizes[7];
#if !AGNOSTIC
  total = suppress(p, image, keys, total, total, p.sizes[6], KEPT + image * classes);
#endif
  if (thread == 0) COUNTS[unit] = (int)total;
}

extern "C" __global__ void __launch_bounds__(1024) batched_nms_write(const CallParameters p) {
  const int64 image = blockIdx.x, classes = p.sizes[1];
  const int thread = threadIdx.x;
  uint64* keys = IMAGE_KEYS + image * p.sizes[9];
  int64 total = 0, room = 1;
  for (int64 label = 0; label < classes; ++label) {
    const int64 unit = image * classes + label, own = COUNTS[unit];
    for (int64 i = thread; i < own; i += 1024) keys[total + i] = KEYS[unit * p.sizes[3] + i];
    total += own;
  }
  while (room < total) room *= 2;
  for (int64 i = total + thread; i < room; i += 1024) keys[i] = 0;
  __syncthreads();
  sort_falling<1024>(keys, room);
#if AGNOSTIC
  total = suppress(p, image, keys, total, p.sizes[5], p.sizes[6], KEPT + image * classes);
#endif
  if (total > p.sizes[5]) total = p.sizes[5];
  __syncthreads();
  if (thread == 0) ((int*)p.outputs[0])[image] = (int)total;
  for (int64 row = thread; row < p.sizes[5]; row += 1024) {
    const int64 at = image * p.sizes[5] + row;
    const bool is_there = row < total;
    const int64 index = is_there ? (int64)index_of_key(keys[row]) : 0;
    const int64 label = is_there ? index / p.sizes[2] : 0, number = is_there ? index % p.sizes[2] : 0;
    const X* from = is_there ? corners(p, image, index) : 0;
    for (int k = 0; k < 4; ++k) {
      float corner = is_there ? load(from[k]) : 0.0f;
      if (CLIP) corner = corner < 0 ? 0.0f : corner > 1 ? 1.0f : corner;
      ((X*)p.outputs[1])[at * 4 + k] = store<X>(corner);
    }
    ((X*)p.outputs[2])[at] = store<X>(is_there ? (float)load(((const X*)p.inputs[1])[(image * p.sizes[2] + number) * classes + label]) : 0.0f);
    ((int*)p.outputs[3])[at] = is_there ? (int)label : (int)p.sizes[10];
    ((int*)const_cast<void*>(p.inputs[8]))[at] = is_there ? (int)number : -1;
  }
}
