#pragma once
// LUMA_SIMD_CLONES in front of a function: compiled for AVX2 and for the baseline, and the right
// one is picked when the program starts. Sanitized builds do without: their runtime is not up yet
// when the choice is made.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define LUMA_SIMD_CLONES __attribute__((target_clones("avx2", "default"), optimize("O3")))
#else
#define LUMA_SIMD_CLONES
#endif
