#include "sampler.h"

#include <cmath>
#include <limits>
#include <map>

#include "test.h"

using corral::Sampler;
using corral::Sampling;

namespace {

const std::vector<bool> four(4, true);

/** All filters off: what is drawn follows from the logits alone. */
Sampling plain() {
    Sampling sampling;
    sampling.temperature = 1;
    sampling.top_k = 0;
    sampling.top_p = 1;
    sampling.min_p = 0;
    return sampling;
}

std::vector<int> draws(const Sampling &sampling, std::vector<float> logits, int count,
                       const std::vector<bool> &drawable = four) {
    Sampler sampler(sampling, drawable);
    std::vector<int> ids;
    for (int i = 0; i < count; i++) {
        std::vector<float> copy = logits;
        ids.push_back(sampler.draw(copy));
    }
    return ids;
}

std::map<int, int> histogram(const std::vector<int> &ids) {
    std::map<int, int> counts;
    for (const int id : ids) {
        counts[id]++;
    }
    return counts;
}

std::vector<int> kinds(const std::vector<int> &ids) {
    std::vector<int> kinds;
    for (const auto &[id, count] : histogram(ids)) {
        kinds.push_back(id);
    }
    return kinds;
}

} // namespace

TEST("sampler: temperature 0 takes the likeliest, of equals the first") {
    Sampling sampling = plain();
    sampling.temperature = 0;
    CHECK_EQUAL(draws(sampling, {1, 3, 3, 2}, 3), (std::vector<int>{1, 1, 1}));
    sampling.temperature = -1;
    CHECK_EQUAL(draws(sampling, {-5, -7, -1, -2}, 1), (std::vector<int>{2}));
}

TEST("sampler: draws in proportion, alike for one seed, unlike for another") {
    Sampling sampling = plain();
    const std::vector<float> logits = {std::log(0.1f), std::log(0.2f), std::log(0.3f), std::log(0.4f)};
    const std::vector<int> ids = draws(sampling, logits, 20000);
    for (const auto &[id, count] : histogram(ids)) {
        CHECK(std::abs(count / 20000.0 - (id + 1) / 10.0) < 0.02);
    }
    CHECK_EQUAL(draws(sampling, logits, 20000), ids);
    sampling.seed = 1;
    CHECK(draws(sampling, logits, 100) != std::vector<int>(ids.begin(), ids.begin() + 100));
}

TEST("sampler: the same draws on any machine") {
    CHECK_EQUAL(draws(plain(), {0, 0, 0, 0}, 8), (std::vector<int>{2, 2, 2, 3, 2, 3, 2, 3}));
}

TEST("sampler: temperature flattens and sharpens") {
    Sampling sampling = plain();
    sampling.temperature = 0.1f;
    CHECK(histogram(draws(sampling, {1, 2, 3, 4}, 1000))[3] > 990);
    sampling.temperature = 100;
    CHECK(histogram(draws(sampling, {1, 2, 3, 4}, 1000))[0] > 200);
}

TEST("sampler: top-k, top-p and min-p leave out the unlikely") {
    const std::vector<float> logits = {std::log(0.5f), std::log(0.3f), std::log(0.15f), std::log(0.05f)};
    Sampling sampling = plain();
    sampling.top_k = 2;
    CHECK_EQUAL(kinds(draws(sampling, logits, 1000)), (std::vector<int>{0, 1}));
    sampling = plain();
    sampling.top_p = 0.75f;
    CHECK_EQUAL(kinds(draws(sampling, logits, 1000)), (std::vector<int>{0, 1}));
    sampling.top_p = 0.81f;
    CHECK_EQUAL(kinds(draws(sampling, logits, 1000)), (std::vector<int>{0, 1, 2}));
    sampling.top_p = 0;
    CHECK_EQUAL(kinds(draws(sampling, logits, 1000)), (std::vector<int>{0}));
    sampling = plain();
    sampling.min_p = 0.25f;
    CHECK_EQUAL(kinds(draws(sampling, logits, 1000)), (std::vector<int>{0, 1, 2}));
    sampling.min_p = 2;
    CHECK_EQUAL(kinds(draws(sampling, logits, 1000)), (std::vector<int>{0}));
}

