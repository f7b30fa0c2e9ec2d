#include "streams.h"

#include <utility>

namespace corral {

bool Streams::enter() {
    const std::lock_guard lock(mutex_);
    if (is_closed_) {
        return false;
    }
    open_++;
    return true;
}

void Streams::leave() {
    const std::lock_guard lock(mutex_);
    open_--;
    if (is_closed_ && open_ == 0) {
        then_();
    }
}

void Streams::close(std::function<void()> then) {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    then_ = std::move(then);
    if (open_ == 0) {
        then_();
    }
}

} // namespace corral
