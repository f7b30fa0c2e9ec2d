#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include "job.h"

namespace corral {

/** Sums over all generations since the start, and what goes on now. */
struct Figures {
    uint64_t prompt_tokens = 0;
    uint64_t cached_tokens = 0;
    double prompt_seconds = 0;
    uint64_t predicted_tokens = 0;
    double predicted_seconds = 0;
    /** The longest prompt with its answer. */
    uint64_t longest = 0;
    uint64_t turns = 0;
    size_t processing = 0;
    size_t waiting = 0;
};

/** The queue in front of the model: one generation runs at a time, first come first served. */
class Scheduler {
  public:
    /** @param places for jobs that wait while one runs */
    explicit Scheduler(size_t places) : places_(places) {}

    // From any thread.
    /** @return whether there was a place */
    bool submit(const std::shared_ptr<Job> &job);
    /** Cancels it; if it still waits, its place is free at once. */
    void withdraw(const std::shared_ptr<Job> &job);
    Figures figures() const;
    /** No more jobs will come: `run` returns after the last. */
    void close();

    /** Runs what is submitted, in the thread that owns the model, until it is closed. */
    void run(Model &model);

  private:
    std::shared_ptr<Job> next();
    void run_one(Model &model, Job &job);
    void count(const Timings &timings);
    void release();

    const size_t places_;
    Turns turns_{0};
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::shared_ptr<Job>> waiting_;
    Figures figures_;
    bool is_busy_ = false;
    bool is_closed_ = false;
};

} // namespace corral
