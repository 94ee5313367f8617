// For tactics whose output has as many elements as the values of their inputs say.
#pragma once

#include <string>

#include "tactics/cpu/plain_tactic.h"

namespace ingot {

// The dims of the call's one output are the integers of input `input`; they must fit into the room that there is.
inline Status tell_shape_from(const PlainCall& call, size_t input) {
  Shape& shape = call.produced[0];
  for (size_t d = 0; d < shape.size(); ++d) shape[d] = call.integer(input, static_cast<int64_t>(d));
  TRY_ASSIGN(const int64_t count, volume(shape));
  TRY_ASSIGN(const int64_t room, volume(call.outputs[0]));
  if (count > room) return internal(to_text(shape) + " has no place in the room for " + to_text(call.outputs[0]));
  return Ok{};
}

// The same of an output [count].
inline Status tell_count(const PlainCall& call, int64_t count) {
  if (count > call.outputs[0][0])
    return internal(std::to_string(count) + " elements have no place in the room for " + std::to_string(call.outputs[0][0]));
  call.produced[0][0] = count;
  return Ok{};
}

}  // namespace ingot
