// Elements picked along each axis, from places that are listed; -1 stands for the fill. sizes: 0 rank, then of each axis its length in y, and
// behind those how far an element of x is from the next along it. Inputs: 4 the fill, or null for zeros; 8 the lists, one behind the other.
extern "C" __global__ void __launch_bounds__(256) pick_elements(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  const int64 *places = (const int64*)p.inputs[8], rank = p.sizes[0];
  for (int64 d = 0; d + 1 < rank; ++d) places += p.sizes[1 + d];
  int64 rest = at, from = 0;
  bool filled = false;
  for (int64 d = rank - 1; d >= 0; --d) {
    const int64 length = p.sizes[1 + d], place = places[rest % length];
    filled |= place < 0;
    from += place * p.sizes[1 + rank + d];
    rest /= length;
    if (d > 0) places -= p.sizes[d];
  }
  ELEMENT zero = {};
  ((ELEMENT*)p.outputs[0])[at] = !filled ? ((const ELEMENT*)p.inputs[0])[from] : p.inputs[4] ? *(const ELEMENT*)p.inputs[4] : zero;
}
