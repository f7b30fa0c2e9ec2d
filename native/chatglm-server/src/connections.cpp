#include "connections.h"

#include <system_error>
#include <thread>
#include <utility>

#include "threads.h"

namespace corral {

Connections::Connections(size_t limit) : limit_(limit), state_(std::make_shared<State>()) {}

bool Connections::enqueue(std::function<void()> serve) {
    const std::lock_guard lock(state_->mutex);
    if (state_->open >= limit_) {
        return false;
    }
    try {
        std::thread([state = state_, serve = std::move(serve)]() mutable {
            name_this_thread("http");
            serve();
            serve = nullptr;
            const std::lock_guard end(state->mutex);
            state->open--;
            state->ended.notify_all();
        }).detach();
    } catch (const std::system_error &) {
        return false; // the system has no thread left
    }
    state_->open++;
    return true;
}

void Connections::shutdown() {
    std::unique_lock lock(state_->mutex);
    state_->ended.wait(lock, [this] { return state_->open == 0; });
}

} // namespace corral
