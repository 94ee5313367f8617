// The problem that a layer of a network poses, given the formats around it.
#pragma once

#include "network/choice.h"
#include "tactics/tactic.h"

namespace ingot {

// Shapes to tune for and the bounds of shapes come from the network's profiles.
struct ShapeCase {
  SymbolValues opt, most;  // values of symbols at the first profile's best shapes, and bounds of all
};
// Binds the symbols of input dims to a profile's shapes; for symbols that no profile names (none set) 1 is taken.
Result<ShapeCase> shape_case(const Network& network, size_t profile = 0);
// Binds the symbols of `dims` to `shape`; an error names the dimension that cannot be so.
Status bind_symbols(const Dims& dims, const Shape& shape, SymbolValues* values);
// Adds the upper bounds of run-time symbols, evaluated with what is known.
void bind_bounds(const Network& network, SymbolValues* values);
// Dims with each symbol at its value; symbols without one count as 1.
Shape shape_at(const Dims& dims, const SymbolValues& values);

Problem problem_of(const Layer& layer, const std::vector<Format>& input_formats, const std::vector<Format>& output_formats, bool allow_tf32,
                   const SymbolValues& opt, Device* device = nullptr);
// Whether any dimension of the type hangs on a symbol that has no value yet.
bool depends_on_unknown(const Dims& dims, const SymbolValues& known);

}  // namespace ingot
