// Environment variables, all named INGOT_ and listed in docs/environment.md.
#pragma once

#include <optional>
#include <string>

namespace ingot {

std::optional<std::string> environment(const char* name);

}  // namespace ingot
