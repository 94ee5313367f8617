// The border of the readers: what the containers and protobuf may throw becomes an error.
#pragma once

#include <exception>
#include <new>
#include <string>

#include "base/result.h"

namespace ingot {

// What `function` returns, a Result or a Status; `what` is what it reads, for the message.
template <class Function>
auto caught(const char* what, Function&& function) -> decltype(function()) {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return out_of_memory(std::string("memory ran out while ") + what + " was read");
  } catch (const std::exception& failure) {
    return internal(std::string("reading ") + what + ": " + failure.what());
  }
}

}  // namespace ingot
