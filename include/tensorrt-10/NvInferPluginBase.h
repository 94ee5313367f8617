#pragma once

#include "../NvInferPluginBase.h"
#include "NvInferVersion.h"
