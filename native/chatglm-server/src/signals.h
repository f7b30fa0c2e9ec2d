#pragma once

#include <atomic>
#include <csignal>
#include <functional>
#include <thread>

namespace corral {

/**
 * SIGTERM and SIGINT. The first calls the function, in a thread of its own; the second ends the process at once with
 * exit code 1. Made before any other thread: these must not get the signals.
 */
class Signals {
  public:
    explicit Signals(std::function<void()> on_first);
    ~Signals();

  private:
    void watch(const std::function<void()> &on_first);

    sigset_t signals_;
    std::atomic<bool> is_over_{false};
    std::thread thread_;
};

} // namespace corral
