#pragma once

// Build scripts of this generation read the version here.
#define NV_TENSORRT_MAJOR 4
#define NV_TENSORRT_MINOR 0
#define NV_TENSORRT_PATCH 1
#define NV_TENSORRT_BUILD 0

#include "NvInferVersion.h"
#if INGOT_API == 4  // set before anything reads it
#include "../NvInfer.h"
#endif
