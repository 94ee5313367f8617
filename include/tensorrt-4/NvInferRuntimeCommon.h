#pragma once

#include "NvInferVersion.h"
#if INGOT_API == 4  // set before anything reads it
#include "../NvInferRuntimeCommon.h"
#endif
