// How often n-grams occur; see operators/tfidf.h. A thread counts for one element of y. sizes: 0 rows, 1 numbers of a row, 2 elements of a row
// of y, 3 numbers that may be skipped. MODE: 0 counts, 1 weights, 2 both. Inputs: 1 the pool; 2 of each n-gram, by element of y, where it
// begins in the pool and its length; 3 where the n-grams of each element begin in that list, and the list's end; 4 their weights.
// Of several n-grams that count for one element the first in the list that occurs tells.
extern "C" __global__ void __launch_bounds__(256) tfidf(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.sizes[0] * p.sizes[2]) return;
  const int64 row = at / p.sizes[2], output = at % p.sizes[2], length = p.sizes[1];
  const X* x = (const X*)p.inputs[0] + row * length;
  const int64 *pool = (const int64*)p.inputs[1], *grams = (const int64*)p.inputs[2], *starts = (const int64*)p.inputs[3];
  double value = 0;
  int64 count = 0;
  for (int64 g = starts[output]; g < starts[output + 1] && count == 0; ++g) {
    const int64 *gram = pool + grams[2 * g], n = grams[2 * g + 1];
    for (int64 gap = 1; gap <= (n == 1 ? 1 : p.sizes[3] + 1); ++gap) {
      for (int64 start = 0; start + gap * (n - 1) < length; ++start) {
        int64 equal = 0;
        while (equal < n && (int64)load(x[start + equal * gap]) == gram[equal]) ++equal;
        count += equal == n;
      }
    }
    if (count > 0) value = (MODE == 0 ? 1 : ((const double*)p.inputs[4])[g]) * (MODE == 1 ? 1 : (double)count);
  }
  ((float*)p.outputs[0])[at] = (float)value;
}
