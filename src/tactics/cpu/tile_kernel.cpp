#include "tactics/cpu/tile_kernel.h"

#include <atomic>

namespace ingot {
namespace {

std::atomic<bool> emulates_tile_unit{false};

}  // namespace

void emulate_tile_unit(bool on) { emulates_tile_unit.store(on && machine_isa() >= Isa::kAvx512, std::memory_order_relaxed); }

bool has_tile_unit() { return current_isa() >= Isa::kAmx || emulates_tile_unit.load(std::memory_order_relaxed); }

TileKernel tile_kernel(Product product, Isa isa) {
  // From the best level down, the first that has one for this product.
  using Maker = TileKernel (*)(Product);
  struct Level {
    Isa isa;
    Maker maker;
  };
  static constexpr Level kLevels[] = {
      {Isa::kAmx, amx::tile_kernel},       {Isa::kBf16, bf16::tile_kernel}, {Isa::kVnni, vnni::tile_kernel},
      {Isa::kAvx512, avx512::tile_kernel}, {Isa::kAvx2, avx2::tile_kernel}, {Isa::kPortable, portable::tile_kernel},
  };
  if (emulates_tile_unit.load(std::memory_order_relaxed)) {
    if (TileKernel kernel = amx::emulated_tile_kernel(product); kernel.run) return kernel;
  }
  for (const Level& level : kLevels) {
    if (isa < level.isa) continue;
    if (TileKernel kernel = level.maker(product); kernel.run) return kernel;
  }
  return {};
}

}  // namespace ingot
