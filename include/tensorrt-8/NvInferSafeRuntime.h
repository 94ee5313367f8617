#pragma once

#include "../NvInferSafeRuntime.h"
#include "NvInferVersion.h"
