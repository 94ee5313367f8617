// Programs include NvInfer.h or NvInferRuntime.h; this name is kept for those that copy or list the headers.
#pragma once

#include "NvInferRuntimeBase.h"
