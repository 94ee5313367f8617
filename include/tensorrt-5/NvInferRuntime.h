#pragma once

#include "../NvInferRuntime.h"
#include "NvInferVersion.h"
