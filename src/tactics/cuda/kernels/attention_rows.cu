// What the attentions on tensor cores share: scores of a block of KEYS keys become weights, under a running maximum and sum of their rows.
// MASK_ROWS: the mask differs from query to query; MASK_PAIRS: neighbouring keys' entries are read as one; MASK_TILES: they lie beside the
// keys. SMALL_MASK: no entry is the least float. RAW_SCORES: nothing meets scores but a scale above 0.
constexpr float kLog2E = 1.4426950408889634f;

__device__ __forceinline__ float power_of_2(float x) {
#ifdef INGOT_EMULATED
  return exp2f(x);
#else
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#endif
}

#if HAS_MASK
// Entries of key and key + 1, of which one at most is behind the last key.
__device__ __forceinline__ Pack<MASK, 2> mask_pair(const AttentionParameters& p, const MASK* row, int key) {
#if MASK_TILES
  return *(const Pack<MASK, 2>*)(row + key % KEYS);
#elif MASK_PAIRS
  return *(const Pack<MASK, 2>*)(row + min(key, p.keys - 2));
#else
  return {{row[min(key, p.keys - 1) * p.mask_strides[3]], row[min(key + 1, p.keys - 1) * p.mask_strides[3]]}};
#endif
}
#endif

// Of two rows of a warp, row0 + lane / 4 and 8 below, a thread has the keys 2 * (lane % 4) and the next of each 8, those of the upper row first.
// Blocks that are WHOLE ask nothing of their keys, so that the compiler may order all of it.
template <bool WHOLE, int N>
__device__ __forceinline__ void weigh(const AttentionParameters& p, float (&scores)[N][4], const MASK* const (&mask_rows)[2], int first, int last,
                                      int row0, float (&most)[2], float (&sum)[2], float (&result)[VALUES / 8][4]) {
  const float lowest = __int_as_float((int)0xff800000u), factor = RAW_SCORES ? p.scale * kLog2E : kLog2E;
  const int lane = (int)threadIdx.x % 32, group = lane / 4, pair = lane % 4 * 2;
#if !RAW_SCORES
#pragma unroll
  for (int n = 0; n < N; ++n) {
#pragma unroll
    for (int i = 0; i < 4; ++i) scores[n][i] = SOFTCAP ? p.softcap * tanhf(scores[n][i] * p.scale / p.softcap) : scores[n][i] * p.scale;
#if HAS_MASK
    Pack<MASK, 2> entries[2];
#pragma unroll
    for (int r = 0; r < 2; ++r) entries[r] = r == 0 || MASK_ROWS ? mask_pair(p, mask_rows[r], first + n * 8 + pair) : entries[0];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const MASK own = entries[i / 2].items[i % 2];
      scores[n][i] += MASK_DROPS ? (load(own) == 0 ? lowest : 0.0f) : (float)load(own);
    }
#endif
  }
#endif
  if (!WHOLE || (CAUSAL && first + KEYS - 1 > row0)) {
#pragma unroll
    for (int n = 0; n < N; ++n) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int key = first + n * 8 + pair + i % 2;
        if (key >= last || (CAUSAL && key > row0 + group + i / 2 * 8)) scores[n][i] = lowest;
      }
    }
  }
  float block_most[2] = {lowest, lowest};
#pragma unroll
  for (int n = 0; n < N; ++n) {
#pragma unroll
    for (int i = 0; i < 4; ++i) block_most[i / 2] = fmaxf(block_most[i / 2], scores[n][i]);
  }
  float top[2];
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    block_most[r] = fmaxf(block_most[r], __shfl_xor_sync(0xffffffffu, block_most[r], 1));
    block_most[r] = fmaxf(block_most[r], __shfl_xor_sync(0xffffffffu, block_most[r], 2));
    const float new_most = fmaxf(most[r], block_most[r]);
    // Where nothing has been seen yet there is nothing to rescale.
    const float rescale = most[r] == new_most ? 1.0f : power_of_2((most[r] - new_most) * factor);
    most[r] = new_most;
    top[r] = new_most == lowest ? 0.0f : new_most;  // a row that sees nothing has weights of 0
    sum[r] *= rescale;
#pragma unroll
    for (int n = 0; n < VALUES / 8; ++n) {
      result[n][r * 2] *= rescale;
      result[n][r * 2 + 1] *= rescale;
    }
  }
#pragma unroll
  for (int n = 0; n < N; ++n) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      // Products with the factor may be infinite where a mask's entries are the least floats.
      const float own = scores[n][i], most_here = top[i / 2];
      const float weight = power_of_2(SMALL_MASK ? own * factor - most_here * factor : (own - most_here) * factor);
      scores[n][i] = weight;
      sum[i / 2] += weight;
    }
  }
}
