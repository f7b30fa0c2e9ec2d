#include "sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace corral {

namespace {

constexpr float forbidden = -std::numeric_limits<float>::infinity();

/** Logits to probabilities, of candidates whose first is the likeliest. */
template <typename Candidates> void softmax(Candidates &candidates) {
    const float highest = candidates.front().value;
    double sum = 0;
    for (auto &candidate : candidates) {
        candidate.value = std::exp(candidate.value - highest);
        sum += candidate.value;
    }
    for (auto &candidate : candidates) {
        candidate.value = static_cast<float>(candidate.value / sum);
    }
}

} // namespace

Sampler::Sampler(Sampling parameters, const std::vector<bool> &drawable)
    : parameters_(std::move(parameters)), drawable_(drawable), random_(parameters_.seed) {}

void Sampler::remember(int id) { past_.push_back(id); }

int Sampler::draw(std::vector<float> &logits) {
    for (size_t id = 0; id < logits.size(); id++) {
        if (std::isnan(logits[id]) || id >= drawable_.size() || !drawable_[id]) {
            logits[id] = forbidden;
        }
    }
    for (const auto &[id, bias] : parameters_.logit_bias) {
        if (id >= 0 && static_cast<size_t>(id) < logits.size()) {
            logits[id] += bias;
        }
    }
    penalise(logits);
    const int id = pick(candidates(logits));
    remember(id);
    return id;
}

/** As llama.cpp's penalties sampler: repeat by ratio, frequency by count, presence once. */
void Sampler::penalise(std::vector<float> &logits) const {
    const size_t window =
        parameters_.repeat_last_n < 0 ? past_.size() : std::min<size_t>(parameters_.repeat_last_n, past_.size());
    std::unordered_map<int, int> counts;
    for (size_t i = past_.size() - window; i < past_.size(); i++) {
        if (past_[i] >= 0 && static_cast<size_t>(past_[i]) < logits.size()) {
            counts[past_[i]]++;
        }
    }
    for (const auto &[id, count] : counts) {
        float &logit = logits[id];
        // A ratio moves every logit down, on either side of zero.
        logit = logit > 0 ? logit / parameters_.repeat_penalty : logit * parameters_.repeat_penalty;
        logit -= static_cast<float>(count) * parameters_.frequency_penalty + parameters_.presence_penalty;
    }
}

/** What top-k leaves, the likeliest first; of equals the one with the lower id, so that the order is one. */
std::vector<Sampler::Candidate> Sampler::candidates(const std::vector<float> &logits) const {
    std::vector<Candidate> all;
    all.reserve(logits.size());
    for (size_t id = 0; id < logits.size(); id++) {
        if (logits[id] > forbidden) {
            all.push_back({static_cast<int>(id), logits[id]});
        }
    }
    if (all.empty()) {
        throw std::runtime_error("no token is left to draw from: the model computed no number, or all are forbidden");
    }
    size_t kept = all.size();
    if (parameters_.temperature <= 0) {
        kept = 1;
    } else if (parameters_.top_k > 0) {
        kept = std::min<size_t>(parameters_.top_k, kept);
    }
    const auto likelier = [](const Candidate &a, const Candidate &b) {
        return a.value > b.value || (a.value == b.value && a.id < b.id);
    };
    if (kept < all.size()) {
        std::nth_element(all.begin(), all.begin() + kept, all.end(), likelier);
        all.resize(kept);
    }
    std::sort(all.begin(), all.end(), likelier);
    return all;
}

/** Top-p, min-p, temperature, and a throw of the dice: llama-server's order. */
int Sampler::pick(const std::vector<Candidate> &candidates) {
    if (candidates.size() == 1) {
        return candidates.front().id;
    }
    std::vector<Candidate> shares = candidates;
    softmax(shares);
    size_t kept = shares.size();
    if (parameters_.top_p < 1) {
        double sum = 0;
        for (kept = 0; kept < shares.size() && (kept == 0 || sum < parameters_.top_p); kept++) {
            sum += shares[kept].value;
        }
    }
    const float least = parameters_.min_p * shares.front().value;
    while (kept > 1 && shares[kept - 1].value < least) {
        kept--;
    }
    shares.assign(candidates.begin(), candidates.begin() + kept);
    for (auto &share : shares) {
        // Logits of either sign may be infinite by a bias: their distance from the likeliest must stay a number.
        share.value = share.value == candidates.front().value
                          ? 0
                          : (share.value - candidates.front().value) / parameters_.temperature;
    }
    softmax(shares);

    // std::discrete_distribution differs between C++ libraries; this doesn't.
    double point = random_() / 4294967296.0;
    for (const auto &share : shares) {
        point -= share.value;
        if (point < 0) {
            return share.id;
        }
    }
    return shares.back().id;
}

} // namespace corral
