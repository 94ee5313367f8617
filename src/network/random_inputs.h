// Inputs drawn from a seeded generator: what rewrites and tactics are checked on.
#pragma once

#include "network/network.h"

namespace ingot {

// A size for every symbol of the inputs: the least that the first profile allows, where there is one, else small numbers that differ.
Result<SymbolValues> small_sizes(const Network& network);
// Floats lie in [-2, 2], integers in [0, 3]; the same seed gives the same bits.
Result<Arrays> random_inputs(const Network& network, uint64_t seed, const SymbolValues& sizes);

}  // namespace ingot
