// Products by warp groups (wgmma, sm_90a) of half_t and bf16_t, and what feeds them: boxes that tensor maps describe, copied by the memory
// engine to the shared memory of one or more blocks of a cluster, and barriers in it that count bytes. GPUs of other kinds compile the
// kernels that use this to nothing; their tactics decline there.
struct alignas(64) TensorMap { uint64 words[16]; };  // opaque, made by the driver

#if defined(INGOT_EMULATED) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define HAS_WARP_GROUPS 1

#ifdef INGOT_EMULATED
#define __cluster_dims__(...)
#define __grid_constant__
struct Barrier {
  int arrivals, waited_for;
  int64 bytes;
  uint32 phase;
  void settle() {
    if (waited_for > 0 || bytes != 0) return;
    waited_for = arrivals;
    ++phase;
  }
};
// As the emulated driver writes it: where the matrix lies, its depth and rows, bytes from row to row, and the rows of a box of 64 deep.
struct EmulatedMap { uint64 address, depth, rows, stride, box_rows; };

inline void init_barrier(Barrier* barrier, int arrivals) { *barrier = Barrier{arrivals, arrivals, 0, 0}; }
inline void publish_barriers() {}
template <int BLOCKS> inline void meet_blocks() {
  static_assert(BLOCKS == 1, "clusters are not emulated");
  __syncthreads();
}
inline void expect_bytes(Barrier* barrier, int bytes) {
  barrier->bytes += bytes;
  --barrier->waited_for;
  barrier->settle();
}
template <int BLOCKS> inline void arrive_at(Barrier* barrier, int) {
  --barrier->waited_for;
  barrier->settle();
}
inline void wait_barrier(Barrier* barrier, uint32 parity) {
  while ((barrier->phase & 1) == parity) emulated::wait(emulated::kReady);
}
template <bool SHARED> inline void copy_box(void* to, const TensorMap* map, int depth, int row, Barrier* barrier, uint16) {
  static_assert(!SHARED, "clusters are not emulated");
  const EmulatedMap& m = *(const EmulatedMap*)map;
  for (uint64 r = 0; r < m.box_rows; ++r) {
    for (int k = 0; k < 64; ++k) {
      const bool inside = row + r < m.rows && (uint64)(depth + k) < m.depth;
      ((uint16*)to)[r * 64 + ((k / 8) ^ (r & 7)) * 8 + k % 8] = inside ? *(const uint16*)(m.address + (row + r) * m.stride + (depth + k) * 2) : 0;
    }
  }
  barrier->bytes -= (int64)m.box_rows * 128;
  barrier->settle();
}
inline void reconverge() {}
inline void fewer_registers() {}
inline void more_registers() {}
inline void begin_products() {}
inline void commit_products() {}
template <int N> inline void wait_products() {}
template <int N> inline void settle(float (&)[N]) {}
template <class T, int N> inline void multiply_group(float (&c)[N], const char* a, const char* b, int k, bool adds) {
  const int row0 = (int)threadIdx.x % 128 / 32 * 16 + (int)threadIdx.x % 32 / 4, column0 = (int)threadIdx.x % 4 * 2;
  const auto at = [&](const char* tile, int row, int depth) {
    return load(((const T*)tile)[row * 64 + ((k * 2 + depth / 8) ^ (row & 7)) * 8 + depth % 8]);
  };
  for (int i = 0; i < N; ++i) {
    float sum = adds ? c[i] : 0;
    for (int depth = 0; depth < 16; ++depth) sum += at(a, row0 + i / 2 % 2 * 8, depth) * at(b, i / 4 * 8 + column0 + i % 2, depth);
    c[i] = sum;
  }
}
inline void publish_copies() {}
inline void settle(uint32 (&)[4]) {}
template <class T> inline void multiply_values(float (&c)[32], const uint32 (&a)[4], const char* b, int k) {
  static uint32 held[64][32][4];
  const int warp = (int)threadIdx.x / 32, lane = (int)threadIdx.x % 32;
  for (int i = 0; i < 4; ++i) held[warp][lane][i] = a[i];
  __syncwarp();
  for (int i = 0; i < 32; ++i) {
    const int column = i / 4 * 8 + lane % 4 * 2 + i % 2;
    for (int depth = 0; depth < 16; ++depth) {
      const uint32 pair = held[warp][lane / 4 * 4 + depth % 8 / 2][depth / 8 * 2 + i / 2 % 2];
      const int row = k * 16 + depth;
      c[i] += load(T{(uint16)(pair >> (depth % 2 * 16))}) * load(((const T*)b)[row * 64 + ((column / 8) ^ (row & 7)) * 8 + column % 8]);
    }
  }
  __syncwarp();
}
#else
typedef uint64 Barrier;
__device__ __forceinline__ uint32 shared_address(const void* pointer) { return (uint32)__cvta_generic_to_shared(pointer); }

