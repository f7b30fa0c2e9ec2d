#include "threads.h"

#include <atomic>

#ifdef __linux__
#include <pthread.h>
#endif

#include <ggml/ggml-backend.h>

namespace {

std::atomic<int> compute_threads{1};

} // namespace

void corral::set_compute_threads(int threads) { compute_threads = threads; }

void corral::name_this_thread([[maybe_unused]] const char *name) {
#ifdef __linux__
    pthread_setname_np(pthread_self(), name);
#endif
}

#ifdef CORRAL_WRAPS_THREADS
// The linker sends chatglm.cpp's calls of ggml_backend_cpu_set_n_threads here (--wrap).
extern "C" void __real_ggml_backend_cpu_set_n_threads(ggml_backend_t backend, int threads);

extern "C" void __wrap_ggml_backend_cpu_set_n_threads(ggml_backend_t backend, int) {
    __real_ggml_backend_cpu_set_n_threads(backend, compute_threads);
}
#endif
