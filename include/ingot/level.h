// What follows from the chosen API generation (NvInferVersion.h): version macros, attributes, and the level's ABI tag.
#pragma once

#include "../NvInferVersion.h"

// Versions are compared as one number. Its scale changed with generation 10.
#if NV_TENSORRT_MAJOR >= 10
#define NV_TENSORRT_VERSION_INT(major, minor, patch) ((major)*10000 + (minor)*100 + (patch))
#else
#define NV_TENSORRT_VERSION_INT(major, minor, patch) ((major)*1000 + (minor)*100 + (patch))
#endif
#define NV_TENSORRT_VERSION NV_TENSORRT_VERSION_INT(NV_TENSORRT_MAJOR, NV_TENSORRT_MINOR, NV_TENSORRT_PATCH)

#define NV_TENSORRT_RELEASE_TYPE_EARLY_ACCESS 0
#define NV_TENSORRT_RELEASE_TYPE_RELEASE_CANDIDATE 1
#define NV_TENSORRT_RELEASE_TYPE_GENERAL_AVAILABILITY 2
#define NV_TENSORRT_RELEASE_TYPE NV_TENSORRT_RELEASE_TYPE_GENERAL_AVAILABILITY
#define NV_TENSORRT_LWS_MAJOR 0
#define NV_TENSORRT_LWS_MINOR 0
#define NV_TENSORRT_LWS_PATCH 0

// A function that the library exports.
#define TENSORRTAPI __attribute__((visibility("default")))

// For programs that mark their own code with these. Ingot marks nothing of its own: retired names keep working in silence.
#define TRT_DEPRECATED __attribute__((deprecated))
#define TRT_DEPRECATED_API __attribute__((deprecated, visibility("default")))
#define TRT_DEPRECATED_BECAUSE(REASON) __attribute__((deprecated(REASON)))
#define TRT_DEPRECATED_ENUM TRT_DEPRECATED
#define TRT_NODISCARD __attribute__((warn_unused_result))
#define TRT_NODISCARD_BECAUSE(REASON) __attribute__((warn_unused_result))
#define _TENSORRT_FINAL final
#define _TENSORRT_OVERRIDE override
#if NV_TENSORRT_MAJOR >= 8
#define TRTNOEXCEPT noexcept
#else
#define TRTNOEXCEPT
#endif

// One process may hold parts that were compiled for different generations. Inline functions and classes whose body or layout
// depends on the generation carry it in their linker name, so that the parts do not share them.
#if NV_TENSORRT_MAJOR >= 10
#define INGOT_LEVEL_ABI __attribute__((abi_tag("level10")))
#elif NV_TENSORRT_MAJOR >= 8
#define INGOT_LEVEL_ABI __attribute__((abi_tag("level8")))
#else
#define INGOT_LEVEL_ABI __attribute__((abi_tag("level7")))
#endif
