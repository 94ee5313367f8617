// Scores as numbers that sort.
#pragma once

#include <cstdint>
#include <cstring>

namespace ingot {

// Better scores have smaller keys; -0 equals 0.
inline uint32_t score_key(float score) {
  score += 0.0f;
  uint32_t bits;
  std::memcpy(&bits, &score, sizeof bits);
  return bits >> 31 ? bits : ~(bits | 0x80000000u);
}

}  // namespace ingot
