// API generation 11; see ../NvInferVersion.h.
#ifndef NV_INFER_VERSION_H
#define NV_INFER_VERSION_H

#ifndef INGOT_API
#define INGOT_API 11
#elif INGOT_API != 11
#error "the include folder tensorrt-11 and INGOT_API name different generations"
#endif

#define NV_TENSORRT_MAJOR 11
#define NV_TENSORRT_MINOR 1
#define NV_TENSORRT_PATCH 0
#define NV_TENSORRT_BUILD 0
#define NV_TENSORRT_SONAME_MAJOR 11
#define NV_TENSORRT_SONAME_MINOR 1
#define NV_TENSORRT_SONAME_PATCH 0
#define TRT_MAJOR_ENTERPRISE 11
#define TRT_MINOR_ENTERPRISE 1
#define TRT_PATCH_ENTERPRISE 0
#define TRT_BUILD_ENTERPRISE 0

#endif
