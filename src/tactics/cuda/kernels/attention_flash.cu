// y = softmax(scale * q * k^T + mask) * v on tensor cores; scores are in registers alone. A warp makes 16 rows of a head, a block of WARPS
// warps walks the keys KEYS at a time with a running maximum and sum, loading the next ones meanwhile. T is the storage type; DEPTH and
// VALUES are the numbers of a key and of a value, rounded up to 16. MASK_ROWS: the mask differs from query to query;
// MASK_PAIRS: neighbouring keys' entries are read as one.
#if HAS_TENSOR_CORES
constexpr int kKeyRow = DEPTH / 8 + 1, kValueRow = VALUES / 8 + 1;  // 16 bytes each; odd, so that 8 rows lie in different banks
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

// Entries of the mask that a lane needs of a block of keys.
struct Masks {
  Pack<MASK, 2> items[KEYS / 8][MASK_ROWS ? 2 : 1];
};

// Takes in the keys of a block for the 16 rows of a warp. Blocks that are WHOLE ask nothing of their keys, so that the compiler may order all
// of it.
template <bool WHOLE>
__device__ __forceinline__ void attend(const AttentionParameters& p, const Pack<T, 8>* k_tile, const Pack<T, 8>* v_tile,
                                       const uint32 (&query)[DEPTH / 16][4], const Masks& masks, int first, int last, int row0,
                                       float (&most)[2], float (&sum)[2], float (&result)[VALUES / 8][4]) {
  const float lowest = __int_as_float((int)0xff800000u), scale = p.scale * kLog2E;
  const int lane = (int)threadIdx.x % 32, group = lane / 4, pair = lane % 4 * 2, count = min(KEYS, last - first);
  float scores[KEYS / 8][4];
#pragma unroll
  for (int n = 0; n < KEYS / 8; ++n) {
#pragma unroll
    for (int i = 0; i < 4; ++i) scores[n][i] = 0;
  }
#pragma unroll
  for (int j = 0; j < DEPTH / 16; ++j) {
#pragma unroll
    for (int n = 0; n < KEYS / 8; n += 2) {
      if (!WHOLE && n * 8 >= count) continue;
      uint32 keys[4];
      load_matrices<false>(keys, k_tile + (n * 8 + lane / 16 * 8 + lane % 8) * kKeyRow + j * 2 + lane / 8 % 2);
      multiply<T>(scores[n], query[j], keys[0], keys[1]);
      multiply<T>(scores[n + 1], query[j], keys[2], keys[3]);
    }
  }
  // Scores are exponents of 2 from here on.
#pragma unroll
  for (int n = 0; n < KEYS / 8; ++n) {
#pragma unroll
    for (int i = 0; i < 4; ++i)
      scores[n][i] = SOFTCAP ? kLog2E * p.softcap * tanhf(scores[n][i] * p.scale / p.softcap) : scores[n][i] * scale;
  }
#if HAS_MASK
#pragma unroll
  for (int n = 0; n < KEYS / 8; ++n) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const MASK own = masks.items[n][MASK_ROWS ? i / 2 : 0].items[i % 2];
      scores[n][i] += MASK_DROPS ? (load(own) == 0 ? lowest : 0.0f) : (float)load(own) * kLog2E;
    }
  }
#endif
  if (!WHOLE || (CAUSAL && first + KEYS - 1 > row0)) {
#pragma unroll
    for (int n = 0; n < KEYS / 8; ++n) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int key = first + n * 8 + pair + i % 2;
        if (key >= last || (CAUSAL && key > row0 + group + i / 2 * 8)) scores[n][i] = lowest;
      }
    }
  }
  float block_most[2] = {lowest, lowest};
