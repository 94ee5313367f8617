#pragma once

#include "../NvUffParser.h"
#include "NvInferVersion.h"