TEST("sampler: filters look at the likelihoods before the temperature") {
    Sampling sampling = plain();
    sampling.temperature = 50;
    sampling.top_p = 0.75f;
    CHECK_EQUAL(kinds(draws(sampling, {std::log(0.5f), std::log(0.3f), std::log(0.2f), -20}, 1000)),
                (std::vector<int>{0, 1}));
}

TEST("sampler: penalties, of the prompt's tokens too, as far back as told") {
    Sampling sampling = plain();
    sampling.temperature = 0;
    sampling.presence_penalty = 1.5f;
    const auto first = [&](const std::vector<int> &prompt, std::vector<float> logits) {
        Sampler sampler(sampling, four);
        for (const int id : prompt) {
            sampler.remember(id);
        }
        return sampler.draw(logits);
    };
    CHECK_EQUAL(first({}, {4, 3, 2, 1}), 0);
    CHECK_EQUAL(first({0}, {4, 3, 2, 1}), 1);
    CHECK_EQUAL(first({0, 0, 0}, {4, 2.4f, 2, 1}), 0);
    sampling.presence_penalty = 0;
    sampling.frequency_penalty = 0.6f;
    CHECK_EQUAL(first({0, 0, 0}, {4, 2.4f, 2, 1}), 1);
    sampling.repeat_last_n = 1;
    CHECK_EQUAL(first({0, 0, 0}, {4, 2.4f, 2, 1}), 0);
    sampling.repeat_last_n = 0;
    CHECK_EQUAL(first({0, 0, 0}, {4, 3.9f, 2, 1}), 0);
    sampling = plain();
    sampling.temperature = 0;
    sampling.repeat_penalty = 2;
    CHECK_EQUAL(first({0}, {4, 3, 2, 1}), 1);
    CHECK_EQUAL(first({0}, {-1, -1.9f, -3, -4}), 1);
    CHECK_EQUAL(first({0, 1, 2, 3}, {-1, -1.9f, -3, -4}), 0);
    // Its own draws count, too.
    sampling.repeat_last_n = -1;
    CHECK_EQUAL(draws(sampling, {4, 3, 2.5f, 0}, 4), (std::vector<int>{0, 1, 2, 0}));
}

TEST("sampler: bias moves a token, and forbids it") {
    Sampling sampling = plain();
    sampling.temperature = 0;
    sampling.logit_bias = {{3, 5.0f}, {-1, 9.0f}, {99, 9.0f}};
    CHECK_EQUAL(draws(sampling, {4, 3, 2, 1}, 1), (std::vector<int>{3}));
    sampling.logit_bias = {{0, -std::numeric_limits<float>::infinity()}};
    CHECK_EQUAL(draws(sampling, {4, 3, 2, 1}, 1), (std::vector<int>{1}));
    sampling = plain();
    sampling.logit_bias = {{2, std::numeric_limits<float>::infinity()}};
    CHECK_EQUAL(kinds(draws(sampling, {4, 3, 2, 1}, 100)), (std::vector<int>{2}));
}

TEST("sampler: never what may not be drawn, nor what is no number") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    CHECK_EQUAL(kinds(draws(plain(), {nan, 1, 99, 1}, 1000, {true, true, false, true})), (std::vector<int>{1, 3}));
    CHECK(thrown<std::runtime_error>([&] { draws(plain(), {nan, nan, nan, nan}, 1); }) != "");
    CHECK(thrown<std::runtime_error>([&] { draws(plain(), {1, 1, 1, 1}, 1, std::vector<bool>(4, false)); }) != "");
    // More logits than tokens.
    CHECK_EQUAL(kinds(draws(plain(), {1, 1, 50, 50}, 100, {true, true})), (std::vector<int>{0, 1}));
}
