// API generation 9; see ../NvInferVersion.h.
#ifndef NV_INFER_VERSION_H
#define NV_INFER_VERSION_H

#ifndef INGOT_API
#define INGOT_API 9
#elif INGOT_API != 9
#error "the include folder tensorrt-9 and INGOT_API name different generations"
#endif

#define NV_TENSORRT_MAJOR 9
#define NV_TENSORRT_MINOR 3
#define NV_TENSORRT_PATCH 0
#define NV_TENSORRT_BUILD 0
#define NV_TENSORRT_SONAME_MAJOR 9
#define NV_TENSORRT_SONAME_MINOR 3
#define NV_TENSORRT_SONAME_PATCH 0
#define TRT_MAJOR_ENTERPRISE 9
#define TRT_MINOR_ENTERPRISE 3
#define TRT_PATCH_ENTERPRISE 0
#define TRT_BUILD_ENTERPRISE 0

#endif
