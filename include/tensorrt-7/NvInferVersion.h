// API generation 7; see ../NvInferVersion.h.
#ifndef NV_INFER_VERSION_H
#define NV_INFER_VERSION_H

#ifndef INGOT_API
#define INGOT_API 7
#elif INGOT_API != 7
#error "the include folder tensorrt-7 and INGOT_API name different generations"
#endif

#define NV_TENSORRT_MAJOR 7
#define NV_TENSORRT_MINOR 2
#define NV_TENSORRT_PATCH 3
#define NV_TENSORRT_BUILD 0
#define NV_TENSORRT_SONAME_MAJOR 7
#define NV_TENSORRT_SONAME_MINOR 2
#define NV_TENSORRT_SONAME_PATCH 3
#define TRT_MAJOR_ENTERPRISE 7
#define TRT_MINOR_ENTERPRISE 2
#define TRT_PATCH_ENTERPRISE 3
#define TRT_BUILD_ENTERPRISE 0

#endif
