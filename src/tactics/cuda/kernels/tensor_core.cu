// Products on tensor cores (sm_80 and up) of half_t and bf16_t, and what feeds them: 8 x 8 matrices from shared memory, and copies into it
// that run beside the threads. Older GPUs compile the kernels that use this to nothing; their tactics decline there.
#if defined(INGOT_EMULATED) || (defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800)
#define HAS_TENSOR_CORES 1

// Two neighbours as they lie in memory.
template <class T> __device__ __forceinline__ uint32 pair_of(float first, float second) {
  const T a = store<T>(first), b = store<T>(second);
  return (uint32)a.bits | (uint32)b.bits << 16;
}
template <> __device__ __forceinline__ uint32 pair_of<half_t>(float first, float second) {
#ifdef INGOT_EMULATED
  return (uint32)store<half_t>(first).bits | (uint32)store<half_t>(second).bits << 16;
#else
  uint32 both;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(second), "f"(first));
  return both;
#endif
}

// c += a * b: a of 16 rows and 16 deep, b of 8 columns. With g = lane / 4 and t = lane % 4 * 2 a lane holds of a the rows g (even registers)
// and g + 8 (odd ones), depths t and t + 1 (the first two) and t + 8 and t + 9; of b the same depths of column g; of c columns t and t + 1
// of row g, then those of row g + 8.
template <class T> __device__ __forceinline__ void multiply(float (&c)[4], const uint32 (&a)[4], uint32 b0, uint32 b1) {
#ifdef INGOT_EMULATED
  static uint32 held[64][32][6];
  const int warp = (int)threadIdx.x / 32, lane = (int)threadIdx.x % 32;
  for (int i = 0; i < 4; ++i) held[warp][lane][i] = a[i];
  held[warp][lane][4] = b0;
  held[warp][lane][5] = b1;
  __syncwarp();
  const auto part = [&](int of, int index, int depth) {
    return load(T{(uint16)(held[warp][of][index] >> (depth % 2 * 16))});
  };
  for (int i = 0; i < 4; ++i) {
    const int column = lane % 4 * 2 + i % 2;
    for (int k = 0; k < 16; ++k)
      c[i] += part(lane / 4 * 4 + k % 8 / 2, k / 8 * 2 + i / 2, k) * part(column * 4 + k % 8 / 2, 4 + k / 8, k);
  }
  __syncwarp();
#else
  if (IsHalf<T>::value)
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  else
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#endif
}

// Four matrices of 8 x 8; lane l says where row l % 8 of matrix l / 8 lies, and gets of each the elements 2 * (l % 4) and the next of row
// l / 4. Transposed: rows 2 * (l % 4) and the next of column l / 4.
template <bool TRANSPOSED> __device__ __forceinline__ void load_matrices(uint32 (&to)[4], const void* row) {
#ifdef INGOT_EMULATED
  static const uint16* rows[64][32];
  const int warp = (int)threadIdx.x / 32, lane = (int)threadIdx.x % 32, t = lane % 4 * 2, g = lane / 4;
  rows[warp][lane] = (const uint16*)row;
  __syncwarp();
  for (int i = 0; i < 4; ++i) {
    const uint16* const* own = rows[warp] + i * 8;
    to[i] = TRANSPOSED ? own[t][g] | (uint32)own[t + 1][g] << 16 : own[g][t] | (uint32)own[g][t + 1] << 16;
  }
  __syncwarp();
#else
  const uint32 at = (uint32)__cvta_generic_to_shared(row);
  if (TRANSPOSED)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3]) : "r"(at) : "memory");
  else
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3]) : "r"(at) : "memory");
#endif
}

// 16 bytes from global to shared memory, zeros where `inside` is false; they are there once wait_copies says so.
__device__ __forceinline__ void copy_16(void* shared, const void* from, bool inside) {
#ifdef INGOT_EMULATED
  for (int i = 0; i < 2; ++i) ((uint64*)shared)[i] = inside ? ((const uint64*)from)[i] : 0;
#else
  const uint32 to = (uint32)__cvta_generic_to_shared(shared);
  const int bytes = inside ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" : : "r"(to), "l"(from), "r"(bytes) : "memory");
#endif
}
__device__ __forceinline__ void commit_copies() {
#ifndef INGOT_EMULATED
  asm volatile("cp.async.commit_group;" : : : "memory");
#endif
}
// All but the last N committed groups of this thread's copies are done.
template <int N> __device__ __forceinline__ void wait_copies() {
#ifndef INGOT_EMULATED
  asm volatile("cp.async.wait_group %0;" : : "n"(N) : "memory");
#endif
}
#else
#define HAS_TENSOR_CORES 0
#endif
