// Dims that are known only at run time: an operator's `symbol` field names them, since inference sees no network.
#pragma once

#include <string>

#include "network/network.h"

namespace ingot {

// Symbols whose name begins with this may be 0; all others are at least 1.
constexpr std::string_view kRuntimeSymbolPrefix = "run_";

// Dim `index` of what `symbol` names; an error of operator `op` where the field is empty.
Result<Dim> runtime_dim(std::string_view op, const std::string& symbol, int64_t index);

// The lower and upper bound of a dim as far as inference knows them.
std::optional<Dim::Range> range_of(const Dim& dim);
// min and max of dims, decided by their ranges where those allow it.
Dim smaller(const Dim& a, const Dim& b);
Dim larger(const Dim& a, const Dim& b);

// Adds a layer whose inference may need a symbol: gives it a fresh one where it does. `most` bounds dim i of its symbols, where given.
Result<Layer*> add_runtime_sized(Network& network, std::unique_ptr<Operator> op, std::vector<Tensor*> inputs, std::string name = "",
                                 const std::vector<Dim>& most = {});

}  // namespace ingot
