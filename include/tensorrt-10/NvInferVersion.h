// API generation 10; see ../NvInferVersion.h.
#ifndef NV_INFER_VERSION_H
#define NV_INFER_VERSION_H

#ifndef INGOT_API
#define INGOT_API 10
#elif INGOT_API != 10
#error "the include folder tensorrt-10 and INGOT_API name different generations"
#endif

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

#endif
