#pragma once

#include "NvInferVersion.h"
#if INGOT_API == 6  // set before anything reads it
#include "../NvInferImpl.h"
#endif
