// What the selected experts say, in two kernels: the inner numbers of each token and expert, then their sums. sizes: 0 experts of a token, 1
// inner size, 2 size of a token, 3 experts, 4 extent of a block of inner numbers with one scale, 5 such blocks; reals: 0 limit, 1 alpha, 2 beta. The workspace: [tokens, experts of a token, inner].
// An expert that is not there says NaN, and reads nothing.
#define HIDDEN ((REAL*)p.workspace)

__device__ __forceinline__ int64 expert_at(const CallParameters& p, int64 place) {
  const int64 expert = (int64)load(((const EXPERT*)p.inputs[1])[place]);
  return expert >= 0 && expert < p.sizes[3] ? expert : -1;
}

extern "C" __global__ void __launch_bounds__(256) experts_inside(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x, inner = p.sizes[1], size = p.sizes[2];
  if (at >= p.count * p.sizes[0] * inner) return;
  const int64 i = at % inner, place = at / inner, expert = expert_at(p, place);
  if (expert < 0) {
    HIDDEN[at] = (REAL)as_float(0x7fc00000u);
    return;
  }
  const X* x = (const X*)p.inputs[0] + place / p.sizes[0] * size;
  const GATE* gate = (const GATE*)p.inputs[3] + expert * size * inner + i;
  const UP* up = (const UP*)p.inputs[4] + expert * size * inner + i;
  REAL g = HAS_GATE_BIAS ? (REAL)load(((const GATE_BIAS*)p.inputs[6])[expert * inner + i]) : (REAL)0;
  REAL u = HAS_UP_BIAS ? (REAL)load(((const UP_BIAS*)p.inputs[7])[expert * inner + i]) : (REAL)0;
  for (int64 d = 0; d < size; ++d) {
    const REAL value = load(x[d]);
    g += value * (REAL)load(gate[d * inner]);
    u += value * (REAL)load(up[d * inner]);
  }
  const REAL limit = (REAL)p.reals[0];
  g = limit < g ? limit : g;
  u = u < -limit ? -limit : limit < u ? limit : u;
  HIDDEN[at] = SILU ? g / (1 + m_exp((REAL)-p.reals[1] * g)) * (u + (REAL)p.reals[2]) : g * u;
}

#if SNAPS
// Each block of inner numbers as it reads after quantization.
extern "C" __global__ void __launch_bounds__(256) experts_snap(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x, inner = p.sizes[1], extent = p.sizes[4], blocks = p.sizes[5];
  if (at >= p.count * p.sizes[0] * blocks) return;
  const int64 first = at % blocks * extent, last = min(first + extent, inner);
  REAL* hidden = HIDDEN + at / blocks * inner;
  const double largest = WHOLE ? 127 : 448, given = HAS_SCALE ? (double)load(*(const SCALE*)p.inputs[9]) : 1;
  double scale = given;
#if DYNAMIC
  double most = 0;
  for (int64 i = first; i < last; ++i) {
    const double size = fabs((double)hidden[i]);
    most = most < size ? size : most;
  }
  scale = most / largest / given;
#if POWERS
  // The exponent, rounded up.
  const int64 bits = __double_as_longlong(scale);
  int64 exponent = scale > 0 ? (bits >> 52) - 1023 + ((bits & 0xfffffffffffffll) != 0) : -127;
  exponent = exponent < -127 ? -127 : exponent > 127 ? 127 : exponent;
  scale = __longlong_as_double((exponent + 1023) << 52);
#else
  scale = load(store<BLOCK_SCALE>((SCALE_COMPUTE)scale));
#endif
  scale *= given;
#endif
  const double least = WHOLE && !DYNAMIC ? -128 : -largest;
  for (int64 i = first; i < last; ++i) {
#if DYNAMIC
    double value = scale > 0 ? (double)hidden[i] / scale : 0;
#else
    double value = (float)hidden[i] / (float)scale;
#endif
    if (WHOLE && value != value) value = 0;
    value = value < least ? least : value > largest ? largest : value;
    const Y code = STORE(value);
    hidden[i] = (REAL)((double)load(code) * scale);
  }
}
#endif

extern "C" __global__ void __launch_bounds__(256) experts_outside(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x, inner = p.sizes[1], size = p.sizes[2], chosen = p.sizes[0];
  if (at >= p.count * size) return;
  const int64 token = at / size, d = at % size;
  REAL sum = 0;
  for (int64 k = 0; k < chosen; ++k) {
    const int64 place = token * chosen + k, known = expert_at(p, place), expert = known < 0 ? 0 : known;
    const REAL* hidden = HIDDEN + place * inner;
    REAL value = HAS_DOWN_BIAS ? (REAL)load(((const DOWN_BIAS*)p.inputs[8])[expert * size + d]) : (REAL)0;
    for (int64 i = 0; i < inner; ++i) value += hidden[i] * (REAL)load(((const DOWN*)p.inputs[5])[(expert * inner + i) * size + d]);
    sum += (known < 0 ? (REAL)as_float(0x7fc00000u) : value) * (REAL)load(((const SCORE*)p.inputs[2])[place]);
  }
  ((X*)p.outputs[0])[at] = store<X>(sum);
}
