#pragma once

#include "../NvInferConsistency.h"
#include "NvInferVersion.h"
