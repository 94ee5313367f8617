#pragma once

#include "../NvInferRuntimeBase.h"
#include "NvInferVersion.h"
