// The flags that trtexec knows, of this and of other versions.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "options.h"

namespace ingot::trtexec {

enum class Section { kModel, kBuild, kSystem, kInference, kReporting, kForeign };

struct Flag {
  const char* name;  // without the dashes
  Section section;
  const char* argument;  // how help writes the value; "" where there is none
  const char* help;
  // Takes the value over. Returns "" or what is wrong with it.
  std::function<std::string(Options&, const std::string&)> take;
};

const std::vector<Flag>& flags();

// Cuts at `separator`, except between single or double quotes, which are taken away.
std::vector<std::string> split(const std::string& text, char separator);

}  // namespace ingot::trtexec
