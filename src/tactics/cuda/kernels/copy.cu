// Boxes of elements between strided places. ELEMENT is an unsigned type of the element's size; RANK dims are walked.
extern "C" __global__ void __launch_bounds__(256) copy_box(const CopyParameters p) {
  const int64 i = (int64)blockIdx.x * 256 + threadIdx.x;
  if (i >= p.count) return;
  INDEX rest = (INDEX)i;
  int64 from = 0, to = 0;
#pragma unroll
  for (int d = RANK - 1; d > 0; --d) {
    const INDEX size = (INDEX)p.sizes[d], at = rest % size;
    rest /= size;
    from += (int64)at * p.from_strides[d];
    to += (int64)at * p.to_strides[d];
  }
  from += (int64)rest * p.from_strides[0];
  to += (int64)rest * p.to_strides[0];
  ((ELEMENT*)p.to)[to] = ((const ELEMENT*)p.from)[from];
}

extern "C" __global__ void __launch_bounds__(256) fill_box(const CopyParameters p) {
  const int64 i = (int64)blockIdx.x * 256 + threadIdx.x;
  if (i >= p.count) return;
  INDEX rest = (INDEX)i;
  int64 to = 0;
#pragma unroll
  for (int d = RANK - 1; d > 0; --d) {
    const INDEX size = (INDEX)p.sizes[d], at = rest % size;
    rest /= size;
    to += (int64)at * p.to_strides[d];
  }
  to += (int64)rest * p.to_strides[0];
  ((ELEMENT*)p.to)[to] = *(const ELEMENT*)p.fill;
}

// to[outer, c, r] = from[outer, r, c], both dense in their last dim: tiles of 32 x 32 through shared memory. sizes = outer, rows, columns;
// strides of outer, and of rows in `from` and columns in `to`.
extern "C" __global__ void __launch_bounds__(256) transpose_tiles(const CopyParameters p) {
  __shared__ ELEMENT tile[32][33];
  const int64 rows = p.sizes[1], columns = p.sizes[2];
  const int64 row_tiles = (rows + 31) / 32;
  const int64 r0 = (int64)(blockIdx.x % row_tiles) * 32, c0 = (int64)(blockIdx.x / row_tiles) * 32;
  const int x = threadIdx.x % 32, y = threadIdx.x / 32;
  const ELEMENT* from = (const ELEMENT*)p.from + (int64)blockIdx.y * p.from_strides[0];
  ELEMENT* to = (ELEMENT*)p.to + (int64)blockIdx.y * p.to_strides[0];
  for (int r = y; r < 32; r += 8) {
    if (r0 + r < rows && c0 + x < columns) tile[r][x] = from[(r0 + r) * p.from_strides[1] + c0 + x];
  }
  __syncthreads();
  for (int c = y; c < 32; c += 8) {
    if (c0 + c < columns && r0 + x < rows) to[(c0 + c) * p.to_strides[2] + r0 + x] = tile[x][c];
  }
}
