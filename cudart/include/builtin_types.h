#ifndef INGOT_CUDART_BUILTIN_TYPES_H
#define INGOT_CUDART_BUILTIN_TYPES_H

#include "driver_types.h"
#include "vector_types.h"

#endif
