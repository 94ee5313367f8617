// What several plugins of detectors read of an image.
#pragma once

#include "api/plugins/wiring.h"

namespace ingot::api {

// x [N, C, H, W] read at high x wide points of each box [N, R, 4] (y0, x0, y1, x1, parts of the image), the corners among them:
// [N, R, C, high, wide]. Source: TensorFlow's crop_and_resize.
Tensor* crops_of(Wiring& w, Tensor* x, Tensor* boxes, int64_t high, int64_t wide);

}  // namespace ingot::api
