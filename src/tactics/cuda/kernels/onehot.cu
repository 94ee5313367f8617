// y = values[1] where the new axis is at the index, else values[0]. sizes: 0 length of the new axis, 1 elements behind it.
extern "C" __global__ void __launch_bounds__(256) onehot(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  const int64 length = p.sizes[0], inner = p.sizes[1], place = at / inner % length;
  // Indices that are floats count without their fraction.
  int64 index = (int64)load(((const INDEX_TYPE*)p.inputs[0])[at / inner / length * inner + at % inner]);
  if (index < 0) index += length;
  ((ELEMENT*)p.outputs[0])[at] = ((const ELEMENT*)p.inputs[2])[index == place];
}
