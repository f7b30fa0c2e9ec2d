#include "scheduler.h"

#include <algorithm>
#include <exception>

namespace corral {

bool Scheduler::submit(const std::shared_ptr<Job> &job) {
    const std::lock_guard lock(mutex_);
    // One more where the model is idle: that job will not wait.
    if (is_closed_ || waiting_.size() >= places_ + (is_busy_ ? 0 : 1)) {
        return false;
    }
    waiting_.push_back(job);
    changed_.notify_one();
    return true;
}

void Scheduler::withdraw(const std::shared_ptr<Job> &job) {
    job->cancel();
    const std::lock_guard lock(mutex_);
    waiting_.erase(std::remove(waiting_.begin(), waiting_.end(), job), waiting_.end());
}

Figures Scheduler::figures() const {
    const std::lock_guard lock(mutex_);
    Figures now = figures_;
    now.turns = turns_;
    now.processing = is_busy_ ? 1 : 0;
    now.waiting = waiting_.size();
    return now;
}

void Scheduler::close() {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    changed_.notify_one();
}

void Scheduler::run(Model &model) {
    while (const std::shared_ptr<Job> job = next()) {
        run_one(model, *job);
    }
}

std::shared_ptr<Job> Scheduler::next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_closed_ || !waiting_.empty(); });
    if (waiting_.empty()) {
        return nullptr;
    }
    const std::shared_ptr<Job> job = waiting_.front();
    waiting_.pop_front();
    is_busy_ = true;
    return job;
}

// The slot is released before the client hears of the end: who asks again at once finds it free.
void Scheduler::run_one(Model &model, Job &job) {
    const auto say = [&job](const std::string &text) {
        job.say(text);
        return !job.is_cancelled();
    };
    try {
        Generation end = generate(model, job.request, turns_, say, [&job] { return job.is_cancelled(); });
        count(end.timings);
        release();
        job.finish(std::move(end));
    } catch (...) {
        release();
        job.fail(std::current_exception());
    }
}

void Scheduler::count(const Timings &timings) {
    const std::lock_guard lock(mutex_);
    figures_.prompt_tokens += timings.prompt_tokens;
    figures_.cached_tokens += timings.cached;
    figures_.prompt_seconds += timings.prompt_ms / 1000;
    figures_.predicted_tokens += timings.predicted_tokens;
    figures_.predicted_seconds += timings.predicted_ms / 1000;
    const uint64_t length = timings.cached + timings.prompt_tokens + timings.predicted_tokens;
    figures_.longest = std::max(figures_.longest, length);
}

void Scheduler::release() {
    const std::lock_guard lock(mutex_);
    is_busy_ = false;
}

} // namespace corral
