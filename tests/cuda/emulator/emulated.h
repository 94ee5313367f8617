// What kernels see in place of a GPU: the threads of a block are fibers of one thread of the host, and meet at barriers.
#pragma once

#include <ucontext.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#define INGOT_EMULATED 1
#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __shared__ static
#define __align__(n) alignas(n)

struct Index3 {
  unsigned x = 0, y = 0, z = 0;
};
static Index3 threadIdx, blockIdx, blockDim, gridDim;

inline float __int_as_float(int bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
inline int __float_as_int(float value) {
  int bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}
inline double __longlong_as_double(long long bits) {
  double value;
  std::memcpy(&value, &bits, 8);
  return value;
}
inline float emulated_from_half(unsigned short bits) {
  _Float16 value;
  std::memcpy(&value, &bits, 2);
  return static_cast<float>(value);
}
inline unsigned short emulated_to_half(float value) {
  const auto narrow = static_cast<_Float16>(value);
  unsigned short bits;
  std::memcpy(&bits, &narrow, 2);
  return bits;
}
inline long long __double_as_longlong(double value) {
  long long bits;
  std::memcpy(&bits, &value, 8);
  return bits;
}
// Rounded one by one: the host's compiler is told not to contract.
inline float __fmul_rn(float a, float b) { return a * b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __dadd_rn(double a, double b) { return a + b; }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
// The threads of the host's one thread take turns at barriers alone.
template <class T>
T atomicAdd(T* address, T value) {
  const T before = *address;
  *address = before + value;
  return before;
}
template <class T>
T atomicExch(T* address, T value) {
  return std::exchange(*address, value);
}
template <class T>
T atomicMax(T* address, T value) {
  const T before = *address;
  if (before < value) *address = value;
  return before;
}
template <class T>
T __ldg(const T* address) {
  return *address;
}
template <class T>
T min(T a, T b) {
  return a < b ? a : b;
}
template <class T>
T max(T a, T b) {
  return a > b ? a : b;
}

namespace emulated {

enum State { kReady, kAtBlock, kAtWarp, kDone };
struct Fiber {
  ucontext_t context;
  State state = kReady;
  std::vector<char> stack;
};
inline std::vector<Fiber> fibers;
inline ucontext_t scheduler;
inline unsigned current = 0;
inline unsigned long long exchange[64][32];

inline void wait(State state) {
  fibers[current].state = state;
  swapcontext(&fibers[current].context, &scheduler);
}

inline void (*body)(void*) = nullptr;
inline void* body_argument = nullptr;
inline void start() {
  body(body_argument);
  fibers[current].state = kDone;
  swapcontext(&fibers[current].context, &scheduler);
}

inline void run_block(unsigned threads) {
#ifdef INGOT_NO_BARRIERS
  for (unsigned t = 0; t < threads; ++t) {
    threadIdx.x = t;
    body(body_argument);
  }
#else
  if (fibers.size() < threads) fibers.resize(threads);
  for (unsigned t = 0; t < threads; ++t) {
    Fiber& fiber = fibers[t];
    fiber.state = kReady;
    if (fiber.stack.empty()) fiber.stack.resize(64 * 1024);
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.data();
    fiber.context.uc_stack.ss_size = fiber.stack.size();
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, start, 0);
  }
  while (true) {
    bool ran = false, all_done = true;
    for (unsigned t = 0; t < threads; ++t) {
      all_done = all_done && fibers[t].state == kDone;
      if (fibers[t].state != kReady) continue;
      ran = true;
      current = t;
      threadIdx.x = t;
      swapcontext(&scheduler, &fibers[t].context);
    }
    if (all_done) return;
    if (ran) continue;
    // Nobody can go on: warps whose threads all wait for each other do, else the whole block has met.
    bool freed = false;
    for (unsigned first = 0; first < threads; first += 32) {
      bool together = true, any = false;
      for (unsigned t = first; t < first + 32 && t < threads; ++t) {
        together = together && (fibers[t].state == kAtWarp || fibers[t].state == kDone);
        any = any || fibers[t].state == kAtWarp;
      }
      if (!together || !any) continue;
      freed = true;
      for (unsigned t = first; t < first + 32 && t < threads; ++t) {
        if (fibers[t].state == kAtWarp) fibers[t].state = kReady;
      }
    }
    if (freed) continue;
    for (unsigned t = 0; t < threads; ++t) {
      if (fibers[t].state == kAtWarp) std::abort();  // half a warp waits for the other half, which is elsewhere
      if (fibers[t].state == kAtBlock) fibers[t].state = kReady;
    }
  }
#endif
}

template <class... A, size_t... I>
void call(void (*kernel)(A...), void** parameters, std::index_sequence<I...>) {
  kernel(*static_cast<std::remove_reference_t<A>*>(parameters[I])...);
}
template <class... A>
void launch(void (*kernel)(A...), const unsigned* grid, unsigned block, void** parameters) {
  struct Call {
    void (*kernel)(A...);
    void** parameters;
  } own{kernel, parameters};
  body = [](void* argument) {
    auto* given = static_cast<Call*>(argument);
    call(given->kernel, given->parameters, std::index_sequence_for<A...>{});
  };
  body_argument = &own;
  gridDim = {grid[0], grid[1], grid[2]};
  blockDim = {block, 1, 1};
  for (blockIdx.z = 0; blockIdx.z < grid[2]; ++blockIdx.z) {
    for (blockIdx.y = 0; blockIdx.y < grid[1]; ++blockIdx.y) {
      for (blockIdx.x = 0; blockIdx.x < grid[0]; ++blockIdx.x) run_block(block);
    }
  }
}
// Bytes of each parameter, then 0.
template <class... A>
const size_t* sizes(void (*)(A...)) {
  static const size_t all[] = {sizeof(A)..., 0};
  return all;
}

}  // namespace emulated

inline void __syncthreads() { emulated::wait(emulated::kAtBlock); }
inline void __syncwarp(unsigned = 0xffffffffu) { emulated::wait(emulated::kAtWarp); }
template <class T>
T __shfl_xor_sync(unsigned, T value, int mask) {
  const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  std::memcpy(&emulated::exchange[warp][lane], &value, sizeof value);
  __syncwarp();
  T other;
  std::memcpy(&other, &emulated::exchange[warp][lane ^ static_cast<unsigned>(mask)], sizeof other);
  __syncwarp();
  return other;
}
template <class T>
T __shfl_sync(unsigned, T value, int lane) {
  const unsigned own = threadIdx.x % 32, warp = threadIdx.x / 32;
  std::memcpy(&emulated::exchange[warp][own], &value, sizeof value);
  __syncwarp();
  T other;
  std::memcpy(&other, &emulated::exchange[warp][lane & 31], sizeof other);
  __syncwarp();
  return other;
}
