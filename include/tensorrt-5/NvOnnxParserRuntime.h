#pragma once

#include "NvInferVersion.h"
#if INGOT_API == 5  // set before anything reads it
#include "../NvOnnxParserRuntime.h"
#endif