// Of so many arrivals a phase.
__device__ __forceinline__ void init_barrier(Barrier* barrier, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" : : "r"(shared_address(barrier)), "r"(arrivals) : "memory");
}
// The other blocks and the memory engine see the barriers that this thread has made.
__device__ __forceinline__ void publish_barriers() {
  asm volatile("fence.mbarrier_init.release.cluster;\nfence.proxy.async;" : : : "memory");
}
// All threads of all blocks of a cluster wait for each other.
template <int BLOCKS> __device__ __forceinline__ void meet_blocks() {
  if (BLOCKS == 1)
    __syncthreads();
  else
    asm volatile("barrier.cluster.arrive.release;\nbarrier.cluster.wait.acquire;" : : : "memory");
}
// One arrival; the phase also waits for so many bytes.
__device__ __forceinline__ void expect_bytes(Barrier* barrier, int bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" : : "r"(shared_address(barrier)), "r"(bytes) : "memory");
}
// An arrival at this barrier of a block of the cluster. It orders no memory of other blocks: a release to all of them takes as long as
// a step of a product, and the reads that it tells of have ended.
template <int BLOCKS> __device__ __forceinline__ void arrive_at(Barrier* barrier, int block) {
  if (BLOCKS == 1)
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" : : "r"(shared_address(barrier)) : "memory");
  else
    asm volatile("{\n.reg .b32 there;\nmapa.shared::cluster.u32 there, %0, %1;\nmbarrier.arrive.shared::cluster.b64 _, [there];\n}"
                 : : "r"(shared_address(barrier)), "r"(block) : "memory");
}
// Until the phase of this parity has ended.
__device__ __forceinline__ void wait_barrier(Barrier* barrier, uint32 parity) {
  asm volatile("{\n.reg .pred ended;\nagain:\nmbarrier.try_wait.parity.shared::cta.b64 ended, [%0], %1;\n@ended bra done;\nbra again;\ndone:\n}"
               : : "r"(shared_address(barrier)), "r"(parity) : "memory");
}
// The box at this depth and row; SHARED: to the same place of all blocks of the mask, and told to the barrier of each.
template <bool SHARED>
__device__ __forceinline__ void copy_box(void* to, const TensorMap* map, int depth, int row, Barrier* barrier, uint16 blocks) {
  if (SHARED)
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1, {%3, %4}], [%2], %5;"
                 : : "r"(shared_address(to)), "l"((uint64)map), "r"(shared_address(barrier)), "r"(depth), "r"(row), "h"(blocks) : "memory");
  else
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%3, %4}], [%2];"
                 : : "r"(shared_address(to)), "l"((uint64)map), "r"(shared_address(barrier)), "r"(depth), "r"(row) : "memory");
}
__device__ __forceinline__ void reconverge() { __syncwarp(); }
__device__ __forceinline__ void fewer_registers() { asm volatile("setmaxnreg.dec.sync.aligned.u32 40;"); }
__device__ __forceinline__ void more_registers() { asm volatile("setmaxnreg.inc.sync.aligned.u32 232;"); }
__device__ __forceinline__ void begin_products() { asm volatile("wgmma.fence.sync.aligned;" : : : "memory"); }
__device__ __forceinline__ void commit_products() { asm volatile("wgmma.commit_group.sync.aligned;" : : : "memory"); }
// All but the last N committed groups of products are done.
template <int N> __device__ __forceinline__ void wait_products() { asm volatile("wgmma.wait_group.sync.aligned %0;" : : "n"(N) : "memory"); }

#define SUMS8(c, i) "+f"(c[i]), "+f"(c[i + 1]), "+f"(c[i + 2]), "+f"(c[i + 3]), "+f"(c[i + 4]), "+f"(c[i + 5]), "+f"(c[i + 6]), "+f"(c[i + 7])
#define SUMS32(c, i) SUMS8(c, i), SUMS8(c, i + 8), SUMS8(c, i + 16), SUMS8(c, i + 24)
// Nothing that reads the sums moves before this.
template <int N> __device__ __forceinline__ void settle(float (&c)[N]) {
#pragma unroll
  for (int i = 0; i < N; i += 32) asm volatile("" : SUMS32(c, i) : : "memory");
}

