#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "generate.h"

namespace corral {

/** What has come of a job since it was last asked. */
struct News {
    std::vector<std::string> texts;
    std::optional<Generation> end;
    /** What the model threw; null: nothing. */
    std::exception_ptr failure;

    bool empty() const { return texts.empty() && !is_last(); }
    bool is_last() const { return end || failure; }
};

/** One generation between two threads: that of its client, and the one that owns the model. */
class Job {
  public:
    explicit Job(GenerationRequest request) : request(std::move(request)) {}

    const GenerationRequest request;

    // The client's thread.
    /** Waits until there is news; none when the time is over. */
    News wait(std::chrono::milliseconds limit);
    /** Nobody wants it any more. */
    void cancel() { is_cancelled_ = true; }

    // The model's thread.
    bool is_cancelled() const { return is_cancelled_; }
    void say(const std::string &text);
    void finish(Generation end);
    void fail(std::exception_ptr failure);

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    News news_;
    std::atomic<bool> is_cancelled_{false};
};

} // namespace corral
