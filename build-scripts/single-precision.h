/*
 * Safe arithmetic on ARM: hides the half-precision vector arithmetic of ARMv8.2 (+fp16) from ggml, which otherwise sums
 * f16 dot products in half precision and overflows at 65,504. -U on the command line is not enough: GCC's arm_neon.h
 * switches targets with pragmas that define the macro again, so the header comes first and the macro goes after it.
 * Conversions between half and single precision do not depend on it. SVE code of ggml sums in single precision.
 * Both seen with GCC 12 as a cross compiler (armv8.2-a+fp16, with SVE, armv9-a); not run on an ARM machine yet: there
 * the proof that follows each build decides.
 */
#if defined(__ARM_NEON) && defined(__ARM_FEATURE_FP16_VECTOR_ARITHMETIC)

#include <arm_neon.h>
#if defined(__ARM_FEATURE_SVE)
#include <arm_sve.h>
#endif
#undef __ARM_FEATURE_FP16_VECTOR_ARITHMETIC

#endif