// Rows of 128 bytes whose 16-byte parts are exchanged by their row's number, 8 rows in 1024 bytes.
__device__ __forceinline__ uint64 matrix_at(const void* tile) {
  return (uint64)((shared_address(tile) & 0x3ffff) >> 4) | (uint64)1 << 16 | (uint64)(1024 >> 4) << 32 | (uint64)1 << 62;
}
#define SUM_NAMES_0 "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
#define SUM_NAMES_32 "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
#define SUM_NAMES_64 "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, %80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95"
#define SUM_NAMES_96 "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, %112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"
#define NAMES_64 SUM_NAMES_0 ", " SUM_NAMES_32
#define NAMES_96 NAMES_64 ", " SUM_NAMES_64
#define NAMES_128 NAMES_96 ", " SUM_NAMES_96
#define SUMS_64(c) SUMS32(c, 0), SUMS32(c, 32)
#define SUMS_96(c) SUMS_64(c), SUMS32(c, 64)
#define SUMS_128(c) SUMS_96(c), SUMS32(c, 96)
// The sums take the first operands, then come a, b and `adds`.
#define MULTIPLY_GROUP(sums, columns, type, b0, b1, b2)                                                                            \
  asm volatile("{\n.reg .pred adds;\nsetp.ne.b32 adds, %" b2 ", 0;\nwgmma.mma_async.sync.aligned.m64n" columns "k16.f32." type "." type \
               " {" NAMES_##sums "}, %" b0 ", %" b1 ", adds, 1, 1, 0, 0;\n}"                                                        \
               : SUMS_##sums(c)                                                                                                    \
               : "l"(matrix_at(a) + 2 * k), "l"(matrix_at(b) + 2 * k), "r"((int)adds))
#define MULTIPLY_GROUPS(type)                                          \
  __device__ __forceinline__ void multiply_group(float (&c)[64], const char* a, const char* b, int k, bool adds) {  \
    MULTIPLY_GROUP(64, "128", type, "64", "65", "66");                 \
  }                                                                    \
  __device__ __forceinline__ void multiply_group(float (&c)[96], const char* a, const char* b, int k, bool adds) {  \
    MULTIPLY_GROUP(96, "192", type, "96", "97", "98");                 \
  }                                                                    \
  __device__ __forceinline__ void multiply_group(float (&c)[128], const char* a, const char* b, int k, bool adds) { \
    MULTIPLY_GROUP(128, "256", type, "128", "129", "130");             \
  }
namespace of_half {
MULTIPLY_GROUPS("f16")
}
namespace of_bf16 {
MULTIPLY_GROUPS("bf16")
}
// c = a * b^T, added to c where `adds`: 64 rows of a and 2 * N of b, their k-th 16 of depth. Of the rows 16 * warp + lane / 4 and 8 below, a
// thread has of each 8 columns 2 * (lane % 4) and the next: pairs of the upper and the lower row in turn.
template <class T, int N> __device__ __forceinline__ void multiply_group(float (&c)[N], const char* a, const char* b, int k, bool adds) {
  if (IsHalf<T>::value)
    of_half::multiply_group(c, a, b, k, adds);
  else
    of_bf16::multiply_group(c, a, b, k, adds);
}
// Products see what this thread has copied to shared memory.
__device__ __forceinline__ void publish_copies() { asm volatile("fence.proxy.async.shared::cta;" : : : "memory"); }
// Nothing that makes these values moves behind this.
__device__ __forceinline__ void settle(uint32 (&a)[4]) { asm volatile("" : "+r"(a[0]), "+r"(a[1]), "+r"(a[2]), "+r"(a[3]) : : "memory"); }
#define MULTIPLY_VALUES(type)                                                                                                          \
  asm volatile("wgmma.mma_async.sync.aligned.m64n64k16.f32." type "." type " {" SUM_NAMES_0 "}, {%32, %33, %34, %35}, %36, 1, 1, 1, 1;" \
               : SUMS32(c, 0)                                                                                                          \
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(matrix_at(b) + k * 128))
// c += a * b: a of 64 rows and 16 deep in registers, a warp's 16 rows as tensor cores take them; b the k-th 16 of rows of 64 numbers.
template <class T> __device__ __forceinline__ void multiply_values(float (&c)[32], const uint32 (&a)[4], const char* b, int k) {
  if (IsHalf<T>::value)
    MULTIPLY_VALUES("f16");
  else
    MULTIPLY_VALUES("bf16");
}
#endif
#else
#define HAS_WARP_GROUPS 0
#endif
