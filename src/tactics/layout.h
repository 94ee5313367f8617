// How elements of a format lie in memory, and small questions that tactics ask of their problems.
#pragma once

#include "tactics/tactic.h"

namespace ingot {

bool has_strides(Format format);                   // linear and channels-last; the others group channels
Format usual_format(Format format, int64_t rank);  // kLinear for ranks under 3, where all formats are the same
// Elements between neighbours along each dim; only where has_strides(format).
Shape memory_strides(Format format, const Shape& shape);

bool is_constant(const Problem& problem, size_t input);
bool is_present(const Problem& problem, size_t input);
Status all_linear(const Problem& problem);
Format input_format(const Problem& problem, size_t input);
Format output_format(const Problem& problem, size_t output);

}  // namespace ingot
