// Whether two arrays agree, within the tolerance of their type.
#pragma once

#include "network/array.h"

namespace ingot::testing {

// How far a value of this type may lie from another way to compute it, relative to the largest value of the tensor.
// 0 for integers: they agree or they do not.
double tolerance_of(DataType type);

// An error that shows the first place where they differ. `looser` multiplies the tolerance.
Status compare(const Array& got, const Array& want, double looser = 1);

}  // namespace ingot::testing
