// y = softmax(scale * q * k^T + mask) * v. A warp makes one row of one head; keys are met 32 at a time, with a running maximum and sum.
// T is the storage type of q, k, v and y; DEPTH bounds the numbers of a key, 32 * PARTS those of a value.
extern "C" __global__ void __launch_bounds__(128) attention(const AttentionParameters p) {
  __shared__ float query[4][DEPTH];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int64 row = (int64)blockIdx.x * 4 + warp, rows = (int64)p.batch * p.heads * p.queries;
  const bool inside = row < rows;
  const int position = inside ? (int)(row % p.queries) : 0, head = inside ? (int)(row / p.queries % p.heads) : 0;
  const int batch = inside ? (int)(row / p.queries / p.heads) : 0, key_head = head / (p.heads / p.key_heads);
  const T* q = (const T*)p.q + batch * p.q_strides[0] + head * p.q_strides[1] + position * p.q_strides[2];
  const T* k = (const T*)p.k + batch * p.k_strides[0] + key_head * p.k_strides[1];
  const T* v = (const T*)p.v + batch * p.v_strides[0] + key_head * p.v_strides[1];
  for (int d = lane; d < p.depth; d += 32) query[warp][d] = load(q[d]) * p.scale;
  __syncwarp();
  float most = __int_as_float((int)0xff800000u), sum = 0, result[PARTS];
  for (int i = 0; i < PARTS; ++i) result[i] = 0;
  const int last = p.causal ? min(p.keys, position + 1) : p.keys;
  for (int first = 0; first < p.keys; first += 32) {
    const int key = first + lane;
    float score = __int_as_float((int)0xff800000u);
    if (key < last) {
      score = 0;
      for (int d = 0; d < p.depth; ++d) score += query[warp][d] * load(k[key * p.k_strides[2] + d]);
      if (p.softcap != 0) score = p.softcap * tanhf(score / p.softcap);
#if HAS_MASK
      const MASK mask = ((const MASK*)p.mask)[batch * p.mask_strides[0] + head * p.mask_strides[1] + position * p.mask_strides[2] + key * p.mask_strides[3]];
#if MASK_DROPS
      if (load(mask) == 0) score = __int_as_float((int)0xff800000u);
#else
      score += (float)load(mask);
#endif
#endif
    }
    float block_most = score;
    for (int step = 16; step > 0; step /= 2) block_most = fmaxf(block_most, __shfl_xor_sync(0xffffffffu, block_most, step));
    const float new_most = fmaxf(most, block_most);
    // Where nothing has been seen yet there is nothing to rescale.
    const float rescale = most == new_most ? 1.0f : expf(most - new_most);
    const float weight = score == __int_as_float((int)0xff800000u) ? 0.0f : expf(score - new_most);
    float block_sum = weight;
    for (int step = 16; step > 0; step /= 2) block_sum += __shfl_xor_sync(0xffffffffu, block_sum, step);
    sum = sum * rescale + block_sum;
    most = new_most;
    for (int i = 0; i < PARTS; ++i) result[i] *= rescale;
    const int count = min(32, p.keys - first);
    for (int other = 0; other < count; ++other) {
      // Every lane learns the weight of key `first + other`.
      const float own = __shfl_sync(0xffffffffu, weight, other);
      for (int i = 0; i < PARTS; ++i) {
        const int d = lane + 32 * i;
        if (d < p.value_depth && own != 0) result[i] += own * load(v[(first + other) * p.v_strides[2] + d]);
      }
    }
  }
  if (!inside) return;
  T* y = (T*)p.y + batch * p.y_strides[0] + head * p.y_strides[1] + position * p.y_strides[2];
  for (int i = 0; i < PARTS; ++i) {
    const int d = lane + 32 * i;
    if (d < p.value_depth) y[d] = store<T>(sum > 0 ? result[i] / sum : 0.0f);
  }
}
