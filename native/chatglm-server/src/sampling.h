#pragma once

#include "refusal.h"
#include "sampler.h"
#include "vocabulary.h"

namespace corral {

/**
 * How a request wants its tokens drawn, by llama-server's names and limits. Without a seed, or with -1, a random one.
 * @throws Refusal with the status 400
 */
Sampling read_sampling(const json &body, const Vocabulary &vocabulary);

} // namespace corral
