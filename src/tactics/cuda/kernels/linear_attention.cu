// A thread for each column of a state, which it keeps: DEPTH numbers. sizes: 0 steps, 1 heads of k and v, 2 numbers of v a head; reals: 0 scale.
constexpr int kUnroll = DEPTH <= 128 ? DEPTH : 1;  // longer ones do not fit into registers

extern "C" __global__ void __launch_bounds__(128) linear_attention(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 128 + threadIdx.x, steps = p.sizes[0], heads = p.sizes[1], width = p.sizes[2];
  if (at >= p.count) return;
  const int64 column = at % width, head = at / width % heads, batch = at / width / heads;
  const int64 own = (batch * heads + head) * DEPTH * width + column;
  REAL state[DEPTH];
#pragma unroll kUnroll
  for (int d = 0; d < DEPTH; ++d) state[d] = HAS_STATE ? (REAL)load(((const STATE*)p.inputs[3])[own + d * width]) : (REAL)0;
  for (int64 step = 0; step < steps; ++step) {
    const int64 row = batch * steps + step, place = row * heads + head;
    const K* k = (const K*)p.inputs[1] + place * DEPTH;
    REAL value = load(((const V*)p.inputs[2])[place * width + column]), retrieved = 0;
#if HAS_DECAY
    const DECAY* decay = (const DECAY*)p.inputs[4];
#if DECAY_BY_HEAD
    const REAL keep = m_exp((REAL)load(decay[place]));
#pragma unroll kUnroll
    for (int d = 0; d < DEPTH; ++d) state[d] *= keep;
#else
#pragma unroll kUnroll
    for (int d = 0; d < DEPTH; ++d) state[d] *= m_exp((REAL)load(decay[place * DEPTH + d]));
#endif
#endif
#if HAS_BETA
#pragma unroll kUnroll
    for (int d = 0; d < DEPTH; ++d) retrieved += state[d] * (REAL)load(k[d]);
    value = (value - retrieved) * (REAL)load(((const BETA*)p.inputs[5])[BETA_BY_HEAD ? place : row]);
#endif
#pragma unroll kUnroll
    for (int d = 0; d < DEPTH; ++d) state[d] += (REAL)load(k[d]) * value;
    for (int g = 0; g < GROUP; ++g) {
      const int64 reader = (row * heads + head) * GROUP + g;
      const Q* q = (const Q*)p.inputs[0] + reader * DEPTH;
      REAL sum = 0;
#pragma unroll kUnroll
      for (int d = 0; d < DEPTH; ++d) sum += (REAL)load(q[d]) * state[d];
      ((Q*)p.outputs[0])[reader * width + column] = store<Q>((REAL)p.reals[0] * sum);
    }
  }
#pragma unroll kUnroll
  for (int d = 0; d < DEPTH; ++d) ((PRESENT*)p.outputs[1])[own + d * width] = store<PRESENT>((PRESENT_REAL)state[d]);
}
