// y = finish(a * b^T) by the matrix units of sm_90a: a [rows, depth] and b [columns, depth] come through tensor maps of boxes of 64 deep,
// zeros behind their ends. A block makes tiles of y as long as there are any, with three warp groups: one orders the copies of the next
// steps into a ring of STAGES; two multiply, GROUP_ROWS x COLUMNS each. TOGETHER: they make a tile of 2 * GROUP_ROWS rows. Else each has
// its own tiles in turn, so that one finishes its tile while the other multiplies. CLUSTER_ROWS x CLUSTER_COLUMNS blocks make neighbouring
// tiles and share what they read. A is the storage type of both operands; columns are a multiple of 32.
// Rows of b are ordered within each 32: row 8 * j + 2 * t + e is column 8 * t + 2 * j + e, so that a thread's sums are 8 neighbours.
constexpr int kStep = 64;                                           // deep: 128 bytes, a row of the swizzle
constexpr int kHalves = GROUP_ROWS / 64, kLines = 2 * kHalves;      // of a group's rows: what a product takes, and rows of a thread
constexpr int kParts = COLUMNS / 32;
constexpr int kRows = TOGETHER ? 2 * GROUP_ROWS : GROUP_ROWS;       // of a tile
constexpr int kBytesA = kRows * kStep * 2, kStage = kBytesA + COLUMNS * kStep * 2;
constexpr bool kFew = kHalves * COLUMNS / 2 <= 128;                 // sums of a thread
constexpr int kBlocks = CLUSTER_ROWS * CLUSTER_COLUMNS, kReached = CLUSTER_ROWS + CLUSTER_COLUMNS - 1;

#if HAS_WARP_GROUPS
// Eight neighbours as the words that they are read as: apart they would take a register each.
template <class T> using Words = Pack<uint32, sizeof(T) * 2>;
template <class T> __device__ __forceinline__ Words<T> words_at(const void* base, int64 element, bool inside) {
  Words<T> words = {};
  if (inside) words = *(const Words<T>*)((const T*)base + element);
  return words;
}
template <class T> __device__ __forceinline__ float number_of(const Words<T>& words, int j) { return load(T{(uint16)(words.items[j / 2] >> (j % 2 * 16))}); }
template <> __device__ __forceinline__ float number_of<float>(const Words<float>& words, int j) { return as_float(words.items[j]); }

