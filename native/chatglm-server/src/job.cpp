#include "job.h"

#include <utility>

namespace corral {

News Job::wait(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, limit, [this] { return !news_.empty(); });
    return std::exchange(news_, {});
}

void Job::say(const std::string &text) {
    const std::lock_guard lock(mutex_);
    news_.texts.push_back(text);
    changed_.notify_one();
}

void Job::finish(Generation end) {
    const std::lock_guard lock(mutex_);
    news_.end = std::move(end);
    changed_.notify_one();
}

void Job::fail(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    news_.failure = std::move(failure);
    changed_.notify_one();
}

} // namespace corral
