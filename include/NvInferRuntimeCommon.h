// What building and running share.
#pragma once

#include "NvInferPluginBase.h"
#include "NvInferRuntimeBase.h"
#include "NvInferRuntimePlugin.h"
#include "ingot/allocators.h"
#include "ingot/logger.h"
#include "ingot/plugin_registry.h"
#include "ingot/streams.h"

// ---- Retired: the safe runtime of generations 6 and 7; see NvInferSafeRuntime.h ----
extern "C" TENSORRTAPI void* createSafeInferRuntime_INTERNAL(void* logger, int32_t version);
