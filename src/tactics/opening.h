// What tactics open once in a process, such as libraries of a GPU's maker.
#pragma once

#include <cstddef>
#include <string_view>

#include "device/device.h"

namespace ingot {

// The library that a tactic needs open, by a short name; "" for none.
std::string_view library_of(std::string_view tactic);
// Its version, which figures that were taken with it hang on; 0 where it is not there.
size_t library_version(std::string_view library);
inline bool needs_opening(std::string_view tactic) { return !library_of(tactic).empty(); }
// Opens it for the tactic of this name, so that its first layer finds it done. What fails here fails there again, with a message.
void open_ahead(std::string_view tactic, Device& device);

}  // namespace ingot
