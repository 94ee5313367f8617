// Probabilities of classes from those of their pairs; see operators/pairwise_probabilities.h. A thread works on a row. sizes: 0 rows, 1 classes.
// The workspace has for each row the diagonal of q, the probabilities and the slopes.
__device__ __forceinline__ double pair(const X* r, int64 i, int64 j, int64 classes) {
  const double value = (double)load(r[i * (2 * classes - i - 1) / 2 + j - i - 1]);
  return value < 1e-7 ? 1e-7 : value > 1 - 1e-7 ? 1 - 1e-7 : value;
}
// q[t, j] of two classes that differ.
__device__ __forceinline__ double coupled(const X* r, int64 t, int64 j, int64 classes) {
  const double mine = t < j ? pair(r, t, j, classes) : pair(r, j, t, classes);
  return -(1 - mine) * mine;
}

extern "C" __global__ void __launch_bounds__(64) couple_pairs(const CallParameters p) {
  const int64 row = (int64)blockIdx.x * 64 + threadIdx.x, classes = p.sizes[1];
  if (row >= p.sizes[0]) return;
  const X* r = (const X*)p.inputs[0] + row * (classes * (classes - 1) / 2);
  double *own = (double*)p.workspace + row * 3 * classes, *found = own + classes, *slope = found + classes;
  for (int64 t = 0; t < classes; ++t) {
    double sum = 0;
    for (int64 j = 0; j < classes; ++j) {
      if (j == t) continue;
      const double other = j < t ? pair(r, j, t, classes) : 1 - pair(r, t, j, classes);
      sum += other * other;
    }
    own[t] = sum;
    found[t] = 1.0 / (double)classes;
  }
  const double enough = 0.005 / (double)classes;
  const int64 rounds = classes > 100 ? classes : 100;
  for (int64 round = 0; round < rounds; ++round) {
    double value = 0, farthest = 0;
    for (int64 t = 0; t < classes; ++t) {
      double sum = 0;
      for (int64 j = 0; j < classes; ++j) sum += (j == t ? own[t] : coupled(r, t, j, classes)) * found[j];
      slope[t] = sum;
      value += found[t] * sum;
    }
    for (int64 t = 0; t < classes; ++t) farthest = fabs(slope[t] - value) > farthest ? fabs(slope[t] - value) : farthest;
    if (farthest < enough) break;
    for (int64 t = 0; t < classes; ++t) {
      const double step = (value - slope[t]) / own[t], scale = 1 / (1 + step);
      found[t] += step;
      value = (value + step * (step * own[t] + 2 * slope[t])) * scale * scale;
      for (int64 j = 0; j < classes; ++j) {
        slope[j] = (slope[j] + step * (j == t ? own[t] : coupled(r, t, j, classes))) * scale;
        found[j] *= scale;
      }
    }
  }
  for (int64 t = 0; t < classes; ++t) ((X*)p.outputs[0])[row * classes + t] = store<X>((COMPUTE)found[t]);
}