#pragma unroll
  for (int n = 0; n < KEYS / 8; ++n) {
#pragma unroll
    for (int i = 0; i < 4; ++i) block_most[i / 2] = fmaxf(block_most[i / 2], scores[n][i]);
  }
  float shift[2];
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    block_most[r] = fmaxf(block_most[r], __shfl_xor_sync(0xffffffffu, block_most[r], 1));
    block_most[r] = fmaxf(block_most[r], __shfl_xor_sync(0xffffffffu, block_most[r], 2));
    const float new_most = fmaxf(most[r], block_most[r]);
    // Where nothing has been seen yet there is nothing to rescale.
    const float rescale = most[r] == new_most ? 1.0f : power_of_2(most[r] - new_most);
    most[r] = new_most;
    shift[r] = new_most == lowest ? 0.0f : new_most;  // a row that sees nothing has weights of 0
    sum[r] *= rescale;
#pragma unroll
    for (int n = 0; n < VALUES / 8; ++n) {
      result[n][r * 2] *= rescale;
      result[n][r * 2 + 1] *= rescale;
    }
  }
#pragma unroll
  for (int n = 0; n < KEYS / 8; ++n) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float weight = power_of_2(scores[n][i] - shift[i / 2]);
      scores[n][i] = weight;
      sum[i / 2] += weight;
    }
  }
#pragma unroll
  for (int j = 0; j < KEYS / 16; ++j) {
    if (!WHOLE && j * 16 >= count) continue;
    const uint32 weights[4] = {pair_of<T>(scores[2 * j][0], scores[2 * j][1]), pair_of<T>(scores[2 * j][2], scores[2 * j][3]),
                               pair_of<T>(scores[2 * j + 1][0], scores[2 * j + 1][1]),
                               pair_of<T>(scores[2 * j + 1][2], scores[2 * j + 1][3])};
#pragma unroll
    for (int n = 0; n < VALUES / 8; n += 2) {
      uint32 values[4];
      load_matrices<true>(values, v_tile + (j * 16 + lane / 8 % 2 * 8 + lane % 8) * kValueRow + n + lane / 16);
      multiply<T>(result[n], weights, values[0], values[1]);
      multiply<T>(result[n + 1], weights, values[2], values[3]);
    }
  }
}
#endif

