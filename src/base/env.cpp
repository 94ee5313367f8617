#include "base/env.h"

#include <cstdlib>

namespace ingot {

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  if (!value || !*value) return std::nullopt;
  return value;
}

}  // namespace ingot
