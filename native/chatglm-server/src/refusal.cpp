#include "refusal.h"

namespace corral {

json Refusal::body() const {
    json error = {{"code", status_}, {"message", what()}, {"type", type_}};
    error.update(facts_);
    return {{"error", std::move(error)}};
}

Refusal Refusal::context_exceeded(size_t tokens, int context) {
    return {400, "exceed_context_size_error",
            "request (" + std::to_string(tokens) + " tokens) exceeds the available context size (" +
                std::to_string(context) + " tokens), try increasing it",
            {{"n_prompt_tokens", tokens}, {"n_ctx", context}}};
}

std::string to_text(const json &value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

} // namespace corral
