#pragma once

#include "../NvOnnxConfig.h"
#include "NvInferVersion.h"
