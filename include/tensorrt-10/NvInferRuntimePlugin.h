#pragma once

#include "../NvInferRuntimePlugin.h"
#include "NvInferVersion.h"
