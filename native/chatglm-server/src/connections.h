#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include <cpp-httplib/httplib.h>

namespace corral {

/**
 * A thread for each connection. A request that waits for the model keeps its thread for long; httplib's own pool
 * counts a thread as idle until it has woken, and so can leave a short request (GET /health) behind such a one.
 */
class Connections final : public httplib::TaskQueue {
  public:
    /** @param limit connections at once; beyond it they are closed unheard */
    explicit Connections(size_t limit);

    bool enqueue(std::function<void()> serve) override;
    /** Waits until all have ended. */
    void shutdown() override;

  private:
    /** Also held by the threads: the last may still be letting go of the lock when its owner is gone. */
    struct State {
        std::mutex mutex;
        std::condition_variable ended;
        size_t open = 0;
    };

    const size_t limit_;
    const std::shared_ptr<State> state_;
};

} // namespace corral