extern "C" __global__ void __cluster_dims__(kBlocks, 1, 1) __launch_bounds__(384, 1)
    product_wgmma(const __grid_constant__ TensorMap map_a, const __grid_constant__ TensorMap map_b, const ProductParameters p) {
  __shared__ Barrier full[STAGES], empty[STAGES], turns[2];
#ifdef INGOT_EMULATED
  alignas(1024) static char ring[STAGES * kStage];
#else
  extern __shared__ char dynamic_shared[];
  char* const ring = dynamic_shared + (1024 - ((uint32)__cvta_generic_to_shared(dynamic_shared) & 1023)) % 1024;
#endif
  const int thread = (int)threadIdx.x, group = thread / 128;
  const int rank = (int)blockIdx.x % kBlocks, in_row = rank / CLUSTER_COLUMNS, in_column = rank % CLUSTER_COLUMNS;
  if (thread == 0) {
    for (int stage = 0; stage < STAGES; ++stage) {
      init_barrier(full + stage, 1);
      init_barrier(empty + stage, (TOGETHER ? 8 : 4) * kReached);  // warps that read it, of all blocks that this one copies to
    }
    for (int i = 0; i < 2; ++i) init_barrier(turns + i, 4);
    publish_barriers();
  }
  meet_blocks<kBlocks>();
  const int rows = (int)p.rows, columns = (int)p.columns;
  const int across = ((columns + COLUMNS - 1) / COLUMNS + CLUSTER_COLUMNS - 1) / CLUSTER_COLUMNS;
  const int patches = ((rows + kRows - 1) / kRows + CLUSTER_ROWS - 1) / CLUSTER_ROWS * across;  // of a cluster's tiles
  const int first = (int)blockIdx.x / kBlocks, stride = (int)gridDim.x / kBlocks;
  const int steps = ((int)p.depth + kStep - 1) / kStep;
  if (group == 0) {
    fewer_registers();
    if (thread < 32) {
      uint32 position = 0;
      for (int patch = first; patch < patches; patch += stride) {
        const int row0 = (patch / across * CLUSTER_ROWS + in_row) * kRows;
        const int column0 = (patch % across * CLUSTER_COLUMNS + in_column) * COLUMNS;
        for (int step = 0; step < steps; ++step, ++position) {
          const int stage = (int)(position % STAGES);
          wait_barrier(empty + stage, (position / STAGES & 1) ^ 1);
          if (thread == 0) {
            char* const to = ring + stage * kStage;
            expect_bytes(full + stage, kStage);
            // A part of each operand, to all blocks that need it.
            constexpr int kPartA = kRows / CLUSTER_COLUMNS, kPartB = COLUMNS / CLUSTER_ROWS;
            uint16 below = 0;
            for (int i = 0; i < CLUSTER_ROWS; ++i) below |= (uint16)(1 << (i * CLUSTER_COLUMNS + in_column));
            const auto beside = (uint16)(((1 << CLUSTER_COLUMNS) - 1) << (in_row * CLUSTER_COLUMNS));
            copy_box<(CLUSTER_COLUMNS > 1)>(to + in_column * kPartA * 128, &map_a, step * kStep, row0 + in_column * kPartA, full + stage, beside);
            copy_box<(CLUSTER_ROWS > 1)>(to + kBytesA + in_row * kPartB * 128, &map_b, step * kStep, column0 + in_row * kPartB, full + stage, below);
          }
          reconverge();
        }
      }
    }
  } else {
    more_registers();
    const int warp = thread / 32 % 4, lane = thread % 32;
    const auto release = [&](int stage) {
      if (lane != 0) return;
      for (int i = 0; i < CLUSTER_ROWS; ++i) arrive_at<kBlocks>(empty + stage, i * CLUSTER_COLUMNS + in_column);
      for (int i = 0; i < CLUSTER_COLUMNS; ++i) {
        if (i != in_column) arrive_at<kBlocks>(empty + stage, in_row * CLUSTER_COLUMNS + i);
      }
    };
    const int turn = TOGETHER ? 0 : group - 1, of = TOGETHER ? 1 : 2, part_of_tile = TOGETHER ? group - 1 : 0;
    uint32 position = (uint32)(turn * steps), tile = 0;
    for (int patch = first + turn * stride; patch < patches; patch += of * stride, position += (uint32)((of - 1) * steps), ++tile) {
      const int row0 = (patch / across * CLUSTER_ROWS + in_row) * kRows + part_of_tile * GROUP_ROWS + warp * 16 + lane / 4;
      const int column0 = (patch % across * CLUSTER_COLUMNS + in_column) * COLUMNS + lane % 4 * 8;
      float sums[kHalves][COLUMNS / 2];
      int before = 0;
      // The phases of the ring are told apart by one bit: the other group has seen all that are not this tile's.
      if (!TOGETHER) wait_barrier(turns + turn, (tile + turn + 1) & 1);
      for (int step = 0; step < steps; ++step, ++position) {
        const int stage = (int)(position % STAGES);
        wait_barrier(full + stage, position / STAGES & 1);
        const char *const stage_at = ring + stage * kStage, *const a = stage_at + part_of_tile * GROUP_ROWS * 128, *const b = stage_at + kBytesA;
        begin_products();
#pragma unroll
        for (int k = 0; k < kStep / 16; ++k) {
#pragma unroll
          for (int half = 0; half < kHalves; ++half) multiply_group<A>(sums[half], a + half * 64 * 128, b, k, step + k > 0);
        }
        commit_products();
        if (step > 0) {
          wait_products<1>();
          release(before);
        }
        before = stage;
      }
      if (!TOGETHER && lane == 0) arrive_at<1>(turns + 1 - turn, 0);
      // What sums meet is read before they are there, as far as registers reach.
#if HAS_BIAS
      Words<BIAS> biases[kParts];
      if (kFew) {
#pragma unroll
        for (int part = 0; part < kParts; ++part) biases[part] = words_at<BIAS>(p.bias, column0 + part * 32, column0 + part * 32 < columns);
      }
#endif
#if HAS_RESIDUAL
      constexpr int kFit = 32 / (kLines * (int)sizeof(RESIDUAL) * 2), kAhead = kFew ? (kFit < kParts ? kFit : kParts) : 1;
      Words<RESIDUAL> residuals[kAhead][kLines];
      const auto read_residuals = [&](int first_part) {
#pragma unroll
        for (int i = 0; i < kAhead * kLines; ++i) {
          const int row = row0 + i % kLines / 2 * 64 + i % 2 * 8, column = column0 + (first_part + i / kLines) * 32;
          residuals[i / kLines][i % kLines] = words_at<RESIDUAL>(p.residual, (int64)row * (int)p.residual_row + column, row < rows && column < columns);
        }
      };
      read_residuals(0);
#endif
      wait_products<0>();
      release(before);
#pragma unroll
      for (int half = 0; half < kHalves; ++half) settle(sums[half]);
#pragma unroll
      for (int part = 0; part < kParts; ++part) {
        const int column = column0 + part * 32;
#if HAS_BIAS
        if (!kFew) biases[part] = words_at<BIAS>(p.bias, column, column < columns);
#endif
#if HAS_RESIDUAL
        if (part > 0 && part % kAhead == 0) read_residuals(part);
#endif
#pragma unroll
        for (int m = 0; m < kLines; ++m) {
          const int row = row0 + m / 2 * 64 + m % 2 * 8;
          Pack<output_t, 8> y;
#pragma unroll
          for (int j = 0; j < 8; ++j) {
            float bias = 0, residual = 0;
#if HAS_BIAS
            bias = number_of<BIAS>(biases[part], j);
#endif
#if HAS_RESIDUAL
            residual = number_of<RESIDUAL>(residuals[part % kAhead][m], j);
#endif
            y.items[j] = finish(sums[m / 2][(part * 4 + j / 2) * 4 + m % 2 * 2 + j % 2], 1.0f, bias, residual, p.residual_scale, p.output_scale);
          }
          if (row < rows && column < columns) *(Pack<output_t, 8>*)((output_t*)p.y + (int64)row * (int)p.y_row + column) = y;
        }
      }
    }
  }
  meet_blocks<kBlocks>();  // a block that ends early would take its barriers along
}
#else
extern "C" __global__ void product_wgmma(const TensorMap, const TensorMap, const ProductParameters) {}
#endif
