#include "base/cpu_info.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>

#include "base/env.h"
#include "base/log.h"

namespace ingot {
namespace {

constexpr std::string_view kNames[] = {"portable", "avx2", "avx512", "vnni", "bf16", "amx"};

struct Registers {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf = 0) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d);
  return r;
}

bool bit(unsigned value, int index) { return (value >> index) & 1; }

// Linux hands out the tile unit on request, once a process.
bool request_tiles() {
  constexpr int kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

Isa detect() {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return Isa::kPortable;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512dq") ||
      !__builtin_cpu_supports("avx512vl"))
    return Isa::kAvx2;
  const Registers seven = cpuid(7), seven_one = cpuid(7, 1);
  if (!bit(seven.c, 11)) return Isa::kAvx512;
  if (!bit(seven_one.a, 5)) return Isa::kVnni;
  const bool tiles = bit(seven.d, 22) && bit(seven.d, 24) && bit(seven.d, 25);
  return tiles && request_tiles() ? Isa::kAmx : Isa::kBf16;
}

Isa initial_cap() {
  const auto wish = environment("INGOT_ISA");
  if (!wish) return Isa::kAmx;
  const auto isa = isa_from_name(*wish);
  if (isa.ok()) return *isa;
  stderr_log().warning("INGOT_ISA: " + isa.error().message);
  return Isa::kAmx;
}

std::atomic<int>& cap() {
  static std::atomic<int> value{static_cast<int>(initial_cap())};
  return value;
}

}  // namespace

std::string_view name_of(Isa isa) { return kNames[static_cast<int>(isa)]; }

Result<Isa> isa_from_name(std::string_view name) {
  for (int i = 0; i < 6; ++i) {
    if (kNames[i] == name) return static_cast<Isa>(i);
  }
  return invalid("'" + std::string(name) + "' is no instruction set; there are portable, avx2, avx512, vnni, bf16, amx");
}

Isa machine_isa() {
  static const Isa isa = detect();
  return isa;
}

Isa current_isa() {
  const int limit = cap().load(std::memory_order_relaxed), machine = static_cast<int>(machine_isa());
  return static_cast<Isa>(machine < limit ? machine : limit);
}

void cap_isa(Isa isa) { cap().store(static_cast<int>(isa), std::memory_order_relaxed); }

const std::string& cpu_name() {
  static const std::string name = [] {
    char brand[49] = {};
    for (unsigned i = 0; i < 3; ++i) {
      const Registers r = cpuid(0x80000002 + i);
      std::memcpy(brand + 16 * i, &r, 16);
    }
    std::string text = brand;
    while (!text.empty() && text.back() == ' ') text.pop_back();
    return text.empty() ? std::string("unknown CPU") : text;
  }();
  return name;
}

int64_t l2_bytes() {
  static const int64_t bytes = [] {
    const long size = sysconf(_SC_LEVEL2_CACHE_SIZE);
    return size > 0 ? static_cast<int64_t>(size) : int64_t{1} << 20;
  }();
  return bytes;
}

}  // namespace ingot
