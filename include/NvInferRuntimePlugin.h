// Plugins of generations 5 to 9.
#pragma once

#include "NvInferPluginBase.h"
#include "ingot/plugin_v2.h"
