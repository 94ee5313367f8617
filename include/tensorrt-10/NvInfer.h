#pragma once

#include "../NvInfer.h"
#include "NvInferVersion.h"
