// The different elements of x, or its different slices along an axis. Places are sorted by what stands there, equal ones in their order; where
// neighbours differ a value begins. sizes: 0 length of the axis, 1 rows before it, 2 elements behind it, 3 places to sort (a power of two).
// The workspace: the number found, then ORDER of places, and by value: the sorted place where it BEGINS, its FIRST place; by sorted place its
// VALUE; by place how many values have their first place before.
#define FOUND (*(int64*)p.workspace)
#define ORDER ((uint32*)((char*)p.workspace + 64))
#define BEGINS (ORDER + p.sizes[3])
#define FIRST (BEGINS + p.sizes[0] + 1)
#define VALUE (FIRST + p.sizes[0])
#define RANK (VALUE + p.sizes[0])

// -1, 0 or 1: how the slice at place a compares with that at b.
__device__ __forceinline__ int compared(const CallParameters& p, int64 a, int64 b) {
  const int64 length = p.sizes[0], inner = p.sizes[2];
  const X* x = (const X*)p.inputs[0];
  for (int64 row = 0; row < p.sizes[1]; ++row) {
    for (int64 column = 0; column < inner; ++column) {
      const COMPUTE u = load(x[(row * length + a) * inner + column]), v = load(x[(row * length + b) * inner + column]);
      if (u < v) return -1;
      if (u > v) return 1;
    }
  }
  return 0;
}
// Places behind the last one come last.
__device__ __forceinline__ bool stands_before(const CallParameters& p, int64 a, int64 b) {
  if (a >= p.sizes[0] || b >= p.sizes[0]) return a < b;
  const int order = compared(p, a, b);
  return order != 0 ? order < 0 : a < b;
}
// Pair i of a pass over runs of `size` places.
__device__ __forceinline__ void exchange(const CallParameters& p, int64 i, int64 size, int64 stride) {
  const int64 a = i / stride * stride * 2 + i % stride, b = a + stride;
  const uint32 first = ORDER[a], second = ORDER[b];
  if (stands_before(p, second, first) == ((a & size) == 0)) ORDER[a] = second, ORDER[b] = first;
}

extern "C" __global__ void __launch_bounds__(256) unique_places(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at < p.sizes[3]) ORDER[at] = (uint32)at;
}
// Few places, by one block.
extern "C" __global__ void __launch_bounds__(1024) unique_sort(const CallParameters p) {
  for (int64 size = 2; size <= p.sizes[3]; size *= 2) {
    for (int64 stride = size / 2; stride > 0; stride /= 2) {
      for (int64 i = threadIdx.x; i < p.sizes[3] / 2; i += 1024) exchange(p, i, size, stride);
      __syncthreads();
    }
  }
}
// Many, a launch for each pass: 0 the size, 1 the stride.
extern "C" __global__ void __launch_bounds__(256) unique_pass(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at < p.sizes[3] / 2) exchange(p, at, p.pass[0], p.pass[1]);
}

extern "C" __global__ void __launch_bounds__(1024) unique_number(const CallParameters p) {
  __shared__ int64 sums[1024];
  const int64 length = p.sizes[0];
  int64 total = 0, whole;
  for (int64 base = 0; base < length; base += 1024) {
    const int64 i = base + threadIdx.x;
    const bool begins = i < length && (i == 0 || compared(p, ORDER[i - 1], ORDER[i]) != 0);
    const int64 value = total + sum_before<1024>(begins, sums, &whole) - !begins;
    if (i < length) VALUE[i] = (uint32)value;
    if (begins) BEGINS[value] = (uint32)i, FIRST[value] = ORDER[i];
    total += whole;
  }
  if (threadIdx.x == 0) FOUND = total, BEGINS[total] = (uint32)length;
#if !SORTED
  for (int64 i = threadIdx.x; i < length; i += 1024) RANK[i] = 0;
  __syncthreads();
  for (int64 value = threadIdx.x; value < total; value += 1024) RANK[FIRST[value]] = 1;
  __syncthreads();
  int64 before = 0;
  for (int64 base = 0; base < length; base += 1024) {
    const int64 i = base + threadIdx.x;
    const int64 rank = before + sum_before<1024>(i < length ? RANK[i] : 0, sums, &whole);
    if (i < length) RANK[i] = (uint32)rank;
    before += whole;
  }
#endif
}

extern "C" __global__ void __launch_bounds__(256) unique_tell(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.sizes[0]) return;
  const uint32 value = VALUE[at];
  const int64 to = SORTED ? value : RANK[FIRST[value]];
  ((int64*)p.outputs[2])[ORDER[at]] = to;
  if (BEGINS[value] != at) return;
  ((int64*)p.outputs[1])[to] = FIRST[value];
  ((int64*)p.outputs[3])[to] = (int64)BEGINS[value + 1] - BEGINS[value];
}

extern "C" __global__ void __launch_bounds__(256) unique_gather(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x, found = FOUND, inner = p.sizes[2];
  if (at >= p.sizes[1] * found * inner) return;
  const int64 place = ((const int64*)p.outputs[1])[at / inner % found];
  ((X*)p.outputs[0])[at] = ((const X*)p.inputs[0])[(at / inner / found * p.sizes[0] + place) * inner + at % inner];
}
