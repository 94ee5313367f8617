// One step of LSTM, GRU or plain cells; see operators/recurrent.h. A warp computes one unit of one row and direction, in float or double.
// sizes: 0 steps, 1 rows, 2 inputs, 3 hidden, 4 directions, 5 the step, 6 layout. The workspace: two states h by turns, c, and (gru) the update
// gate and the gated state, each [directions, rows, hidden].
#define STATE(k) ((REAL*)p.workspace + (k) * p.sizes[4] * p.sizes[1] * p.sizes[3])

struct Unit {
  int64 unit, row, direction, at;  // `at` in states of the workspace
  int lane;
  bool there;
};
__device__ __forceinline__ Unit unit_of(const CallParameters& p) {
  const int64 own = (int64)blockIdx.x * 8 + threadIdx.x / 32, all = p.sizes[4] * p.sizes[1] * p.sizes[3];
  const int64 at = own < all ? own : all - 1;
  return Unit{at % p.sizes[3], at / p.sizes[3] % p.sizes[1], at / p.sizes[3] / p.sizes[1], at, (int)(threadIdx.x % 32), own < all};
}
// Where the unit's state stands in initial_h, y_h and their like.
__device__ __forceinline__ int64 outer_state(const CallParameters& p, const Unit& u) {
  return (p.sizes[6] == 0 ? u.direction * p.sizes[1] + u.row : u.row * p.sizes[4] + u.direction) * p.sizes[3] + u.unit;
}
__device__ __forceinline__ REAL sum_of_warp(REAL value) {
  for (int width = 16; width > 0; width /= 2) value += __shfl_xor_sync(0xffffffffu, value, width);
  return value;
}
__device__ __forceinline__ int64 length_of(const CallParameters& p, int64 row) {
#if HAS_LENGTHS
  const int64 length = (int64)load(((const LENGTH*)p.inputs[4])[row]);
  return length < 0 ? 0 : length > p.sizes[0] ? p.sizes[0] : length;
#else
  return p.sizes[0];
#endif
}
__device__ __forceinline__ bool runs_backwards(int64 direction) { return REVERSE || direction == 1; }
__device__ __forceinline__ REAL clipped(REAL x) { return CLIP > 0 ? m_clamp(x, (REAL)-CLIP, (REAL)CLIP) : x; }

// x * w^T of one gate, with its bias.
__device__ __forceinline__ REAL from_input(const CallParameters& p, const Unit& u, int gate, int64 t) {
  const int64 inputs = p.sizes[2], row = u.direction * GATES * p.sizes[3] + gate * p.sizes[3] + u.unit;
  const X* x = (const X*)p.inputs[0] + (p.sizes[6] == 0 ? t * p.sizes[1] + u.row : u.row * p.sizes[0] + t) * inputs;
  const X* w = (const X*)p.inputs[1] + row * inputs;
  REAL sum = 0;
  for (int64 i = u.lane; i < inputs; i += 32) sum += (REAL)load(x[i]) * (REAL)load(w[i]);
  sum = sum_of_warp(sum);
#if HAS_BIAS
  sum += (REAL)load(((const X*)p.inputs[3])[u.direction * 2 * GATES * p.sizes[3] + gate * p.sizes[3] + u.unit]);
#endif
  return sum;
}
// h * r^T of one gate, with its bias; `h` is the row's state.
__device__ __forceinline__ REAL from_state(const CallParameters& p, const Unit& u, int gate, const REAL* h) {
  const int64 hidden = p.sizes[3], row = u.direction * GATES * hidden + gate * hidden + u.unit;
  const X* r = (const X*)p.inputs[2] + row * hidden;
  REAL sum = 0;
  for (int64 i = u.lane; i < hidden; i += 32) sum += h[i] * (REAL)load(r[i]);
  sum = sum_of_warp(sum);
#if HAS_BIAS
  sum += (REAL)load(((const X*)p.inputs[3])[u.direction * 2 * GATES * hidden + (GATES + gate) * hidden + u.unit]);
#endif
  return sum;
}

extern "C" __global__ void __launch_bounds__(256) recurrent_start(const CallParameters p) {
  const Unit u = unit_of(p);
  if (!u.there || u.lane != 0) return;
  const int64 from = outer_state(p, u);
  STATE(0)[u.at] = HAS_INITIAL_H ? (REAL)load(((const X*)p.inputs[5])[from]) : (REAL)0;
#if CELL == CELL_LSTM
  STATE(2)[u.at] = HAS_INITIAL_C ? (REAL)load(((const X*)p.inputs[6])[from]) : (REAL)0;
#endif
}

