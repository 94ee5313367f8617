// make_int2, make_float4 and the like: a short vector from its fields.
#ifndef INGOT_CUDART_VECTOR_FUNCTIONS_H
#define INGOT_CUDART_VECTOR_FUNCTIONS_H

#include "vector_types.h"

#define INGOT_MAKE_VECTORS(name, type)                                   \
  static inline name##1 make_##name##1(type x) {                         \
    name##1 v = {x};                                                     \
    return v;                                                            \
  }                                                                      \
  static inline name##2 make_##name##2(type x, type y) {                 \
    name##2 v = {x, y};                                                  \
    return v;                                                            \
  }                                                                      \
  static inline name##3 make_##name##3(type x, type y, type z) {         \
    name##3 v = {x, y, z};                                               \
    return v;                                                            \
  }                                                                      \
  static inline name##4 make_##name##4(type x, type y, type z, type w) { \
    name##4 v = {x, y, z, w};                                            \
    return v;                                                            \
  }

INGOT_MAKE_VECTORS(char, signed char)
INGOT_MAKE_VECTORS(uchar, unsigned char)
INGOT_MAKE_VECTORS(short, short)
INGOT_MAKE_VECTORS(ushort, unsigned short)
INGOT_MAKE_VECTORS(int, int)
INGOT_MAKE_VECTORS(uint, unsigned int)
INGOT_MAKE_VECTORS(long, long)
INGOT_MAKE_VECTORS(ulong, unsigned long)
INGOT_MAKE_VECTORS(longlong, long long)
INGOT_MAKE_VECTORS(ulonglong, unsigned long long)
INGOT_MAKE_VECTORS(float, float)
INGOT_MAKE_VECTORS(double, double)

#undef INGOT_MAKE_VECTORS

#endif
