// y = finish(a * b^T) on tensor cores: a [rows, depth] and b [columns, depth], both dense along the depth; rows lie a_row and y_row apart. A
// block makes ROWS x COLUMNS of y, a warp WARP_ROWS x WARP_COLUMNS, STEP deep at a time with STAGES steps on their way. A is the storage
// type of both; depth and columns are multiples of 8.
// WINDOWS: rows of a are windows of an image instead, TAP_LINES lines of LINE elements; where ALIGNED, 8 of them that are read together lie
// on 16 bytes, inside the image or outside.
constexpr int kThreads = (ROWS / WARP_ROWS) * (COLUMNS / WARP_COLUMNS) * 32;
#if HAS_TENSOR_CORES
constexpr int kParts = STEP / 8;  // 16 bytes each, of a row of a step; a thread has the same part of all its rows
static_assert(kThreads % kParts == 0, "");
constexpr int kStage = (ROWS + COLUMNS) * kParts;
// Where part `part` of row `row` lies: 8 rows that are read together lie in different banks.
__device__ __forceinline__ int place(int row, int part) {
  return row * kParts + (kParts == 8 ? part ^ (row & 7) : part ^ ((row >> 1) & 3));
}
#endif

#if WINDOWS
#define WINDOW_ROWS , const WindowRows windows
#else
#define WINDOW_ROWS
#endif

