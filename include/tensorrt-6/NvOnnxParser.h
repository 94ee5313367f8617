#pragma once

#include "../NvOnnxParser.h"
#include "NvInferVersion.h"