extern "C" __global__ void __launch_bounds__(32 * WARPS) attention_flash(const AttentionParameters p) {
#if HAS_TENSOR_CORES
  __shared__ Pack<T, 8> k_tiles[2][KEYS * kKeyRow];
  __shared__ Pack<T, 8> v_tiles[2][KEYS * kValueRow];
  const float lowest = __int_as_float((int)0xff800000u);
  const int tiles = (p.queries + 16 * WARPS - 1) / (16 * WARPS);
  const int tile = (int)(blockIdx.x % tiles), head = (int)(blockIdx.x / tiles % p.heads), batch = (int)(blockIdx.x / tiles / p.heads);
  const int warp = (int)threadIdx.x / 32, lane = (int)threadIdx.x % 32, group = lane / 4, pair = lane % 4 * 2;
  const int row0 = (tile * WARPS + warp) * 16;
  const T* q = (const T*)p.q + batch * p.q_strides[0] + head * p.q_strides[1];
  const T* k = (const T*)p.k + batch * p.k_strides[0] + head / (p.heads / p.key_heads) * p.k_strides[1];
  const T* v = (const T*)p.v + batch * p.v_strides[0] + head / (p.heads / p.key_heads) * p.v_strides[1];
#if HAS_MASK
  const MASK* mask = (const MASK*)p.mask + batch * p.mask_strides[0] + head * p.mask_strides[1];
  const MASK* mask_rows[2];
  for (int r = 0; r < 2; ++r) mask_rows[r] = mask + (MASK_ROWS ? min(row0 + group + r * 8, p.queries - 1) * p.mask_strides[2] : 0);
#endif
  const int last = CAUSAL ? min(p.keys, (tile + 1) * 16 * WARPS) : p.keys, blocks = (last + KEYS - 1) / KEYS;

  const auto load_keys = [&](int block) {
    Pack<T, 8>* k_tile = k_tiles[block % 2];
    Pack<T, 8>* v_tile = v_tiles[block % 2];
    for (int i = (int)threadIdx.x; i < KEYS * (DEPTH / 8); i += 32 * WARPS) {
      const int row = i / (DEPTH / 8), part = i % (DEPTH / 8), key = block * KEYS + row;
      const bool inside = key < p.keys && part * 8 < p.depth;
      copy_16(k_tile + row * kKeyRow + part, inside ? k + key * p.k_strides[2] + part * 8 : k, inside);
    }
    for (int i = (int)threadIdx.x; i < KEYS * (VALUES / 8); i += 32 * WARPS) {
      const int row = i / (VALUES / 8), part = i % (VALUES / 8), key = block * KEYS + row;
      const bool inside = key < p.keys && part * 8 < p.value_depth;
      copy_16(v_tile + row * kValueRow + part, inside ? v + key * p.v_strides[2] + part * 8 : v, inside);
    }
  };
  if (blocks > 0) load_keys(0);
  commit_copies();

  uint32 query[DEPTH / 16][4];
#pragma unroll
  for (int j = 0; j < DEPTH / 16; ++j) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int row = row0 + group + i % 2 * 8, d = j * 16 + pair + i / 2 * 8;
      query[j][i] = row < p.queries && d < p.depth ? *(const uint32*)(q + row * p.q_strides[2] + d) : 0;
    }
  }
  float most[2] = {lowest, lowest}, sum[2] = {0, 0}, result[VALUES / 8][4] = {};
  for (int block = 0; block < blocks; ++block) {
    const int first = block * KEYS, count = min(KEYS, last - first);
    if (block + 1 < blocks) load_keys(block + 1);
    commit_copies();
    Masks masks;
#if HAS_MASK
    // On its way while keys and values are waited for.
#pragma unroll
    for (int n = 0; n < KEYS / 8; ++n) {
      const int key = first + n * 8 + pair;
#pragma unroll
      for (int r = 0; r < (MASK_ROWS ? 2 : 1); ++r) {
#if MASK_PAIRS
        masks.items[n][r] = *(const Pack<MASK, 2>*)(mask_rows[r] + min(key, p.keys - 2));
#else
        masks.items[n][r].items[0] = mask_rows[r][min(key, p.keys - 1) * p.mask_strides[3]];
        masks.items[n][r].items[1] = mask_rows[r][min(key + 1, p.keys - 1) * p.mask_strides[3]];
#endif
      }
    }
#endif
    wait_copies<1>();
    __syncthreads();
    if (row0 < p.queries && !(CAUSAL && first > row0 + 15)) {
      const Pack<T, 8>* k_tile = k_tiles[block % 2];
      const Pack<T, 8>* v_tile = v_tiles[block % 2];
      if (count == KEYS)
        attend<true>(p, k_tile, v_tile, query, masks, first, last, row0, most, sum, result);
      else
        attend<false>(p, k_tile, v_tile, query, masks, first, last, row0, most, sum, result);
    }
    __syncthreads();
  }
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    sum[r] += __shfl_xor_sync(0xffffffffu, sum[r], 1);
    sum[r] += __shfl_xor_sync(0xffffffffu, sum[r], 2);
    const int row = row0 + group + r * 8;
    if (row >= p.queries) continue;
    const float share = sum[r] > 0 ? 1 / sum[r] : 0.0f;
    T* y = (T*)p.y + batch * p.y_strides[0] + head * p.y_strides[1] + row * p.y_strides[2];
#pragma unroll
    for (int n = 0; n < VALUES / 8; ++n) {
      if (n * 8 + pair < p.value_depth) *(uint32*)(y + n * 8 + pair) = pair_of<T>(result[n][r * 2] * share, result[n][r * 2 + 1] * share);
    }
  }
#endif
}
