// A block a matrix: Gaussian elimination in double with the largest pivot of each column, in the workspace. sizes: 0 rows of a matrix.
extern "C" __global__ void __launch_bounds__(256) determinant(const CallParameters p) {
  __shared__ double sizes[256], product;
  __shared__ int rows[256], pivot;
  const int n = (int)p.sizes[0], thread = threadIdx.x;
  const int64 elements = (int64)n * n;
  const X* x = (const X*)p.inputs[0] + blockIdx.x * elements;
  double* m = (double*)p.workspace + blockIdx.x * elements;
  for (int64 i = thread; i < elements; i += 256) m[i] = load(x[i]);
  if (thread == 0) product = 1;
  __syncthreads();
  for (int k = 0; k < n; ++k) {
    double size = -1;
    int row = k;
    for (int i = k + thread; i < n; i += 256) {
      const double own = fabs(m[(int64)i * n + k]);
      if (own > size) size = own, row = i;
    }
    sizes[thread] = size;
    rows[thread] = row;
    __syncthreads();
    if (thread == 0) {
      for (int t = 1; t < 256; ++t) {
        if (sizes[t] > size || (sizes[t] == size && rows[t] < row)) size = sizes[t], row = rows[t];
      }
      pivot = row;
      const double value = m[(int64)row * n + k];
      product = value == 0 ? 0 : row != k ? -product * value : product * value;
    }
    __syncthreads();
    if (m[(int64)pivot * n + k] == 0) break;
    __syncthreads();
    for (int j = k + thread; j < n && pivot != k; j += 256) {
      const double upper = m[(int64)k * n + j];
      m[(int64)k * n + j] = m[(int64)pivot * n + j];
      m[(int64)pivot * n + j] = upper;
    }
    __syncthreads();
    const int64 left = n - 1 - k;
    for (int64 at = thread; at < left * left; at += 256) {
      const int64 i = k + 1 + at / left, j = k + 1 + at % left;
      m[i * n + j] -= m[i * n + k] / m[(int64)k * n + k] * m[(int64)k * n + j];
    }
    __syncthreads();
  }
  if (thread == 0) ((X*)p.outputs[0])[blockIdx.x] = store<X>((COMPUTE)product);
}