__device__ __forceinline__ void finish_step(const CallParameters& p, const Unit& u, int64 i, int64 t, bool runs, REAL h, REAL before, REAL c) {
  if (!u.there || u.lane != 0) return;
  // What lies behind a row's length stays 0.
  const int64 at = runs ? t : i;
  const int64 y = (p.sizes[6] == 0 ? (at * p.sizes[4] + u.direction) * p.sizes[1] + u.row : (u.row * p.sizes[0] + at) * p.sizes[4] + u.direction);
  ((X*)p.outputs[0])[y * p.sizes[3] + u.unit] = store<X>(runs ? h : (REAL)0);
  const REAL now = runs ? h : before;
  STATE((i + 1) % 2)[u.at] = now;
#if CELL == CELL_LSTM
  if (runs) STATE(2)[u.at] = c;
#endif
}

extern "C" __global__ void __launch_bounds__(256) recurrent_end(const CallParameters p) {
  const Unit u = unit_of(p);
  if (!u.there || u.lane != 0) return;
  const int64 to = outer_state(p, u);
  if (p.outputs[1]) ((X*)p.outputs[1])[to] = store<X>(STATE(p.sizes[0] % 2)[u.at]);
#if CELL == CELL_LSTM
  if (p.outputs[2]) ((X*)p.outputs[2])[to] = store<X>(STATE(2)[u.at]);
#endif
}

#if CELL == CELL_GRU
// The gates of a gru whose reset comes before the product: they must all be there before the candidates are.
extern "C" __global__ void __launch_bounds__(256) recurrent_gates(const CallParameters p, const int64 i) {
  const Unit u = unit_of(p);
  const int64 length = length_of(p, u.row);
  if (i >= length) return;
  const int64 t = runs_backwards(u.direction) ? length - 1 - i : i;
  const REAL* h = STATE(i % 2) + u.at - u.unit;
  const REAL update = activate(u.direction, 0, clipped(from_input(p, u, 0, t) + from_state(p, u, 0, h)));
  const REAL reset = activate(u.direction, 0, clipped(from_input(p, u, 1, t) + from_state(p, u, 1, h)));
  if (!u.there || u.lane != 0) return;
  STATE(3)[u.at] = update;
  STATE(4)[u.at] = reset * h[u.unit];
}
#endif

extern "C" __global__ void __launch_bounds__(256) recurrent_step(const CallParameters p, const int64 i) {
  const Unit u = unit_of(p);
  const int64 length = length_of(p, u.row);
  const bool runs = i < length;
  const int64 t = !runs ? 0 : runs_backwards(u.direction) ? length - 1 - i : i;
  const REAL* h = STATE(i % 2) + u.at - u.unit;
  const REAL before = h[u.unit];
  REAL next = 0, c = 0;
  // All lanes of a warp are of one row: they run together.
  if (runs) {
#if CELL == CELL_RNN
    next = activate(u.direction, 0, clipped(from_input(p, u, 0, t) + from_state(p, u, 0, h)));
#elif CELL == CELL_GRU && LINEAR_BEFORE_RESET
    const REAL update = activate(u.direction, 0, clipped(from_input(p, u, 0, t) + from_state(p, u, 0, h)));
    const REAL reset = activate(u.direction, 0, clipped(from_input(p, u, 1, t) + from_state(p, u, 1, h)));
    const REAL candidate = activate(u.direction, 1, clipped(from_input(p, u, 2, t) + reset * from_state(p, u, 2, h)));
    next = (1 - update) * candidate + update * before;
#elif CELL == CELL_GRU
    const REAL* gated = STATE(4) + u.at - u.unit;
    const REAL update = STATE(3)[u.at];
    const REAL candidate = activate(u.direction, 1, clipped(from_input(p, u, 2, t) + from_state(p, u, 2, gated)));
    next = (1 - update) * candidate + update * before;
#else
    const X* peepholes = (const X*)p.inputs[7];
    const REAL cell = STATE(2)[u.at];
    REAL gates[4];
#pragma unroll
    for (int gate = 0; gate < 4; ++gate) gates[gate] = from_input(p, u, gate, t) + from_state(p, u, gate, h);
#if HAS_PEEPHOLES
#define PEEPHOLE(which, cell) ((REAL)load(peepholes[(u.direction * 3 + (which)) * p.sizes[3] + u.unit]) * (cell))
#else
#define PEEPHOLE(which, cell) ((REAL)0)
#endif
    (void)peepholes;
    const REAL input = activate(u.direction, 0, clipped(gates[0] + PEEPHOLE(0, cell)));
    const REAL forget = INPUT_FORGET ? 1 - input : activate(u.direction, 0, clipped(gates[2] + PEEPHOLE(2, cell)));
    c = forget * cell + input * activate(u.direction, 1, clipped(gates[3]));
    const REAL output = activate(u.direction, 0, clipped(gates[1] + PEEPHOLE(1, c)));
    next = output * activate(u.direction, 2, c);
#endif
  }
  finish_step(p, u, i, t, runs, next, before, c);
}
