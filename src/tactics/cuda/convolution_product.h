// Channels-last convolutions over two dimensions as matrix products: rows are positions of all images, columns output channels.
#pragma once

#include "operators/convolution.h"
#include "tactics/cuda/kernel_call.h"

namespace ingot::cuda {

// Over two dimensions, channels-last, in one group, with constant weights.
Status is_image_convolution(const Problem& problem);
// One tap without stride and padding: the rows of the product are those of the image, for weights of shape `w`.
bool is_plain_product(const Convolution& op, const Shape& w);
// Terms of a sum, taps and channels, rounded up to 8 by zeros.
int64_t product_depth(const Shape& w);
// Pointers are left for the run.
ProductParameters convolution_product(const Shape& w, const Shape& y);

}  // namespace ingot::cuda
