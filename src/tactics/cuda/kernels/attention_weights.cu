// The weights of an attention from its scores: softmax(scores + mask) in each row, written over the scores as T. A warp makes a row; what a
// step writes lies in front of what later steps read.
extern "C" __global__ void __launch_bounds__(128) attention_weights(const AttentionParameters p) {
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int64 row = (int64)blockIdx.x * 4 + warp, rows = (int64)p.batch * p.heads * p.queries;
  const bool inside = row < rows;
  const int position = inside ? (int)(row % p.queries) : 0, head = inside ? (int)(row / p.queries % p.heads) : 0;
  const int batch = inside ? (int)(row / p.queries / p.heads) : 0;
  float* scores = (float*)p.scores + (inside ? row : 0) * p.score_row;
  const float lowest = __int_as_float((int)0xff800000u);
#if HAS_MASK
  const MASK* mask = (const MASK*)p.mask + batch * p.mask_strides[0] + head * p.mask_strides[1] + position * p.mask_strides[2];
#endif
  const int last = !inside ? 0 : p.causal ? min(p.keys, position + 1) : p.keys;
  const auto score_at = [&](int key) {
    if (key >= last) return lowest;
    float score = scores[key];
    if (p.softcap != 0) score = p.softcap * tanhf(score / p.softcap);
#if HAS_MASK
#if MASK_DROPS
    if (load(mask[key * p.mask_strides[3]]) == 0) score = lowest;
#else
    score += (float)load(mask[key * p.mask_strides[3]]);
#endif
#endif
    return score;
  };
  float kept[KEPT];
  float most = lowest;
#pragma unroll
  for (int i = 0; i < KEPT; ++i) {
    kept[i] = score_at(i * 32 + lane);
    most = fmaxf(most, kept[i]);
  }
  for (int key = KEPT * 32 + lane; key < p.keys; key += 32) most = fmaxf(most, score_at(key));
  for (int step = 16; step > 0; step /= 2) most = fmaxf(most, __shfl_xor_sync(0xffffffffu, most, step));
  float sum = 0;
#pragma unroll
  for (int i = 0; i < KEPT; ++i) {
    kept[i] = kept[i] == lowest ? 0.0f : expf(kept[i] - most);
    sum += kept[i];
  }
  for (int key = KEPT * 32 + lane; key < p.keys; key += 32) {
    const float score = score_at(key);
    sum += score == lowest ? 0.0f : expf(score - most);
  }
  for (int step = 16; step > 0; step /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, step);
  const float scale = sum > 0 ? 1 / sum : 0.0f;
  T* weights = (T*)scores;
  for (int first = 0; first < p.keys; first += 32) {
    const int key = first + lane, i = first / 32;
    float weight = 0;
    if (i >= KEPT) {
      const float score = score_at(key);
      weight = score == lowest ? 0.0f : expf(score - most);
    } else {
#pragma unroll
      for (int k = 0; k < KEPT; ++k) weight = k == i ? kept[k] : weight;
    }
    __syncwarp();
    if (inside && key < p.keys) weights[key] = store<T>(weight * scale);
    __syncwarp();
  }
}
