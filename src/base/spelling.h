// The name that a misspelt one is nearest to, for the errors that tell of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ingot {

// "; did you mean 'kernel_size'?" where one of `known` is written much like `word`, else nothing.
std::string meant_instead_of(std::string_view word, const std::vector<std::string>& known);

}  // namespace ingot
