/*
 * Mends AMX under GCC up to at least 12, whose _tile_loadconfig tells the optimiser that it reads 8 of the 64 bytes of
 * a tile configuration: the stores of the rest are dropped, and the instruction faults on what was never written.
 * Forced into every file of a build with -include; does nothing where AMX is not compiled for, and nothing new where
 * the compiler's own intrinsic is right.
 */
#if defined(__AMX_TILE__) && defined(__x86_64__)

#include <immintrin.h>

struct corral_tile_config {
    char bytes[64];
} __attribute__((__may_alias__));

static __inline__ __attribute__((__always_inline__, __unused__)) void corral_tile_loadconfig(const void * config) {
    __asm__ volatile("ldtilecfg\t%0" : : "m"(*(const struct corral_tile_config *) config));
}

#undef _tile_loadconfig
#define _tile_loadconfig(config) corral_tile_loadconfig(config)

#endif
