// Applies fusions at every layer until none fits.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "optimize/rewrite.h"

namespace ingot {

// How often each applied, by name. With `log`, a fusion that fails is reported there and passed over; without, its error is returned.
Result<std::map<std::string, int64_t>> apply_fusions(Network& network, const std::vector<const Fusion*>& fusions, Log* log = nullptr);

}  // namespace ingot
