#pragma once

#include <string>
#include <vector>

#include "generate.h"
#include "refusal.h"

namespace corral {

/** What a client asked for, checked: nothing in it can upset the model. */
struct Request {
    GenerationRequest generation;
    bool stream = false;
    /** A stream ends with a chunk that has `usage`. */
    bool include_usage = false;
    /** A chat's tools; empty: none were offered, or none may be called. */
    json tools = json::array();
    /** The beginning of an answer that the client gave and the model goes on with. */
    std::string continued;
    /** Whether a stream begins with `continued`. A whole answer does so always. */
    bool stream_repeats = true;
};

/**
 * POST /v1/completions and, with "n_predict", /completion.
 * @throws Refusal with the status 400
 */
Request read_completion(const json &body, const Model &model);

/**
 * POST /v1/chat/completions.
 * @throws Refusal with the status 400, BadRequest
 */
Request read_chat(const json &body, const Model &model);

/** Messages and tools as the model reads them. @throws Refusal with the status 400, BadRequest */
std::string read_template(const json &body, const Model &model);

/**
 * One text, token ids, or both mixed in an array.
 * @param name of the field, for errors
 * @throws Refusal with the status 400
 */
std::vector<int> read_tokens(const json &value, const std::string &name, const Vocabulary &vocabulary,
                             bool add_special, bool parse_special);

} // namespace corral
