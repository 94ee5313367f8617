// y at a position is the weighted sum of the elements of x that each resampled axis says (NEAREST: the one element). A thread computes
// VECTOR elements along the innermost axis, which stays as it is where VECTOR > 1. Axes are outermost first in y's memory; RANK of them.
template <int D> struct Axis {
  // Adds the taps of axes D, D + 1, ... at offset `from`, each times `weight`.
  static __device__ __forceinline__ void add(const ResizeParameters& p, const int* at, int64 from, REAL weight, REAL* sums) {
    if (!p.starts[D]) return Axis<D + 1>::add(p, at, from + at[D] * p.x_strides[D], weight, sums);
    for (int tap = p.starts[D][at[D]]; tap < p.starts[D][at[D] + 1]; ++tap)
      Axis<D + 1>::add(p, at, from + p.places[D][tap] * p.x_strides[D], weight * (REAL)p.weights[D][tap], sums);
  }
};
template <> struct Axis<RANK> {
  static __device__ __forceinline__ void add(const ResizeParameters& p, const int*, int64 from, REAL weight, REAL* sums) {
    const Pack<ELEMENT, VECTOR> x = *(const Pack<ELEMENT, VECTOR>*)((const ELEMENT*)p.x + from);
#pragma unroll
    for (int i = 0; i < VECTOR; ++i) sums[i] += weight * (REAL)load(x.items[i]);
  }
};

extern "C" __global__ void __launch_bounds__(256) resize(const ResizeParameters p) {
  const int64 index = (int64)blockIdx.x * 256 + threadIdx.x;
  if (index >= p.count) return;
  int at[RANK];
  int64 rest = index, to = 0, from = 0;
  bool outside = false;
#pragma unroll
  for (int d = RANK - 1; d >= 0; --d) {
    at[d] = (int)(rest % p.sizes[d]) * (d == RANK - 1 ? VECTOR : 1);
    rest /= p.sizes[d];
    to += at[d] * p.y_strides[d];
    if (p.starts[d]) {
      const int first = p.starts[d][at[d]];
      outside = outside || first == p.starts[d][at[d] + 1];
#ifdef NEAREST
      if (!outside) from += p.places[d][first] * p.x_strides[d];
    } else {
      from += at[d] * p.x_strides[d];
#endif
    }
  }
  Pack<ELEMENT, VECTOR> y;
#ifdef NEAREST
  if (!outside) {
    y = *(const Pack<ELEMENT, VECTOR>*)((const ELEMENT*)p.x + from);
  } else {
    for (int i = 0; i < VECTOR; ++i) y.items[i] = STORE(OUTSIDE);
  }
#else
  REAL sums[VECTOR] = {};
  if (!outside) Axis<0>::add(p, at, 0, (REAL)1, sums);
#pragma unroll
  for (int i = 0; i < VECTOR; ++i) y.items[i] = STORE(outside ? (REAL)OUTSIDE : sums[i]);
#endif
  *(Pack<ELEMENT, VECTOR>*)((ELEMENT*)p.y + to) = y;
}
