// y = softmax(scale * q * k^T + mask) * v by the warp groups of sm_90a, for heads of 64 numbers: a warp group makes 64 rows of a head and walks
// the keys KEYS = 128 at a time, with STAGES blocks of them on their way; weights go from registers into the second product. Rows of 128 bytes
// lie as wgmma reads them, their 16-byte parts exchanged by the row's number. T is the storage type; see attention_rows.cu for the mask.
#if HAS_WARP_GROUPS
constexpr int kRows = 64;
[[maybe_unused]] constexpr int kMaskRow = KEYS / 8 + 1;  // of 16 bytes, odd, so that 8 rows lie in different banks

__device__ __forceinline__ int place_of(int row, int part) { return row * 8 + (part ^ (row & 7)); }

extern "C" __global__ void __launch_bounds__(128, MIN_BLOCKS) attention_wgmma(const AttentionParameters p) {
#ifdef INGOT_EMULATED
  alignas(1024) static Pack<T, 8> q_tile[(kRows + 2 * STAGES * KEYS) * 8 + (MASK_TILES ? STAGES * kRows * kMaskRow : 0)];
#else
  extern __shared__ char dynamic_shared[];
  Pack<T, 8>* const q_tile = (Pack<T, 8>*)(dynamic_shared + (1024 - (shared_address(dynamic_shared) & 1023)) % 1024);  // later rows of y
#endif
  Pack<T, 8>* const k_tiles = q_tile + kRows * 8;
  Pack<T, 8>* const v_tiles = k_tiles + STAGES * KEYS * 8;
  [[maybe_unused]] Pack<T, 8>* const mask_tiles = v_tiles + STAGES * KEYS * 8;
  const float lowest = __int_as_float((int)0xff800000u);
  const int tiles = (p.queries + kRows - 1) / kRows;
  const int tile = (int)(blockIdx.x % tiles), head = (int)(blockIdx.x / tiles % p.heads), batch = (int)(blockIdx.x / tiles / p.heads);
  const int thread = (int)threadIdx.x, warp = thread / 32, lane = thread % 32, group = lane / 4, pair = lane % 4 * 2;
  const int row0 = tile * kRows + warp * 16;
  const T* q = (const T*)p.q + batch * p.q_strides[0] + head * p.q_strides[1];
  const T* k = (const T*)p.k + batch * p.k_strides[0] + head / (p.heads / p.key_heads) * p.k_strides[1];
  const T* v = (const T*)p.v + batch * p.v_strides[0] + head / (p.heads / p.key_heads) * p.v_strides[1];
  const int last = CAUSAL ? min(p.keys, (tile + 1) * kRows) : p.keys, blocks = (last + KEYS - 1) / KEYS;
#if HAS_MASK
  const MASK* mask = (const MASK*)p.mask + batch * p.mask_strides[0] + head * p.mask_strides[1];
#endif
  // Rows from `first_row` of a matrix of `rows`, zeros behind its end; 16 rows a step, a row by 8 threads.
  const auto load_rows = [&](Pack<T, 8>* to, const T* from, int64 stride, int first_row, int count, int rows) {
    const int part = thread % 8;
#pragma unroll 4
    for (int row = thread / 8; row < count; row += 16) {
      const bool inside = first_row + row < rows;
      copy_16(to + place_of(row, part), inside ? from + (first_row + row) * stride + part * 8 : from, inside);
    }
  };
  const auto load_keys = [&](int block) {
    load_rows(k_tiles + block % STAGES * KEYS * 8, k, p.k_strides[2], block * KEYS, KEYS, p.keys);
#if MASK_TILES
    Pack<T, 8>* mask_tile = mask_tiles + block % STAGES * kRows * kMaskRow;
    for (int i = thread; i < kRows * (KEYS / 8); i += 128) {
      const int row = i / (KEYS / 8), part = i % (KEYS / 8), query = tile * kRows + row, key = block * KEYS + part * 8;
      const bool inside = key < p.keys && query < p.queries;
      copy_16(mask_tile + row * kMaskRow + part, inside ? mask + query * p.mask_strides[2] + key : mask, inside);
    }
#endif
  };
  const auto load_values = [&](int block) { load_rows(v_tiles + block % STAGES * KEYS * 8, v, p.v_strides[2], block * KEYS, KEYS, p.keys); };
  load_rows(q_tile, q, p.q_strides[2], tile * kRows, kRows, p.queries);
  if (blocks > 0) load_keys(0);
  commit_copies();
  if (blocks > 0) load_values(0);
  commit_copies();
  float most[2] = {lowest, lowest}, sum[2] = {0, 0}, result[VALUES / 8][4] = {};
  auto& flat_result = reinterpret_cast<float (&)[VALUES / 2]>(result);
  for (int block = 0; block < blocks; ++block) {
    const int first = block * KEYS;
    if (STAGES > 1) {
      if (block + 1 < blocks) load_keys(block + 1);
      commit_copies();
      if (block + 1 < blocks) load_values(block + 1);
      commit_copies();
    }
    wait_copies<STAGES * 2 - 1>();
    publish_copies();
    __syncthreads();
    const MASK* mask_rows[2] = {nullptr, nullptr};
#if HAS_MASK
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const int row = warp * 16 + group + r * 8;
      mask_rows[r] = MASK_TILES  ? (const MASK*)(mask_tiles + (block % STAGES * kRows + row) * kMaskRow)
                     : MASK_ROWS ? mask + min(tile * kRows + row, p.queries - 1) * p.mask_strides[2]
                                 : mask;
    }
#endif
    float scores[KEYS / 8][4];
    auto& flat_scores = reinterpret_cast<float (&)[KEYS / 2]>(scores);
    begin_products();
#pragma unroll
    for (int part = 0; part < DEPTH / 16; ++part)
      multiply_group<T>(flat_scores, (const char*)q_tile, (const char*)(k_tiles + block % STAGES * KEYS * 8), part, part > 0);
    commit_products();
    wait_products<0>();
    settle(flat_scores);
    // Products stay out of branches, where the compiler would let them run one by one.
    if (last - first >= KEYS)
      weigh<true>(p, scores, mask_rows, first, last, row0, most, sum, result);
    else
      weigh<false>(p, scores, mask_rows, first, last, row0, most, sum, result);
    uint32 weights[KEYS / 16][4];
#pragma unroll
    for (int j = 0; j < KEYS / 16; ++j) {
#pragma unroll
      for (int i = 0; i < 4; ++i) weights[j][i] = pair_of<T>(scores[2 * j + i / 2][i % 2 * 2], scores[2 * j + i / 2][i % 2 * 2 + 1]);
      settle(weights[j]);
    }
    wait_copies<STAGES * 2 - 2>();
    publish_copies();
    __syncthreads();
    begin_products();
#pragma unroll
    for (int j = 0; j < KEYS / 16; ++j) multiply_values<T>(flat_result, weights[j], (const char*)(v_tiles + block % STAGES * KEYS * 8), j);
    commit_products();
    wait_products<0>();
    settle(flat_result);
    __syncthreads();
  }
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    sum[r] += __shfl_xor_sync(0xffffffffu, sum[r], 1);
    sum[r] += __shfl_xor_sync(0xffffffffu, sum[r], 2);
    const float share = sum[r] > 0 ? 1 / sum[r] : 0.0f;
#pragma unroll
    for (int n = 0; n < VALUES / 8; ++n)
      *((uint32*)(q_tile + place_of(warp * 16 + group + r * 8, n)) + pair / 2) = pair_of<T>(result[n][r * 2] * share, result[n][r * 2 + 1] * share);
  }
  __syncwarp();  // rows leave whole, 16 bytes at a time
  T* y = (T*)p.y + batch * p.y_strides[0] + head * p.y_strides[1];
#pragma unroll
  for (int i = lane; i < 16 * 8; i += 32) {
    const int row = warp * 16 + i / 8;
    if (tile * kRows + row < p.queries) *(Pack<T, 8>*)(y + (tile * kRows + row) * p.y_strides[2] + i % 8 * 8) = q_tile[place_of(row, i % 8)];
  }
}
#else
extern "C" __global__ void attention_wgmma(const AttentionParameters) {}
#endif
