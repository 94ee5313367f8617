// What tactics ask of a problem before they take it to tensor cores.
#pragma once

#include "tactics/cuda/library_product.h"

namespace ingot::cuda {

// Half or bf16, on a GPU of sm_80 or later.
Status has_tensor_cores(const Problem& problem);

}  // namespace ingot::cuda
