// Which networks a fuzzer runs: a network may ask for any amount of honest work, and a fuzzer has seconds.
#pragma once

#include "tactics/problem.h"

namespace ingot {

// Whether the tensors hold at most `most_elements` together with these values of symbols, and nothing repeats by a count from the network.
bool is_quick_to_run(const Network& network, const SymbolValues& symbols, int64_t most_elements);

}  // namespace ingot
