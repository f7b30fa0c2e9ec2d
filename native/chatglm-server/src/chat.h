#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bad_request.h"
#include "tool_calls.h"
#include "vocabulary.h"

namespace corral {

/** A chat as the model was trained to read it. */
struct Prompt {
    std::vector<int> ids;
    /** For people (POST /apply-template). */
    std::string text;
};

/**
 * Messages in OpenAI's shape (role, content as text or parts of text, tool_calls, tool_call_id), and `tools`, to the
 * prompt of this model's type. A last message of the assistant's is continued.
 *
 * ChatGLM-6B and ChatGLM2 were trained without a system role: what a system message says is put in front of the next
 * user message, with an empty line between. They take turns strictly, and know no tools.
 * @param tools as the client offered them; null or an empty array: none
 * @throws BadRequest for roles, orders or contents that the model can't read
 */
Prompt apply_template(chatglm::ModelType type, const Vocabulary &vocabulary, const nlohmann::ordered_json &messages,
                      const nlohmann::ordered_json &tools);

} // namespace corral
