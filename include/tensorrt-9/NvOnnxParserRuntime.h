#pragma once

#include "../NvOnnxParserRuntime.h"
#include "NvInferVersion.h"
