#pragma once

#include <functional>
#include <mutex>

namespace corral {

/**
 * Counts the streams that are being answered. httplib cuts them when it is stopped, unlike plain answers; so it is
 * stopped when the last has ended.
 */
class Streams {
  public:
    /** @return false: no more are taken */
    bool enter();
    void leave();
    /** Takes no more, and calls `then` when none is left: at once, or from the last one's leave(). */
    void close(std::function<void()> then);

  private:
    std::mutex mutex_;
    size_t open_ = 0;
    bool is_closed_ = false;
    std::function<void()> then_;
};

} // namespace corral
