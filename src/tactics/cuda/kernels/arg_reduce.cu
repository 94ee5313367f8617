// The index of the largest element of each line, or (HARDMAX) a line of 0 with a 1 there. LANES threads work on a line; with LANES = 1
// neighbours in a block take neighbouring lines. BETTER(a, b): whether value a beats b. sizes: 0 length, 1 elements between neighbours.
struct Best {
  COMPUTE value;
  int64 index;
};
__device__ __forceinline__ Best better(Best a, Best b) {
  if (a.index < 0) return b;
  if (b.index < 0) return a;
#ifdef LAST
  const bool takes_b = BETTER(b.value, a.value) || (!BETTER(a.value, b.value) && b.index > a.index);
#else
  // What is no number stays where it is first, and loses elsewhere.
  const bool a_is_nan = a.value != a.value, b_is_nan = b.value != b.value;
  if (a_is_nan) return a.index == 0 || (b_is_nan && b.index != 0) ? a : b;
  if (b_is_nan) return b.index == 0 ? b : a;
  const bool takes_b = BETTER(b.value, a.value) || (!BETTER(a.value, b.value) && b.index < a.index);
#endif
  return takes_b ? b : a;
}

extern "C" __global__ void __launch_bounds__(256) arg_reduce(const CallParameters p) {
  const int64 length = p.sizes[0], step = p.sizes[1];
  const int64 own = (int64)blockIdx.x * (256 / LANES) + threadIdx.x / LANES, line = own < p.count ? own : p.count - 1;
  const int lane = threadIdx.x % LANES;
  const int64 first = line / step * length * step + line % step;
  const X* x = (const X*)p.inputs[0] + first;
  Best best{0, -1};
  for (int64 k = lane; k < length; k += LANES) best = better(best, Best{(COMPUTE)load(x[k * step]), k});
#if LANES > 1
  for (int width = 16; width > 0; width /= 2) {
    Best other;
    other.value = __shfl_xor_sync(0xffffffffu, best.value, width);
    other.index = __shfl_xor_sync(0xffffffffu, best.index, width);
    best = better(best, other);
  }
#endif
#if LANES > 32
  __shared__ Best parts[LANES / 32];
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = best;
  __syncthreads();
  for (int i = 0; i < LANES / 32; ++i) best = better(best, parts[i]);
#endif
  if (own >= p.count) return;
#ifdef HARDMAX
  for (int64 k = lane; k < length; k += LANES) ((X*)p.outputs[0])[first + k * step] = store<X>((COMPUTE)(k == best.index));
#else
  if (lane == 0) ((int64*)p.outputs[0])[line] = best.index;
#endif
}
