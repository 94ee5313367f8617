// y = x, with updates put or joined where indices say; the same bits whichever thread comes first. TARGET(i) is the slot that update i goes
// to, -1 outside; a slot has `inner` elements side by side. Updates of a slot form a chain, which is brought into their order.
// sizes: 0 updates, 1 slots, 2 inner, 3 rank or tuple length, 4 the axis, then by dim: 8... sizes of indices (or of x), 16... strides in slots.
// The workspace holds the first update of each slot, then the next one behind each update, as int.
#define HEADS ((int*)p.workspace)
#define NEXT ((int*)p.workspace + p.sizes[1])

// x[..., indices[i, j, ...], ...] where i, j, ... count through the indices.
__device__ __forceinline__ int64 element_target(const CallParameters& p, int64 i) {
  int64 rest = i, to = 0;
  int64 index = (int64)load(((const INDEX_TYPE*)p.inputs[1])[i]);
  for (int d = (int)p.sizes[3] - 1; d >= 0; --d) {
    int64 at = rest % p.sizes[8 + d];
    rest /= p.sizes[8 + d];
    if (d == (int)p.sizes[4]) at = index < 0 ? index + p.sizes[5] : index;
    to += at * p.sizes[16 + d];
  }
  if (index < 0) index += p.sizes[5];
  return index >= 0 && index < p.sizes[5] ? to : -1;
}
// x[indices[i, :]].
__device__ __forceinline__ int64 tuple_target(const CallParameters& p, int64 i) {
  int64 to = 0;
  for (int d = 0; d < (int)p.sizes[3]; ++d) {
    int64 index = (int64)load(((const INDEX_TYPE*)p.inputs[1])[i * p.sizes[3] + d]);
    if (index < 0) index += p.sizes[8 + d];
    if (index < 0 || index >= p.sizes[8 + d]) return -1;
    to += index * p.sizes[16 + d];
  }
  return to;
}

extern "C" __global__ void __launch_bounds__(256) scatter_clear(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at < p.sizes[1]) HEADS[at] = -1;
}

extern "C" __global__ void __launch_bounds__(256) scatter_link(const CallParameters p) {
  const int64 i = (int64)blockIdx.x * 256 + threadIdx.x;
  if (i >= p.sizes[0]) return;
  const int64 to = TARGET(p, i);
  if (to < 0) return;
#ifdef LAST_WINS
  atomicMax(&HEADS[to], (int)i);
#else
  NEXT[i] = atomicExch(&HEADS[to], (int)i);
#endif
}

// Merges ascending runs of 1, 2, 4, ... updates until the chain is one run.
extern "C" __global__ void __launch_bounds__(256) scatter_order(const CallParameters p) {
  const int64 slot = (int64)blockIdx.x * 256 + threadIdx.x;
  if (slot >= p.sizes[1]) return;
  int* next = NEXT;
  int head = HEADS[slot];
  if (head < 0) return;
  for (int64 run = 1;; run *= 2) {
    int left = head, tail = -1, merges = 0;
    head = -1;
    while (left >= 0) {
      ++merges;
      int right = left;
      int64 left_count = 0, right_count = run;
      while (left_count < run && right >= 0) {
        ++left_count;
        right = next[right];
      }
      while (left_count > 0 || (right_count > 0 && right >= 0)) {
        int one;
        if (left_count > 0 && (right_count == 0 || right < 0 || left < right)) {
          one = left;
          left = next[left];
          --left_count;
        } else {
          one = right;
          right = next[right];
          --right_count;
        }
        if (tail < 0)
          head = one;
        else
          next[tail] = one;
        tail = one;
      }
      left = right;
    }
    next[tail] = -1;
    if (merges <= 1) break;
  }
  HEADS[slot] = head;
}

extern "C" __global__ void __launch_bounds__(256) scatter_apply(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  const int64 slot = at / p.sizes[2], inner = at % p.sizes[2];
  ELEMENT value = ((const ELEMENT*)p.inputs[0])[at];
  const ELEMENT* updates = (const ELEMENT*)p.inputs[2];
  int update = HEADS[slot];
#ifdef LAST_WINS
  if (update >= 0) value = updates[update * p.sizes[2] + inner];
#else
  for (; update >= 0; update = NEXT[update]) {
    const COMPUTE a = load(value), b = load(updates[update * p.sizes[2] + inner]);
    value = store<ELEMENT>((COMPUTE)(JOIN));
  }
#endif
  ((ELEMENT*)p.outputs[0])[at] = value;
}
