#pragma once

#include "NvInferVersion.h"
#if INGOT_API == 7  // set before anything reads it
#include "../NvInferRuntimePlugin.h"
#endif
