#include "threads.h"

#include <atomic>

#include <ggml/ggml-backend.h>

namespace {

std::atomic<int> compute_threads{1};

} // namespace

void corral::set_compute_threads(int threads) { compute_threads = threads; }

#ifdef CORRAL_WRAPS_THREADS
// The linker sends chatglm.cpp's calls of ggml_backend_cpu_set_n_threads here (--wrap).
extern "C" void __real_ggml_backend_cpu_set_n_threads(ggml_backend_t backend, int threads);

extern "C" void __wrap_ggml_backend_cpu_set_n_threads(ggml_backend_t backend, int) {
    __real_ggml_backend_cpu_set_n_threads(backend, compute_threads);
}
#endif
