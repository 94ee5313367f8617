// y = softmax(scale * q * k^T + mask) * v on tensor cores; scores are in registers alone. A warp makes 16 rows of a head, a block of WARPS
// warps walks the keys KEYS at a time with a running maximum and sum, loading the next ones meanwhile. T is the storage type; DEPTH and
// VALUES are the numbers of a key and of a value, rounded up to 16; see attention_rows.cu for the mask.
#if HAS_TENSOR_CORES
constexpr int kKeyRow = DEPTH / 8 + 1, kValueRow = VALUES / 8 + 1;  // 16 bytes each; odd, so that 8 rows lie in different banks
[[maybe_unused]] constexpr int kMaskRow = KEYS / 8 + 1;
constexpr int kQueryRow = kKeyRow > kValueRow ? kKeyRow : kValueRow, kRows = 16 * WARPS;

// Takes in the keys of a block for the 16 rows of a warp.
template <bool WHOLE>
__device__ __forceinline__ void attend(const AttentionParameters& p, const Pack<T, 8>* k_tile, const Pack<T, 8>* v_tile,
                                       const uint32 (&query)[DEPTH / 16][4], const MASK* const (&mask_rows)[2], int first, int last, int row0,
                                       float (&most)[2], float (&sum)[2], float (&result)[VALUES / 8][4]) {
  const int lane = (int)threadIdx.x % 32, count = min(KEYS, last - first);
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
  weigh<WHOLE>(p, scores, mask_rows, first, last, row0, most, sum, result);
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

extern "C" __global__ void __launch_bounds__(32 * WARPS, MIN_BLOCKS) attention_flash(const AttentionParameters p) {
#if HAS_TENSOR_CORES
#ifdef INGOT_EMULATED
  static Pack<T, 8> q_tile[kRows * kQueryRow + 2 * KEYS * (kKeyRow + kValueRow) + (MASK_TILES ? 2 * kRows * kMaskRow : 0)];
#else
  extern __shared__ char dynamic_shared[];
  Pack<T, 8>* const q_tile = (Pack<T, 8>*)dynamic_shared;  // later the warps' rows of y
#endif
  Pack<T, 8>* const k_tiles = q_tile + kRows * kQueryRow;
  Pack<T, 8>* const v_tiles = k_tiles + 2 * KEYS * kKeyRow;
  [[maybe_unused]] Pack<T, 8>* const mask_tiles = v_tiles + 2 * KEYS * kValueRow;
  const float lowest = __int_as_float((int)0xff800000u);
  const int tiles = (p.queries + kRows - 1) / kRows;
  const int tile = (int)(blockIdx.x % tiles), head = (int)(blockIdx.x / tiles % p.heads), batch = (int)(blockIdx.x / tiles / p.heads);
  const int warp = (int)threadIdx.x / 32, lane = (int)threadIdx.x % 32, group = lane / 4, pair = lane % 4 * 2;
  const int row0 = (tile * WARPS + warp) * 16;
  const T* q = (const T*)p.q + batch * p.q_strides[0] + head * p.q_strides[1];
  const T* k = (const T*)p.k + batch * p.k_strides[0] + head / (p.heads / p.key_heads) * p.k_strides[1];
  const T* v = (const T*)p.v + batch * p.v_strides[0] + head / (p.heads / p.key_heads) * p.v_strides[1];
  const int last = CAUSAL ? min(p.keys, (tile + 1) * kRows) : p.keys, blocks = (last + KEYS - 1) / KEYS;
#if HAS_MASK
  const MASK* mask = (const MASK*)p.mask + batch * p.mask_strides[0] + head * p.mask_strides[1];
#endif
  for (int i = (int)threadIdx.x; i < kRows * (DEPTH / 8); i += 32 * WARPS) {
    const int row = i / (DEPTH / 8), part = i % (DEPTH / 8), query = tile * kRows + row;
    const bool inside = query < p.queries && part * 8 < p.depth;
    copy_16(q_tile + row * kQueryRow + part, inside ? q + query * p.q_strides[2] + part * 8 : q, inside);
  }
  const auto load_keys = [&](int block) {
    Pack<T, 8>* k_tile = k_tiles + block % 2 * KEYS * kKeyRow;
    Pack<T, 8>* v_tile = v_tiles + block % 2 * KEYS * kValueRow;
    for (int i = (int)threadIdx.x; i < KEYS * (DEPTH / 8); i += 32 * WARPS) {
      const int row = i / (DEPTH / 8), part = i % (DEPTH / 8), key = block * KEYS + row;
      const bool inside = key < p.keys && part * 8 < p.depth;
      copy_16(k_tile + row * kKeyRow + part, inside ? k + key * p.k_strides[2] + part * 8 : k, inside);
    }
#if MASK_TILES
    Pack<T, 8>* mask_tile = mask_tiles + block % 2 * kRows * kMaskRow;
    for (int i = (int)threadIdx.x; i < kRows * (KEYS / 8); i += 32 * WARPS) {
      const int row = i / (KEYS / 8), part = i % (KEYS / 8), query = tile * kRows + row, key = block * KEYS + part * 8;
      const bool inside = key < p.keys && query < p.queries;
      copy_16(mask_tile + row * kMaskRow + part, inside ? mask + query * p.mask_strides[2] + key : mask, inside);
    }
#endif
    for (int i = (int)threadIdx.x; i < KEYS * (VALUES / 8); i += 32 * WARPS) {
      const int row = i / (VALUES / 8), part = i % (VALUES / 8), key = block * KEYS + row;
      const bool inside = key < p.keys && part * 8 < p.value_depth;
      copy_16(v_tile + row * kValueRow + part, inside ? v + key * p.v_strides[2] + part * 8 : v, inside);
    }
  };
  if (blocks > 0) load_keys(0);
  commit_copies();
  uint32 query[DEPTH / 16][4];
  float most[2] = {lowest, lowest}, sum[2] = {0, 0}, result[VALUES / 8][4] = {};
  for (int block = 0; block < blocks; ++block) {
    const int first = block * KEYS, count = min(KEYS, last - first);
    if (block + 1 < blocks) load_keys(block + 1);
    commit_copies();
    wait_copies<1>();
    __syncthreads();
    if (block == 0) {
#pragma unroll
      for (int j = 0; j < DEPTH / 16; ++j)
        load_matrices<false>(query[j], q_tile + (warp * 16 + lane / 8 % 2 * 8 + lane % 8) * kQueryRow + j * 2 + lane / 16);
    }
    if (row0 < p.queries && !(CAUSAL && first > row0 + 15)) {
      const Pack<T, 8>* k_tile = k_tiles + block % 2 * KEYS * kKeyRow;
      const Pack<T, 8>* v_tile = v_tiles + block % 2 * KEYS * kValueRow;
      const MASK* mask_rows[2] = {nullptr, nullptr};
#if HAS_MASK
#pragma unroll
      for (int r = 0; r < 2; ++r) {
        const int row = warp * 16 + group + r * 8;
        mask_rows[r] = MASK_TILES  ? (const MASK*)(mask_tiles + (block % 2 * kRows + row) * kMaskRow)
                       : MASK_ROWS ? mask + min(tile * kRows + row, p.queries - 1) * p.mask_strides[2]
                                   : mask;
      }
#endif
      if (count == KEYS)
        attend<true>(p, k_tile, v_tile, query, mask_rows, first, last, row0, most, sum, result);
      else
        attend<false>(p, k_tile, v_tile, query, mask_rows, first, last, row0, most, sum, result);
    }
    __syncthreads();
  }
  Pack<T, 8>* const own = q_tile + warp * 16 * kQueryRow;
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    sum[r] += __shfl_xor_sync(0xffffffffu, sum[r], 1);
    sum[r] += __shfl_xor_sync(0xffffffffu, sum[r], 2);
    const float share = sum[r] > 0 ? 1 / sum[r] : 0.0f;
#pragma unroll
    for (int n = 0; n < VALUES / 8; ++n)
      *((uint32*)(own + (group + r * 8) * kQueryRow + n) + pair / 2) = pair_of<T>(result[n][r * 2] * share, result[n][r * 2 + 1] * share);
  }
  __syncwarp();  // rows leave whole, 16 bytes at a time
  T* y = (T*)p.y + batch * p.y_strides[0] + head * p.y_strides[1];
#pragma unroll
  for (int i = lane; i < 16 * (VALUES / 8); i += 32) {
    const int row = i / (VALUES / 8), part = i % (VALUES / 8);
    if (row0 + row < p.queries && part * 8 < p.value_depth) *(Pack<T, 8>*)(y + (row0 + row) * p.y_strides[2] + part * 8) = own[row * kQueryRow + part];
  }
#endif
}
