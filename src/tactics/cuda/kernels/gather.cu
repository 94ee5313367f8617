// y[b, o, i, k] = x[b, o, indices[b, i], k]: slices of an axis. sizes = batch, outer, picks, inner; an index out of range gives zeros.
extern "C" __global__ void __launch_bounds__(256) gather(const GatherParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  const int64 inner = at % p.sizes[3], pick = at / p.sizes[3] % p.sizes[2], rows = at / p.sizes[3] / p.sizes[2], batch = rows / p.sizes[1];
  int64 index = (int64)load(((const INDEX_TYPE*)p.indices)[batch * p.sizes[2] + pick]);
  if (index < 0) index += p.axis_size;
  ELEMENT value = {};
  if (index >= 0 && index < p.axis_size) value = ((const ELEMENT*)p.x)[(rows * p.axis_size + index) * p.sizes[3] + inner];
  ((ELEMENT*)p.y)[at] = value;
}

// y[i, j, ...] = x[i, indices[i, j, ...], ...], the index standing at one axis: x_strides leave that axis out.
extern "C" __global__ void __launch_bounds__(256) gather_elements(const GatherParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  int64 rest = at, from = 0;
  for (int d = p.rank - 1; d >= 0; --d) {
    from += rest % p.sizes[d] * p.x_strides[d];
    rest /= p.sizes[d];
  }
  int64 index = (int64)load(((const INDEX_TYPE*)p.indices)[at]);
  if (index < 0) index += p.axis_size;
  ELEMENT value = {};
  if (index >= 0 && index < p.axis_size) value = ((const ELEMENT*)p.x)[from + index * p.axis_stride];
  ((ELEMENT*)p.y)[at] = value;
}

// y[b..., i..., k] = x[b..., indices[b..., i..., :], k]: each slice of `inner` elements chosen by a tuple. sizes = batch, picks, inner.
extern "C" __global__ void __launch_bounds__(256) gather_nd(const GatherParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.count) return;
  const int64 inner = at % p.sizes[2], slice = at / p.sizes[2], batch = slice / p.sizes[1];
  int64 from = batch * p.axis_stride + inner;
  bool inside = true;
  for (int d = 0; d < p.tuple; ++d) {
    int64 index = (int64)load(((const INDEX_TYPE*)p.indices)[slice * p.tuple + d]);
    if (index < 0) index += p.tuple_sizes[d];
    inside = inside && index >= 0 && index < p.tuple_sizes[d];
    from += index * p.tuple_strides[d];
  }
  ELEMENT value = {};
  if (inside) value = ((const ELEMENT*)p.x)[from];
  ((ELEMENT*)p.y)[at] = value;
}
