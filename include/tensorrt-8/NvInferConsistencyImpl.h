#pragma once

#include "../NvInferConsistencyImpl.h"
#include "NvInferVersion.h"
