#include "tactics/cpu/tile_kernel.h"

namespace ingot {

TileKernel tile_kernel(Product product, Isa isa) {
  // From the best level down, the first that has one for this product.
  using Maker = TileKernel (*)(Product);
  struct Level {
    Isa isa;
    Maker maker;
  };
  static constexpr Level kLevels[] = {
      {Isa::kBf16, bf16::tile_kernel}, {Isa::kVnni, vnni::tile_kernel},         {Isa::kAvx512, avx512::tile_kernel},
      {Isa::kAvx2, avx2::tile_kernel}, {Isa::kPortable, portable::tile_kernel},
  };
  for (const Level& level : kLevels) {
    if (isa < level.isa) continue;
    if (TileKernel kernel = level.maker(product); kernel.run) return kernel;
  }
  return {};
}

}  // namespace ingot
