#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "model.h"
#include "sampler.h"

namespace corral {

struct GenerationRequest {
    std::vector<int> prompt;
    /** -1: up to the context's end. */
    int max_tokens = -1;
    Sampling sampling;
    std::vector<std::string> stops;
    /** For chats: an answer begins with its first letter, not with the line break behind its header. */
    bool trim_start = false;
    bool reuse_prefix = true;
    bool ignore_end = false;
};

/** In the meaning of llama-server's `timings`. Milliseconds. */
struct Timings {
    /** Tokens of the prompt that were still there. */
    int cached = 0;
    /** Tokens of the prompt that were read: the prompt has cached + prompt_tokens. */
    int prompt_tokens = 0;
    double prompt_ms = 0;
    /** Tokens drawn, the one that ended the answer among them. */
    int predicted_tokens = 0;
    double predicted_ms = 0;
};

/** Why an answer is over. `length`: max_tokens, or the context's end. */
enum class Finish { end, stop_string, length, cancelled };

struct Generation {
    Finish finish = Finish::end;
    /** All that on_text got. */
    std::string text;
    /** With Finish::stop_string: which. */
    std::string stopped_by;
    /** Drawn tokens, without the one that ended the answer. */
    std::vector<int> tokens;
    Timings timings;
};

/** Counts turns of the loop for whoever watches it: each prefill chunk and each token begun. */
using Turns = std::atomic<uint64_t>;

/**
 * Runs one request to its end.
 * @param on_text gets text as it comes, whole characters, never empty; false cancels
 * @param is_cancelled asked before each prefill chunk and each token
 * @throws BadRequest when the prompt is empty, has ids that aren't tokens, or leaves no room in the context for one
 *   token: check that before, for a better answer
 * @throws std::runtime_error when the model computes no number that could be drawn from
 */
Generation generate(Model &model, const GenerationRequest &request, Turns &turns,
                    const std::function<bool(const std::string &)> &on_text, const std::function<bool()> &is_cancelled);

} // namespace corral
