// Places of the elements that are not 0, in order: blocks count theirs, one block adds the counts up, then each block writes from where those
// before it end. sizes: 0 elements, 1 blocks, 2 rank, 3... dims of x (nonzero), 12 elements before, 13 along, 14 behind the axis (compress).
// The workspace: the number found, then the blocks' counts behind 64 bytes, then the places.
#define FOUND (*(int64*)p.workspace)
#define OFFSETS ((int64*)((char*)p.workspace + 64))
#define PLACES (OFFSETS + p.sizes[1])
#define BLOCK_ELEMENTS 1024

__device__ __forceinline__ bool is_set(const CallParameters& p, int64 at) {
  return at < p.sizes[0] && load(((const X*)p.inputs[SOURCE])[at]) != 0;
}
extern "C" __global__ void __launch_bounds__(256) compact_count(const CallParameters p) {
  __shared__ int64 sums[256];
  const int64 first = (int64)blockIdx.x * BLOCK_ELEMENTS + threadIdx.x * 4;
  int64 count = 0, whole;
  for (int i = 0; i < 4; ++i) count += is_set(p, first + i);
  sum_before<256>(count, sums, &whole);
  if (threadIdx.x == 0) OFFSETS[blockIdx.x] = whole;
}

extern "C" __global__ void __launch_bounds__(256) compact_offsets(const CallParameters p) {
  __shared__ int64 sums[256];
  int64 total = 0;
  for (int64 base = 0; base < p.sizes[1]; base += 256) {
    const int64 at = base + threadIdx.x;
    int64 whole;
    const int64 before = sum_before<256>(at < p.sizes[1] ? OFFSETS[at] : 0, sums, &whole);
    if (at < p.sizes[1]) OFFSETS[at] = total + before;
    total += whole;
  }
  if (threadIdx.x == 0) FOUND = total;
}

extern "C" __global__ void __launch_bounds__(256) compact_write(const CallParameters p) {
  __shared__ int64 sums[256];
  const int64 first = (int64)blockIdx.x * BLOCK_ELEMENTS + threadIdx.x * 4;
  int64 count = 0, whole;
  for (int i = 0; i < 4; ++i) count += is_set(p, first + i);
  int64 to = OFFSETS[blockIdx.x] + sum_before<256>(count, sums, &whole);
  for (int i = 0; i < 4; ++i) {
    if (!is_set(p, first + i)) continue;
#ifdef INDEX_TYPE
    int64 rest = first + i;
    for (int d = (int)p.sizes[2] - 1; d >= 0; --d) {
      ((INDEX_TYPE*)p.outputs[0])[d * FOUND + to] = (INDEX_TYPE)(rest % p.sizes[3 + d]);
      rest /= p.sizes[3 + d];
    }
#else
    PLACES[to] = first + i;
#endif
    ++to;
  }
}

#ifndef INDEX_TYPE
extern "C" __global__ void __launch_bounds__(256) compact_gather(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x, found = FOUND, inner = p.sizes[14];
  if (at >= p.sizes[12] * found * inner) return;
  const int64 outer = at / inner / found, place = PLACES[at / inner % found];
  ((ELEMENT*)p.outputs[0])[at] = ((const ELEMENT*)p.inputs[0])[(outer * p.sizes[13] + place) * inner + at % inner];
}
#endif
