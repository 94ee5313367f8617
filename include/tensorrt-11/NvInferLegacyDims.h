#pragma once

#include "../NvInferLegacyDims.h"
#include "NvInferVersion.h"
