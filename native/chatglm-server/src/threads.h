#pragma once

namespace corral {

/**
 * Every graph that chatglm.cpp computes from now on uses exactly so many threads. Left alone it takes half of all
 * hardware threads, whatever CPUs the process may run on, and they spin for each other.
 */
void set_compute_threads(int threads);

/** What `ps -T` and /proc call the calling thread: at most 15 letters. Does nothing where the system can't. */
void name_this_thread(const char *name);

} // namespace corral
