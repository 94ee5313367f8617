#pragma once

#include "../NvInferPluginUtils.h"
#include "NvInferVersion.h"
