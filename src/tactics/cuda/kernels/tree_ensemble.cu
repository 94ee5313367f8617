// Trees walked for each row and target; see operators/tree_ensemble.h. sizes: 0 rows, 1 features, 2 targets, 3 trees. SUM: 0 sum, 1 average,
// 2 least, 3 largest; TRANSFORM as there. Inputs: 1 nodes, 2 splits, 3 members of sets, 4 roots, 5 where the weights of each leaf begin, and
// the end, 6 targets of the weights, 7 weights, 8 what is added to each target. The workspace has a double for each element of y.
struct Node {
  int relation, feature, on_true, on_false, missing_true, set_begin, set_end;
};

__device__ __forceinline__ bool goes_true(const CallParameters& p, const Node& node, double x, double split) {
  if (node.missing_true && x != x) return true;
  switch (node.relation) {
    case 0: return x <= split;
    case 1: return x < split;
    case 2: return x >= split;
    case 3: return x > split;
    case 4: return x == split;
    case 5: return x != split;
    default: break;
  }
  for (int i = node.set_begin; i < node.set_end; ++i) {
    if (((const double*)p.inputs[3])[i] == x) return true;
  }
  return false;
}

extern "C" __global__ void __launch_bounds__(256) walk_trees(const CallParameters p) {
  const int64 at = (int64)blockIdx.x * 256 + threadIdx.x;
  if (at >= p.sizes[0] * p.sizes[2]) return;
  const X* x = (const X*)p.inputs[0] + at / p.sizes[2] * p.sizes[1];
  const int target = (int)(at % p.sizes[2]);
  const Node* nodes = (const Node*)p.inputs[1];
  const double *splits = (const double*)p.inputs[2], *weights = (const double*)p.inputs[7];
  const int *roots = (const int*)p.inputs[4], *starts = (const int*)p.inputs[5], *targets = (const int*)p.inputs[6];
  double total = 0;
  bool found = false;
  for (int64 tree = 0; tree < p.sizes[3]; ++tree) {
    int place = roots[tree];
    while (place >= 0) {
      const Node node = nodes[place];
      place = goes_true(p, node, (double)load(x[node.feature]), splits[place]) ? node.on_true : node.on_false;
    }
    for (int i = starts[~place]; i < starts[~place + 1]; ++i) {
      if (targets[i] != target) continue;
      const double weight = weights[i];
      if (SUM >= 2)
        total = !found || (SUM == 2 ? weight < total : weight > total) ? weight : total;
      else
        total += weight;
      found = true;
    }
  }
  if (SUM == 1 && p.sizes[3] > 0) total /= (double)p.sizes[3];
  ((double*)p.workspace)[at] = total + ((const double*)p.inputs[8])[target];
}

// The inverse of the error function, by Winitzki's approximation.
__device__ __forceinline__ double inverse_erf(double x) {
  const double logarithm = log((1 - x) * (1 + x)), v = 2 / (3.14159 * 0.147) + 0.5 * logarithm;
  return (x < 0 ? -1.0 : 1.0) * sqrt(-v + sqrt(v * v - logarithm / 0.147));
}

extern "C" __global__ void __launch_bounds__(256) transform_sums(const CallParameters p) {
  const int64 row = (int64)blockIdx.x * 256 + threadIdx.x;
  if (row >= p.sizes[0]) return;
  const double* sums = (const double*)p.workspace + row * p.sizes[2];
  Y* y = (Y*)p.outputs[0] + row * p.sizes[2];
  double most = sums[0], sum = 0;
  if (TRANSFORM == 1 || TRANSFORM == 3) {
    for (int64 t = 1; t < p.sizes[2]; ++t) most = sums[t] > most ? sums[t] : most;
    for (int64 t = 0; t < p.sizes[2]; ++t) sum += TRANSFORM == 3 && fabs(sums[t]) <= 1e-7 ? 0 : exp(sums[t] - most);
  }
  for (int64 t = 0; t < p.sizes[2]; ++t) {
    double x = sums[t];
    if (TRANSFORM == 1 || TRANSFORM == 3) {
      x = TRANSFORM == 3 && fabs(x) <= 1e-7 ? 0 : exp(x - most);
      if (sum > 0) x /= sum;
    } else if (TRANSFORM == 2) {
      x = 1 / (1 + exp(-x));
    } else if (TRANSFORM == 4) {
      x = 1.4142135623730951 * inverse_erf(2 * x - 1);
    }
    y[t] = STORE(x);
  }
}
