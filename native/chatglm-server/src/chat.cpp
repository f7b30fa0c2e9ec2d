#include "chat.h"

namespace corral {

namespace {

using chatglm::ModelType;
using json = nlohmann::ordered_json;

/** One message as ChatGLM3 and GLM-4 read it: <|role|>metadata, a line break, content. */
struct Turn {
    std::string role;
    std::string metadata;
    std::string content;
};

std::string field(const json &message, const char *name) {
    const auto found = message.find(name);
    return found != message.end() && found->is_string() ? found->get<std::string>() : "";
}

/** A text, or parts of text one behind the other. */
std::string content_of(const json &message) {
    const json content = message.value("content", json());
    if (content.is_null()) {
        return "";
    }
    if (content.is_string()) {
        return content;
    }
    if (!content.is_array()) {
        throw BadRequest("a message's content must be a string or an array of parts");
    }
    std::string text;
    for (const auto &part : content) {
        if (!part.is_object() || field(part, "type") != "text") {
            throw BadRequest("this server reads text only: a message has a part of another type");
        }
        text += field(part, "text");
    }
    return text;
}

/** @return system, user, assistant or observation */
std::string role_of(const json &message) {
    const std::string role = message.is_object() ? field(message, "role") : "";
    if (role == "system" || role == "user" || role == "assistant" || role == "observation") {
        return role;
    }
    if (role == "developer") {
        return "system";
    }
    if (role == "tool" || role == "function") {
        return "observation";
    }
    throw BadRequest("a message's role must be system, user, assistant or tool, not \"" + role + "\"");
}

bool has_calls(const json &message) {
    const auto calls = message.find("tool_calls");
    return calls != message.end() && calls->is_array() && !calls->empty();
}

// ChatGLM-6B and ChatGLM2: rounds of question and answer, written as text.

struct Round {
    std::string question;
    std::string answer;
};

std::vector<Round> rounds_of(const json &messages) {
    std::vector<Round> rounds;
    std::string system;
    bool answered = true;
    for (const auto &message : messages) {
        const std::string role = role_of(message);
        if (role == "observation" || has_calls(message)) {
            throw BadRequest("this model knows no tools");
        }
        if (role == "system") {
            system += content_of(message) + "\n\n";
            continue;
        }
        if ((role == "user") != answered) {
            throw BadRequest("this model reads messages of user and assistant in turns, the first of the user");
        }
        if (role == "user") {
            rounds.push_back({system + content_of(message), ""});
            system.clear();
        } else {
            rounds.back().answer = content_of(message);
        }
        answered = !answered;
    }
    if (rounds.empty() || !system.empty()) {
        throw BadRequest("this model needs a user message, behind what the system says");
    }
    return rounds;
}

std::string rounds_text(ModelType type, const std::vector<Round> &rounds) {
    if (type == ModelType::CHATGLM && rounds.size() == 1 && rounds[0].answer.empty()) {
        return rounds[0].question;
    }
    const bool first = type == ModelType::CHATGLM;
    const std::string gap = first ? "\n" : "\n\n";
    std::string text;
    for (size_t i = 0; i < rounds.size(); i++) {
        text += "[Round " + std::to_string(first ? i : i + 1) + "]" + gap + "问：" + rounds[i].question + gap + "答：" +
                rounds[i].answer + (i + 1 < rounds.size() ? gap : "");
    }
    return text;
}

// ChatGLM3 and GLM-4: messages with special tokens for roles.

void add_calls(ModelType type, const json &calls, std::vector<Turn> &turns) {
    for (const auto &call : calls) {
        const json function = call.is_object() ? call.value("function", json()) : json();
        if (!function.is_object() || field(function, "name").empty()) {
            throw BadRequest("a tool call needs a function with a name");
        }
        turns.push_back({"assistant", field(function, "name"), call_text(type, field(function, "arguments"))});
    }
}

std::vector<Turn> turns_of(ModelType type, const json &messages, const json &tools) {
    std::vector<Turn> turns;
    if (!tools.empty()) {
        turns.push_back({"system", "", tool_prompt(type, tools)});
    }
    for (const auto &message : messages) {
        const std::string role = role_of(message);
        const std::string content = content_of(message);
        if (!has_calls(message) || !content.empty()) {
            turns.push_back({role, "", content});
        }
        if (has_calls(message)) {
            add_calls(type, message["tool_calls"], turns);
        }
    }
    // ChatGLM3 knows one system message: what the client says, then the tools.
    if (type == ModelType::CHATGLM3 && !tools.empty() && turns.size() > 1 && turns[1].role == "system") {
        turns[1].content += "\n\n" + turns[0].content;
        turns.erase(turns.begin());
    }
    return turns;
}

void append(std::vector<int> &ids, const std::vector<int> &more) { ids.insert(ids.end(), more.begin(), more.end()); }

Prompt turns_prompt(const Vocabulary &vocabulary, const std::vector<Turn> &turns, bool continued) {
    Prompt prompt;
    prompt.ids = vocabulary.encode("", true);
    prompt.text = vocabulary.decode(prompt.ids);
    const auto header = [&](const std::string &role) {
        prompt.ids.push_back(vocabulary.special("<|" + role + "|>"));
        prompt.text += "<|" + role + "|>";
    };
    for (const auto &turn : turns) {
        header(turn.role);
        append(prompt.ids, vocabulary.encode(turn.metadata + "\n", false));
        append(prompt.ids, vocabulary.encode(turn.content, false));
        prompt.text += turn.metadata + "\n" + turn.content;
    }
    if (!continued) {
        header("assistant");
    }
    return prompt;
}

} // namespace

Prompt apply_template(ModelType type, const Vocabulary &vocabulary, const json &messages, const json &tools) {
    if (!messages.is_array() || messages.empty()) {
        throw BadRequest("messages must be an array with at least one message");
    }
    if (!tools.is_null() && !tools.is_array()) {
        throw BadRequest("tools must be an array");
    }
    if (knows_tools(type)) {
        const std::vector<Turn> turns = turns_of(type, messages, tools);
        const bool continued =
            turns.back().role == "assistant" && turns.back().metadata.empty() && !turns.back().content.empty();
        return turns_prompt(vocabulary, turns, continued);
    }
    if (!tools.empty()) {
        throw BadRequest("this model knows no tools");
    }
    const std::string text = rounds_text(type, rounds_of(messages));
    const std::string always = vocabulary.decode(vocabulary.encode("", true));
    return {vocabulary.encode(text, true), type == ModelType::CHATGLM ? text + always : always + text};
}

} // namespace corral
