#pragma once

#include "../NvCaffeParser.h"
#include "NvInferVersion.h"
