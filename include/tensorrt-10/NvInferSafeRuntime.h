#pragma once

#include "NvInferVersion.h"
#if INGOT_API == 10  // set before anything reads it
#include "../NvInferSafeRuntime.h"
#endif
