// The API generation that a program is compiled for, as numbers that build scripts can read.
// 10 where nothing is chosen; -DINGOT_API=N or an include folder (`-I include/tensorrt-8`) picks another one.
#ifndef NV_INFER_VERSION_H

#if !defined(INGOT_API) || INGOT_API == 10
#define NV_INFER_VERSION_H
#undef INGOT_API
#define INGOT_API 10
#define NV_TENSORRT_MAJOR 10
#define NV_TENSORRT_MINOR 16
#define NV_TENSORRT_PATCH 0
#define NV_TENSORRT_BUILD 0
#define NV_TENSORRT_SONAME_MAJOR 10
#define NV_TENSORRT_SONAME_MINOR 16
#define NV_TENSORRT_SONAME_PATCH 0
#define TRT_MAJOR_ENTERPRISE 10
#define TRT_MINOR_ENTERPRISE 16
#define TRT_PATCH_ENTERPRISE 0
#define TRT_BUILD_ENTERPRISE 0
#elif INGOT_API == 4
#include "tensorrt-4/NvInferVersion.h"
#elif INGOT_API == 5
#include "tensorrt-5/NvInferVersion.h"
#elif INGOT_API == 6
#include "tensorrt-6/NvInferVersion.h"
#elif INGOT_API == 7
#include "tensorrt-7/NvInferVersion.h"
#elif INGOT_API == 8
#include "tensorrt-8/NvInferVersion.h"
#elif INGOT_API == 9
#include "tensorrt-9/NvInferVersion.h"
#elif INGOT_API == 11
#include "tensorrt-11/NvInferVersion.h"
#else
#error "INGOT_API names a TensorRT generation: 4, 5, 6, 7, 8, 9, 10 or 11"
#endif

#endif
