#pragma once

#include "NvInferVersion.h"
#if INGOT_API == 11  // set before anything reads it
#include "../NvUtils.h"
#endif
