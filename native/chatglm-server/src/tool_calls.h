#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "chatglm.h"

namespace corral {

/** Whether models of this type were trained to call tools: ChatGLM3, GLM-4. */
bool knows_tools(chatglm::ModelType type);

/**
 * What the system says of the tools, as the model was trained.
 * @param tools as the client offered them, at least one
 * @throws BadRequest for what is no function
 */
std::string tool_prompt(chatglm::ModelType type, const nlohmann::ordered_json &tools);

/**
 * A call as the model writes it behind the line with the function's name.
 * @param arguments as in OpenAI's tool_calls: JSON as a string
 * @throws BadRequest where ChatGLM3, which writes Python, can't be given these
 */
std::string call_text(chatglm::ModelType type, const std::string &arguments);

/** An answer, with the tool calls that were in it. */
struct ParsedAnswer {
    std::string content;
    /** OpenAI's `tool_calls`, or an empty array. */
    nlohmann::ordered_json tool_calls;
};

/**
 * Reads the call that ChatGLM3 and GLM-4 write as text: a line with the function's name, and its arguments. An answer
 * is one call or text, never both.
 * @param tools as the client offered them: a name that is not among them is text
 */
ParsedAnswer parse_answer(chatglm::ModelType type, const std::string &text, const nlohmann::ordered_json &tools);

/** Whether text that begins so may still become a tool call, and so must not be streamed as content yet. */
bool may_be_tool_call(chatglm::ModelType type, const std::string &text, const nlohmann::ordered_json &tools);

} // namespace corral
