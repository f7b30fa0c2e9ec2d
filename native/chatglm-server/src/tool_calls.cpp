#include "tool_calls.h"

#include <algorithm>
#include <optional>
#include <random>
#include <string_view>

#include "bad_request.h"
#include "python_call.h"

namespace corral {

namespace {

using json = nlohmann::ordered_json;

bool writes_python(chatglm::ModelType type) { return type == chatglm::ModelType::CHATGLM3; }

const json &function_of(const json &tool) {
    if (!tool.is_object() || tool.value("type", json("function")) != "function" || !tool.contains("function") ||
        !tool["function"].is_object() || !tool["function"].contains("name") || !tool["function"]["name"].is_string()) {
        throw BadRequest(
            "tools must be functions with a name: {\"type\": \"function\", \"function\": {\"name\": ...}}");
    }
    return tool["function"];
}

std::string_view trimmed(std::string_view text) {
    const size_t begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) {
        return "";
    }
    return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

/** What is between the fences of a block of code; nothing where the text is no such block. */
std::optional<std::string_view> inside_fences(std::string_view text) {
    const size_t line = text.find('\n');
    if (text.substr(0, 3) != "```" || line == std::string_view::npos || text.size() < line + 4 ||
        text.substr(text.size() - 3) != "```") {
        return std::nullopt;
    }
    return text.substr(line + 1, text.size() - 3 - line - 1);
}

/** Arguments from what stands behind the function's name. */
std::optional<json> read_arguments(chatglm::ModelType type, std::string_view text) {
    if (writes_python(type)) {
        const auto code = inside_fences(text);
        return code ? read_python_call(trimmed(*code)) : std::nullopt;
    }
    json arguments = json::parse(text, nullptr, false);
    return arguments.is_object() ? std::optional<json>(std::move(arguments)) : std::nullopt;
}

/** Unlike any other, as clients that collect calls by it expect. */
std::string call_id() {
    std::random_device random;
    std::string id = "call_";
    for (int i = 0; i < 24; i++) {
        id += "0123456789abcdefghijklmnopqrstuvwxyz"[random() % 36];
    }
    return id;
}

} // namespace

bool knows_tools(chatglm::ModelType type) {
    return type != chatglm::ModelType::CHATGLM && type != chatglm::ModelType::CHATGLM2;
}

std::string tool_prompt(chatglm::ModelType type, const json &tools) {
    if (writes_python(type)) {
        json functions = json::array();
        for (const auto &tool : tools) {
            functions.push_back(function_of(tool));
        }
        return "Answer the following questions as best as you can. You have access to the following tools:\n" +
               functions.dump(4);
    }
    std::string text = "你是一个名为 ChatGLM 的人工智能助手。你是基于智谱AI训练的语言模型 GLM-4 模型开发的，"
                       "你的任务是针对用户的问题和要求提供适当的答复和支持。\n\n# 可用工具";
    for (const auto &tool : tools) {
        const json &function = function_of(tool);
        text += "\n\n## " + function["name"].get<std::string>() + "\n\n" + function.dump(4) +
                "\n在调用上述函数时，请使用 Json 格式表示调用的参数。";
    }
    return text;
}

std::string call_text(chatglm::ModelType type, const std::string &arguments) {
    if (!writes_python(type)) {
        return arguments;
    }
    const json parsed = json::parse(arguments.empty() ? "{}" : arguments, nullptr, false);
    if (!parsed.is_object()) {
        throw BadRequest("the arguments of a tool call must be a JSON object: " + arguments);
    }
    return "```python\n" + write_python_call("tool_call", parsed) + "\n```";
}

ParsedAnswer parse_answer(chatglm::ModelType type, const std::string &text, const json &tools) {
    ParsedAnswer answer{text, json::array()};
    const std::string_view whole = trimmed(text);
    const size_t line = whole.find('\n');
    if (!knows_tools(type) || !tools.is_array() || line == std::string_view::npos) {
        return answer;
    }
    const std::string_view name = trimmed(whole.substr(0, line));
    const bool offered = std::any_of(tools.begin(), tools.end(),
                                     [&](const json &tool) { return function_of(tool)["name"] == std::string(name); });
    if (const auto arguments = offered ? read_arguments(type, trimmed(whole.substr(line))) : std::nullopt) {
        const json function = {{"name", std::string(name)}, {"arguments", arguments->dump()}};
        answer.tool_calls.push_back({{"id", call_id()}, {"type", "function"}, {"function", function}});
        answer.content.clear();
    }
    return answer;
}

bool may_be_tool_call(chatglm::ModelType type, const std::string &text, const json &tools) {
    if (!knows_tools(type) || !tools.is_array()) {
        return false;
    }
    const size_t begin = std::min(text.find_first_not_of(" \t\r\n"), text.size());
    const std::string_view whole = std::string_view(text).substr(begin);
    const size_t line = whole.find('\n');
    const std::string_view name = trimmed(whole.substr(0, line));
    const std::string_view rest = line == std::string_view::npos ? "" : trimmed(whole.substr(line));
    const std::string_view expected = writes_python(type) ? "```" : "{";
    const size_t compared = std::min(rest.size(), expected.size());
    return std::any_of(tools.begin(), tools.end(), [&](const json &tool) {
        const std::string offered = function_of(tool)["name"];
        return line == std::string_view::npos
                   ? offered.compare(0, name.size(), name) == 0
                   : offered == name && rest.substr(0, compared) == expected.substr(0, compared);
    });
}

} // namespace corral
