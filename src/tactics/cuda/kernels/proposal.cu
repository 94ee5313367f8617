// Regions of anchors; see operators/proposal.h. All are decoded in double and cut to the image; then a block for each image sorts them by score
// and strikes out those that overlap a better one; then one block writes those that stay. sizes: 0 images, 1 places, 2 columns of the map, 3
// keys of an image in the workspace (a power of two), 4 candidates or 0, 5 the most that stay, 6 the stride, 7 rows of sizes, 8 numbers of
// each, 9 rows of the output; reals: 0 the overlap threshold, 1 min_size. ANCHORS of x0, y0, x1, y1. PADDED 1 where each
// image has that many rows.
// The workspace: the number found, then how many stay by image, keys, and regions [image, place, anchor].
struct Region {
  double x0, y0, x1, y1;
};
#define FOUND (*(int64*)p.workspace)
#define COUNTS ((int*)p.workspace + 16)
#define KEYS ((uint64*)((char*)p.workspace + (64 + p.sizes[0] * 4 + 63) / 64 * 64))
#define REGIONS ((Region*)(KEYS + p.sizes[0] * p.sizes[3]))
#define EACH (p.sizes[1] * ANCHOR_COUNT)

__device__ __forceinline__ double width_of(Region a) { return a.x1 - a.x0 + 1; }
__device__ __forceinline__ double height_of(Region a) { return a.y1 - a.y0 + 1; }
__device__ __forceinline__ bool overlap(Region a, Region b, double threshold) {
  const double width = (b.x1 < a.x1 ? b.x1 : a.x1) - (a.x0 < b.x0 ? b.x0 : a.x0) + 1;
  const double height = (b.y1 < a.y1 ? b.y1 : a.y1) - (a.y0 < b.y0 ? b.y0 : a.y0) + 1;
  if (width <= 0 || height <= 0) return false;
  const double shared = width * height;
  return shared / (width_of(a) * height_of(a) + width_of(b) * height_of(b) - shared) > threshold;
}
__device__ __forceinline__ double cut(double at, double length) {
  const double low = length - 1 < at ? length - 1 : at;
  return low < 0 ? 0 : low;
}

extern "C" __global__ void __launch_bounds__(256) proposal_decode(const CallParameters p) {
  const Region anchors[] = {ANCHORS};
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x, places = p.sizes[1];
  if (at >= p.sizes[0] * EACH) return;
  const int64 image = at / EACH, i = at % EACH, a = i % ANCHOR_COUNT, place = i / ANCHOR_COUNT;
  const IMAGE* size = (const IMAGE*)p.inputs[2] + (p.sizes[7] > 1 ? image * p.sizes[8] : 0);
  const double high = (double)load(size[0]), wide = (double)load(size[1]), least = p.reals[1] * (HAS_SCALE ? (double)load(size[HAS_SCALE * 2]) : 1);
  const Region anchor = anchors[a];
  const double x = (double)(place % p.sizes[2] * p.sizes[6]), y = (double)(place / p.sizes[2] * p.sizes[6]);
  double shift[4];
  for (int k = 0; k < 4; ++k) shift[k] = load(((const X*)p.inputs[1])[((image * ANCHOR_COUNT + a) * 4 + k) * places + place]);
  const double width = width_of(anchor), height = height_of(anchor);
  const double centre_x = anchor.x0 + x + 0.5 * width + shift[0] * width, centre_y = anchor.y0 + y + 0.5 * height + shift[1] * height;
  const double half_width = 0.5 * exp(shift[2]) * width, half_height = 0.5 * exp(shift[3]) * height;
  const Region region = {cut(centre_x - half_width, wide), cut(centre_y - half_height, high), cut(centre_x + half_width, wide),
                         cut(centre_y + half_height, high)};
  REGIONS[at] = region;
  const float score = load(((const X*)p.inputs[0])[((image * 2 + 1) * ANCHOR_COUNT + a) * places + place]);
  KEYS[image * p.sizes[3] + i] = width_of(region) >= least && height_of(region) >= least ? falling_key(score, (uint32)i) : 0;
}

extern "C" __global__ void __launch_bounds__(1024) proposal_select(const CallParameters p) {
  const int64 image = blockIdx.x;
  const int thread = threadIdx.x;
  uint64* keys = KEYS + image * p.sizes[3];
  const Region* regions = REGIONS + image * EACH;
  for (int64 i = EACH + thread; i < p.sizes[3]; i += 1024) keys[i] = 0;
  __syncthreads();
  sort_falling<1024>(keys, p.sizes[3]);
  int64 total = 0, end = p.sizes[3];  // regions that were left out are 0, behind all others
  while (total < end) {
    const int64 middle = (total + end) / 2;
    if (keys[middle] != 0)
      total = middle + 1;
    else
      end = middle;
  }
  __syncthreads();
  if (p.sizes[4] > 0 && total > p.sizes[4]) total = p.sizes[4];
  // Those that stay move to the front of the keys; those that are struck out become 0.
  int64 stay = 0;
  for (int64 i = 0; i < total && stay < p.sizes[5]; ++i) {
    const uint64 key = keys[i];
    if (key == 0) continue;
    const Region own = regions[index_of_key(key)];
    __syncthreads();
    if (thread == 0) keys[stay] = key;
    ++stay;
    for (int64 j = i + 1 + thread; j < total; j += 1024) {
      if (keys[j] != 0 && overlap(regions[index_of_key(keys[j])], own, p.reals[0])) keys[j] = 0;
    }
    __syncthreads();
  }
  if (thread == 0) COUNTS[image] = (int)stay;
}

extern "C" __global__ void __launch_bounds__(256) proposal_write(const CallParameters p) {
  int64 first = 0;
  for (int64 image = 0; image < p.sizes[0]; ++image) {
    for (int64 i = threadIdx.x; i < COUNTS[image] && first + i < p.sizes[9]; i += 256) {
      const int64 own = index_of_key(KEYS[image * p.sizes[3] + i]);
      const Region region = REGIONS[image * EACH + own];
      X* y = (X*)p.outputs[0] + (first + i) * 5;
      y[0] = store<X>((COMPUTE)image);
      y[1] = store<X>((COMPUTE)region.x0);
      y[2] = store<X>((COMPUTE)region.y0);
      y[3] = store<X>((COMPUTE)region.x1);
      y[4] = store<X>((COMPUTE)region.y1);
      ((X*)p.outputs[1])[first + i] =
          ((const X*)p.inputs[0])[((image * 2 + 1) * ANCHOR_COUNT + own % ANCHOR_COUNT) * p.sizes[1] + own / ANCHOR_COUNT];
    }
#if PADDED
    for (int64 i = COUNTS[image] + threadIdx.x; i < p.sizes[5]; i += 256) {
      X* y = (X*)p.outputs[0] + (first + i) * 5;
      y[0] = store<X>((COMPUTE)image);
      for (int k = 1; k < 5; ++k) y[k] = store<X>((COMPUTE)0);
      ((X*)p.outputs[1])[first + i] = store<X>((COMPUTE)0);
    }
    first += p.sizes[5];
#else
    first += COUNTS[image];
#endif
  }
  if (threadIdx.x == 0) FOUND = first < p.sizes[9] ? first : p.sizes[9];
}
