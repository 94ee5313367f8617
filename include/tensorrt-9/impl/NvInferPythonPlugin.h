#pragma once

#include "../../impl/NvInferPythonPlugin.h"
#include "../NvInferVersion.h"
