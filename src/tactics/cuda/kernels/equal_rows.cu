// Whether work gives equal rows of a tensor equal results: rows are filled alike before it, and compared behind it.
// X is an element as it is stored, WORD the bits that are compared at once; the values are spread over -1 to 1, those of bytes over -100 to 100.
extern "C" __global__ void __launch_bounds__(256) fill_rows(X* to, const int64 rows, const int64 length, const uint32 seed) {
  const int64 stride = (int64)gridDim.x * 256;
  for (int64 i = (int64)blockIdx.x * 256 + threadIdx.x; i < rows * length; i += stride) {
    uint32 bits = (uint32)(i % length) * 2654435761u + seed;
    bits = (bits ^ bits >> 15) * 2246822519u;
    bits = (bits ^ bits >> 13) * 3266489917u;
    to[i] = store<X>(((float)(int)(bits >> 8) * 1.1920929e-7f - 1.0f) * (sizeof(X) == 1 ? 100.0f : 1.0f));
  }
}

// Sets *differs where a word of a row is another than that of the first row. `words` are those of a row.
extern "C" __global__ void __launch_bounds__(256) compare_rows(const WORD* y, const int64 rows, const int64 words, uint32* differs) {
  const int64 stride = (int64)gridDim.x * 256;
  bool found = false;
  for (int64 i = (int64)blockIdx.x * 256 + threadIdx.x; i < rows * words; i += stride) found |= y[i] != y[i % words];
  if (found) *differs = 1;
}
