#pragma once

#include "../NvUtils.h"
#include "NvInferVersion.h"
