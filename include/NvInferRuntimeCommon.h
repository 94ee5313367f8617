// What building and running share.
#pragma once

#include "NvInferPluginBase.h"
#include "NvInferRuntimeBase.h"
#include "NvInferRuntimePlugin.h"
#include "ingot/allocators.h"
#include "ingot/logger.h"
#include "ingot/plugin_registry.h"
#include "ingot/streams.h"