extern "C" __global__ void __launch_bounds__(kThreads) product_mma(const ProductParameters p WINDOW_ROWS) {
#if HAS_TENSOR_CORES
  // What the warps write their sums through afterwards takes no more than the stages.
  constexpr int kResults = ROWS / WARP_ROWS * (COLUMNS / WARP_COLUMNS) * 16 * (WARP_COLUMNS + 4) / 4;
  __shared__ Pack<A, 8> stages[STAGES * kStage > kResults ? STAGES * kStage : kResults];
  const int thread = (int)threadIdx.x, warp = thread / 32, lane = thread % 32;
  // Blocks of the same rows are neighbours: they read them at the same time.
  const int64 column_tiles = (p.columns + COLUMNS - 1) / COLUMNS;
  const int64 row0 = (int64)blockIdx.x / column_tiles * ROWS, column0 = (int64)blockIdx.x % column_tiles * COLUMNS;
  const int warp_row = warp / (COLUMNS / WARP_COLUMNS) * WARP_ROWS, warp_column = warp % (COLUMNS / WARP_COLUMNS) * WARP_COLUMNS;
  const A* a = (const A*)p.a;
  const A* b = (const A*)p.b;
  const int steps = (int)((p.depth + STEP - 1) / STEP);

  constexpr int kLoads = (ROWS * kParts + kThreads - 1) / kThreads;  // of a in a step, by a thread
#if WINDOWS
  int first_line[kLoads], first_element[kLoads];
  int64 image[kLoads];
#pragma unroll
  for (int i = 0; i < kLoads; ++i) {
    const int64 row = row0 + (i * kThreads + thread) / kParts;
    const int pixels = windows.output[0] * windows.output[1], pixel = (int)(row % pixels);
    // No line of a row behind the last is inside.
    first_line[i] = row < p.rows ? pixel / windows.output[1] * windows.stride[0] - windows.pad[0] : -(1 << 30);
    first_element[i] = pixel % windows.output[1] * windows.stride[1] - windows.pad[1];
    image[i] = row < p.rows ? row / pixels * windows.image : 0;
  }
  // Element k of a window.
  const auto element = [&](int i, int k, bool* inside) {
    const int line = first_line[i] + k / LINE * windows.dilation, at = first_element[i] + k % LINE;
    *inside = k < TAP_LINES * LINE && line >= 0 && line < windows.height && at >= 0 && at < windows.line;
    return a + (*inside ? image[i] + (int64)line * windows.line + at : 0);
  };
#endif
#if WINDOWS && !ALIGNED
  Pack<A, 8> fetched[kLoads];
  const auto fetch = [&](int step) {
#pragma unroll
    for (int i = 0; i < kLoads; ++i) {
#pragma unroll
      for (int j = 0; j < 8; ++j) {
        bool inside;
        const A* from = element(i, step * STEP + thread % kParts * 8 + j, &inside);
        fetched[i].items[j] = inside ? *from : A{0};
      }
    }
  };
  const auto put = [&](int step) {
#pragma unroll
    for (int i = 0; i < kLoads; ++i) {
      const int at = i * kThreads + thread;
      if (ROWS * kParts % kThreads != 0 && at >= ROWS * kParts) break;
      stages[step % STAGES * kStage + place(at / kParts, at % kParts)] = fetched[i];
    }
  };
#endif

  const auto load_step = [&](int step) {
    Pack<A, 8>* stage = stages + step % STAGES * kStage;
    const int64 k0 = (int64)step * STEP;
#if !WINDOWS || ALIGNED
#pragma unroll
    for (int i = 0; i < kLoads; ++i) {
      const int at = i * kThreads + thread, row = at / kParts, part = at % kParts;
      if (ROWS * kParts % kThreads != 0 && at >= ROWS * kParts) break;
#if WINDOWS
      bool inside;
      const A* from = element(i, step * STEP + thread % kParts * 8, &inside);
#else
      const bool inside = row0 + row < p.rows && k0 + part * 8 < p.depth;
      const A* from = inside ? a + (row0 + row) * p.a_row + k0 + part * 8 : a;
#endif
      copy_16(stage + place(row, part), from, inside);
    }
#endif
#pragma unroll
    for (int i = 0; i < (COLUMNS * kParts + kThreads - 1) / kThreads; ++i) {
      const int at = i * kThreads + thread, column = at / kParts, part = at % kParts;
      if (COLUMNS * kParts % kThreads != 0 && at >= COLUMNS * kParts) break;
      const bool inside = column0 + column < p.columns && k0 + part * 8 < p.depth;
      copy_16(stage + ROWS * kParts + place(column, part), inside ? b + (column0 + column) * p.depth + k0 + part * 8 : b, inside);
    }
  };
#pragma unroll
  for (int step = 0; step < STAGES - 1; ++step) {
    if (step < steps) {
#if WINDOWS && !ALIGNED
      fetch(step);
      put(step);
#endif
      load_step(step);
    }
    commit_copies();
  }
  float sums[WARP_ROWS / 16][WARP_COLUMNS / 8][4] = {};
  for (int step = 0; step < steps; ++step) {
    wait_copies<STAGES - 2>();
    __syncthreads();
    if (step + STAGES - 1 < steps) {
#if WINDOWS && !ALIGNED
      fetch(step + STAGES - 1);  // on its way while this step is multiplied
#endif
      load_step(step + STAGES - 1);
    }
    commit_copies();
    const Pack<A, 8>* a_tile = stages + step % STAGES * kStage;
    const Pack<A, 8>* b_tile = a_tile + ROWS * kParts;
#pragma unroll
    for (int k = 0; k < STEP / 16; ++k) {
      uint32 x[WARP_ROWS / 16][4], w[WARP_COLUMNS / 16][4];
#pragma unroll
      for (int m = 0; m < WARP_ROWS / 16; ++m)
        load_matrices<false>(x[m], a_tile + place(warp_row + m * 16 + lane % 16, k * 2 + lane / 16));
#pragma unroll
      for (int n = 0; n < WARP_COLUMNS / 16; ++n)
        load_matrices<false>(w[n], b_tile + place(warp_column + n * 16 + lane / 16 * 8 + lane % 8, k * 2 + lane / 8 % 2));
#pragma unroll
      for (int m = 0; m < WARP_ROWS / 16; ++m) {
#pragma unroll
        for (int n = 0; n < WARP_COLUMNS / 8; ++n) multiply<A>(sums[m][n], x[m], w[n / 2][n % 2 * 2], w[n / 2][n % 2 * 2 + 1]);
      }
    }
#if WINDOWS && !ALIGNED
    if (step + STAGES - 1 < steps) put(step + STAGES - 1);
#endif
  }
  wait_copies<0>();
  __syncthreads();
  // 16 rows of a warp at a time, so that a thread finishes 8 neighbours and reads and writes them at once.
  float* results = (float*)stages + warp * 16 * (WARP_COLUMNS + 4);
#pragma unroll
  for (int m = 0; m < WARP_ROWS / 16; ++m) {
#pragma unroll
    for (int n = 0; n < WARP_COLUMNS / 8; ++n) {
#pragma unroll
      for (int i = 0; i < 4; ++i)
        results[(lane / 4 + i / 2 * 8) * (WARP_COLUMNS + 4) + n * 8 + lane % 4 * 2 + i % 2] = sums[m][n][i];
    }
    __syncwarp();
    for (int i = lane; i < 16 * (WARP_COLUMNS / 8); i += 32) {
      const int64 row = row0 + warp_row + m * 16 + i / (WARP_COLUMNS / 8);
      const int in_tile = i % (WARP_COLUMNS / 8) * 8;
      const int64 column = column0 + warp_column + in_tile;
      if (row >= p.rows || column >= p.columns) continue;
      const Pack<float, 4>* own = (const Pack<float, 4>*)(results + i / (WARP_COLUMNS / 8) * (WARP_COLUMNS + 4) + in_tile);
      const Pack<float, 4> halves[2] = {own[0], own[1]};
#if HAS_BIAS
      const Pack<BIAS, 8> biases = *(const Pack<BIAS, 8>*)((const BIAS*)p.bias + column);
#endif
#if HAS_RESIDUAL
      const Pack<RESIDUAL, 8> residuals = *(const Pack<RESIDUAL, 8>*)((const RESIDUAL*)p.residual + row * p.residual_row + column);
#endif
      Pack<output_t, 8> y;
#pragma unroll
      for (int j = 0; j < 8; ++j) {
        float bias = 0, residual = 0;
#if HAS_BIAS
        bias = (float)load(biases.items[j]);
#endif
#if HAS_RESIDUAL
        residual = (float)load(residuals.items[j]);
#endif
        y.items[j] = finish(halves[j / 4].items[j % 4], 1.0f, bias, residual, p.residual_scale, p.output_scale);
      }
      *(Pack<output_t, 8>*)((output_t*)p.y + row * p.y_row + column) = y;
    }
    __syncwarp();
  }
#endif
}
