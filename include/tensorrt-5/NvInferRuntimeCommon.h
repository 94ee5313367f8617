#pragma once

#include "../NvInferRuntimeCommon.h"
#include "NvInferVersion.h"
