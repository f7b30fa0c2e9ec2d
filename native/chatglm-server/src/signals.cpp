#include "signals.h"

#include <cstdlib>

#include "threads.h"

namespace corral {

Signals::Signals(std::function<void()> on_first) {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    thread_ = std::thread([this, on_first = std::move(on_first)] { watch(on_first); });
}

Signals::~Signals() {
    is_over_ = true;
    pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
}

void Signals::watch(const std::function<void()> &on_first) {
    name_this_thread("signals");
    int signal = 0;
    sigwait(&signals_, &signal);
    if (is_over_) {
        return;
    }
    on_first();
    sigwait(&signals_, &signal);
    if (!is_over_) {
        std::_Exit(1);
    }
}

} // namespace corral
