#pragma once

#include "../NvInferPlugin.h"
#include "NvInferVersion.h"
