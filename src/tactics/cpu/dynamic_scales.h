// The scales of dynamic quantization as they are stored, and its loops for the machine at hand.
#pragma once

#include "tactics/cpu/dynamic_loops.h"

namespace ingot {

const DynamicLoops& dynamic_loops();
// Writes a scale of `type` at `index`, and returns what it reads as.
double store_scale(DataType type, double scale, void* to, int64_t index);
// Whether scales of that type can be stored.
bool stores_scales(DataType type);

}  // namespace ingot
