#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace corral {

/** A call with literals by name, as ChatGLM3 writes its tool calls: tool_call(city='Beijing', days=3). */
std::string write_python_call(const std::string &function, const nlohmann::ordered_json &arguments);

/** The arguments of such a call; nothing where it is another one, or none at all. */
std::optional<nlohmann::ordered_json> read_python_call(std::string_view code);

} // namespace corral
