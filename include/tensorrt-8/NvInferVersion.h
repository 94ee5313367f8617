// API generation 8; see ../NvInferVersion.h.
#ifndef NV_INFER_VERSION_H
#define NV_INFER_VERSION_H

#ifndef INGOT_API
#define INGOT_API 8
#elif INGOT_API != 8
#error "the include folder tensorrt-8 and INGOT_API name different generations"
#endif

#define NV_TENSORRT_MAJOR 8
#define NV_TENSORRT_MINOR 6
#define NV_TENSORRT_PATCH 1
#define NV_TENSORRT_BUILD 0
#define NV_TENSORRT_SONAME_MAJOR 8
#define NV_TENSORRT_SONAME_MINOR 6
#define NV_TENSORRT_SONAME_PATCH 1
#define TRT_MAJOR_ENTERPRISE 8
#define TRT_MINOR_ENTERPRISE 6
#define TRT_PATCH_ENTERPRISE 1
#define TRT_BUILD_ENTERPRISE 0

#endif
