// Boxes of detection_output, as its reference and its kernels decode and compare them.
#pragma once

#include <algorithm>
#include <cmath>

#include "operators/detection_output.h"

namespace ingot {

struct DetectionBox {
  double x0, y0, x1, y1;

  double area() const { return x1 < x0 || y1 < y0 ? 0 : (x1 - x0) * (y1 - y0); }
};

// What both share, of what they cover together.
inline double overlap(const DetectionBox& a, const DetectionBox& b) {
  const double wide = std::min(a.x1, b.x1) - std::max(a.x0, b.x0), high = std::min(a.y1, b.y1) - std::max(a.y0, b.y0);
  if (wide <= 0 || high <= 0) return 0;
  return wide * high / (a.area() + b.area() - wide * high);
}

// `p` is the prior, `l` the offsets from it.
inline DetectionBox decoded(BoxCode code, const double* p, const double* l) {
  const double wide = p[2] - p[0], high = p[3] - p[1];
  switch (code) {
    case BoxCode::kCorner: return {p[0] + l[0], p[1] + l[1], p[2] + l[2], p[3] + l[3]};
    case BoxCode::kCornerSize: return {p[0] + l[0] * wide, p[1] + l[1] * high, p[2] + l[2] * wide, p[3] + l[3] * high};
    case BoxCode::kCenterSize: break;
  }
  const double x = (p[0] + p[2]) / 2 + l[0] * wide, y = (p[1] + p[3]) / 2 + l[1] * high;
  const double half_wide = wide * std::exp(l[2]) / 2, half_high = high * std::exp(l[3]) / 2;
  return {x - half_wide, y - half_high, x + half_wide, y + half_high};
}

}  // namespace ingot
