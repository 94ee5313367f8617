// The K best of each line. Keys are integers whose order is the wanted one: of equal elements the lower index comes first.
// sizes: 0 length, 1 elements between neighbours, 2 K, 3 keys of the workspace for a line.
#ifdef WIDE_KEYS
typedef uint64 VALUE_KEY;
#else
typedef uint32 VALUE_KEY;
#endif
__device__ __forceinline__ VALUE_KEY key_of(COMPUTE x) {
#if defined(FLOATS) && defined(WIDE_KEYS)
  uint64 bits = (uint64)__double_as_longlong(x + 0.0);
  VALUE_KEY key = x != x ? ~0ull : bits >> 63 ? ~bits : bits | 0x8000000000000000ull;
#elif defined(FLOATS)
  const uint32 bits = as_bits(x + 0.0f);
  VALUE_KEY key = x != x ? ~0u : bits >> 31 ? ~bits : bits | 0x80000000u;
#elif defined(WIDE_KEYS)
  VALUE_KEY key = IS_SIGNED ? (uint64)x ^ 0x8000000000000000ull : (uint64)x;
#else
  VALUE_KEY key = (uint32)(x + 2147483648ll * IS_SIGNED);
#endif
  return LARGEST ? key : ~key;
}

// Short lines and wide elements: a thread for each element counts those before it.
extern "C" __global__ void __launch_bounds__(256) topk_by_rank(const CallParameters p) {
  const int64 length = p.sizes[0], step = p.sizes[1], k = p.sizes[2];
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  // Neighbours are of neighbouring lines, as in memory.
  const int64 inner = at % step, own = at / step % length, outer = at / step / length;
  const X* x = (const X*)p.inputs[0] + outer * length * step + inner;
  const VALUE_KEY key = key_of(load(x[own * step]));
  int64 rank = 0;
  for (int64 i = 0; i < length && rank < k; ++i) {
    const VALUE_KEY other = key_of(load(x[i * step]));
    rank += other > key || (other == key && i < own);
  }
  if (rank >= k) return;
  const int64 to = (outer * k + rank) * step + inner;
  ((X*)p.outputs[0])[to] = x[own * step];
  ((INDEX_TYPE*)p.outputs[1])[to] = (INDEX_TYPE)own;
}

#ifndef WIDE_KEYS
// Long lines: a block finds the K-th key by its digits, collects those that are not below it, and sorts them.
extern "C" __global__ void __launch_bounds__(1024) topk_by_digits(const CallParameters p) {
  const int64 length = p.sizes[0], step = p.sizes[1], k = p.sizes[2], room = p.sizes[3];
  const int64 line = blockIdx.x;
  const X* x = (const X*)p.inputs[0] + line / step * length * step + line % step;
  uint64* keys = (uint64*)p.workspace + line * room;
  __shared__ uint32 counts[256];
  __shared__ uint64 prefix;
  __shared__ int64 left;
  __shared__ uint32 found;
  const int thread = threadIdx.x;
  if (thread == 0) prefix = 0, left = k, found = 0;
  for (int shift = 56; shift >= 0; shift -= 8) {
    if (thread < 256) counts[thread] = 0;
    __syncthreads();
    for (int64 i = thread; i < length; i += 1024) {
      const uint64 key = (uint64)key_of(load(x[i * step])) << 32 | (0xffffffffu - (uint32)i);
      if (shift == 56 || key >> (shift + 8) == prefix >> (shift + 8)) atomicAdd(&counts[key >> shift & 255], 1u);
    }
    __syncthreads();
    if (thread == 0) {
      int digit = 255;
      while (digit > 0 && counts[digit] < left) left -= counts[digit--];
      prefix |= (uint64)digit << shift;
    }
    __syncthreads();
  }
  // Keys differ, so exactly K are not below the one that was found.
  for (int64 i = thread; i < length; i += 1024) {
    const uint64 key = (uint64)key_of(load(x[i * step])) << 32 | (0xffffffffu - (uint32)i);
    if (key >= prefix) keys[atomicAdd(&found, 1u)] = key;
  }
  for (int64 i = k + thread; i < room; i += 1024) keys[i] = 0;
  __syncthreads();
  sort_falling<1024>(keys, room);
  for (int64 i = thread; i < k; i += 1024) {
    const int64 source = 0xffffffffu - (uint32)keys[i], to = (line / step * k + i) * step + line % step;
    ((X*)p.outputs[0])[to] = x[source * step];
    ((INDEX_TYPE*)p.outputs[1])[to] = (INDEX_TYPE)source;
  }
}
#endif
