// Fourier transforms of rows in double, a block a row at a time: the sub-sequences of the odd part of the length term by term, then halves
// joined. sizes: 0 the length n, 1 its odd part, 2 rows, 3 elements of x along the axis, 4 elements between neighbours (dft) or frames of a
// signal (stft), 5 elements that are kept, 6 the address of exp(-+2 pi j k / n) for k < n. The workspace: two rows for each block, where they do
// not fit into SHARED elements.
struct Complex {
  double re, im;
};
#define THREADS 256

__device__ __forceinline__ Complex sum_of_product(Complex sum, Complex a, Complex b) {
  return Complex{sum.re + (a.re * b.re - a.im * b.im), sum.im + (a.re * b.im + a.im * b.re)};
}
// From `from`, with `other` for what lies between; gives the one that the transform is in.
__device__ __forceinline__ Complex* transform(Complex* from, Complex* other, int64 n, int64 odd, const Complex* roots) {
  const int64 parts = n / odd;
  for (int64 at = threadIdx.x; at < n; at += THREADS) {
    const int64 part = at / odd, k = at % odd;
    Complex sum = {0, 0};
    for (int64 i = 0; i < odd; ++i) sum = sum_of_product(sum, from[part + i * parts], roots[i * k % odd * parts]);
    other[at] = sum;
  }
  __syncthreads();
  Complex* swapped = from;
  from = other;
  other = swapped;
  for (int64 length = 2 * odd; length <= n; length *= 2) {
    const int64 half = length / 2, count = n / length;
    for (int64 at = threadIdx.x; at < n; at += THREADS) {
      const int64 part = at / length, k = at % length;
      other[at] = sum_of_product(from[part * half + k % half], from[(part + count) * half + k % half], roots[k * count]);
    }
    __syncthreads();
    swapped = from;
    from = other;
    other = swapped;
  }
  return from;
}

// Element i of a row of x, and where element k of its transform goes.
__device__ __forceinline__ Complex element(const CallParameters& p, int64 row, int64 i) {
  const X* x = (const X*)p.inputs[0];
#if STFT
  const int64 step = (int64)load(*(const STEP*)p.inputs[1]), frames = p.sizes[4], place = row % frames * step + i;
  if (place < 0 || place >= p.sizes[3]) return Complex{0, 0};
  const int64 from = (row / frames * p.sizes[3] + place) * PARTS;
  const double factor = load(((const X*)p.inputs[2])[i]);
  return Complex{load(x[from]) * factor, PARTS == 2 ? load(x[from + PARTS - 1]) * factor : 0};
#else
  // The half that is not told mirrors the other one.
  const bool mirrored = MIRRORED && i > p.sizes[0] / 2;
  if (mirrored) i = p.sizes[0] - i;
  if (i >= p.sizes[3]) return Complex{0, 0};
  const int64 from = ((row / p.sizes[4] * p.sizes[3] + i) * p.sizes[4] + row % p.sizes[4]) * PARTS;
  const double imaginary = PARTS == 2 ? load(x[from + PARTS - 1]) : 0;
  return Complex{(double)load(x[from]), mirrored ? -imaginary : imaginary};
#endif
}
__device__ __forceinline__ int64 target(const CallParameters& p, int64 row, int64 k) {
#if STFT
  return (row * p.sizes[5] + k) * KEPT_PARTS;
#else
  return ((row / p.sizes[4] * p.sizes[5] + k) * p.sizes[4] + row % p.sizes[4]) * KEPT_PARTS;
#endif
}

extern "C" __global__ void __launch_bounds__(THREADS) fourier(const CallParameters p) {
  const int64 n = p.sizes[0];
  const Complex* roots = (const Complex*)p.sizes[6];
#if SHARED
  __shared__ Complex first[SHARED], second[SHARED];
#else
  Complex *first = (Complex*)p.workspace + blockIdx.x * 2 * n, *second = first + n;
#endif
  for (int64 row = blockIdx.x; row < p.sizes[2]; row += gridDim.x) {
    for (int64 i = threadIdx.x; i < n; i += THREADS) first[i] = element(p, row, i);
    __syncthreads();
    const Complex* y = transform(first, second, n, p.sizes[1], roots);
    for (int64 k = threadIdx.x; k < p.sizes[5]; k += THREADS) {
      X* to = (X*)p.outputs[0] + target(p, row, k);
      to[0] = store<X>((COMPUTE)(INVERSE ? y[k].re / (double)n : y[k].re));
      if (KEPT_PARTS == 2) to[KEPT_PARTS - 1] = store<X>((COMPUTE)(INVERSE ? y[k].im / (double)n : y[k].im));
    }
    __syncthreads();
  }
}
