// Classes drawn with the probabilities softmax(x), a block a row: each thread adds up a part of the row, and a random number falls into one of
// the parts. sizes: 0 classes, 1 draws, 2 the seed.
extern "C" __global__ void __launch_bounds__(256) multinomial(const CallParameters p) {
  __shared__ double parts[256];
  const int64 classes = p.sizes[0], row = blockIdx.x, each = (classes + 255) / 256;
  const int thread = threadIdx.x;
  const X* x = (const X*)p.inputs[0] + row * classes;
  const int64 begin = min(each * thread, classes), end = min(begin + each, classes);
  double most = as_float(0xff800000u), sum = 0;
  for (int64 k = begin; k < end; ++k) {
    const double value = (double)load(x[k]);
    most = most < value ? value : most;
  }
  parts[thread] = most;
  __syncthreads();
  for (int t = 0; t < 256; ++t) most = most < parts[t] ? parts[t] : most;
  __syncthreads();
  for (int64 k = begin; k < end; ++k) sum += exp((double)load(x[k]) - most);
  parts[thread] = sum;
  __syncthreads();
  if (thread == 0) {
    for (int t = 1; t < 256; ++t) parts[t] += parts[t - 1];
  }
  __syncthreads();
  for (int64 i = thread; i < p.sizes[1]; i += 256) {
    double left = uniform((uint64)p.sizes[2], (uint64)(row * p.sizes[1] + i)) * parts[255];
    int part = 0;
    while (part < 255 && parts[part] <= left) ++part;
    if (part > 0) left -= parts[part - 1];
    int64 chosen = min(part * each, classes - 1);
    while (chosen + 1 < classes && (left -= exp((double)load(x[chosen]) - most)) >= 0) ++chosen;
    ((Y*)p.outputs[0])[row * p.sizes[1] + i] = store<Y>((COMPUTE)chosen);
  }
}
