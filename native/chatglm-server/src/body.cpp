#include "body.h"

#include <vector>

namespace corral {

namespace {

/** The deepest that tool definitions get is about 20. */
constexpr size_t deepest = 256;
/** At this many a body of several MB parses in about a second at worst: time grows with their square. */
constexpr size_t most_members = 1024;

/** Index of the closing quote, or the text's length. */
size_t end_of_string(const std::string &text, size_t start) {
    size_t i = start;
    while (i < text.size() && text[i] != '"') {
        i += text[i] == '\\' ? 2 : 1;
    }
    return i;
}

} // namespace

std::string shape_fault(const std::string &text) {
    std::vector<size_t> members;
    for (size_t i = 0; i < text.size(); ++i) {
        switch (text[i]) {
        case '"':
            i = end_of_string(text, i + 1);
            break;
        case '[':
        case '{':
            members.push_back(0);
            if (members.size() > deepest) {
                return "nests more than " + std::to_string(deepest) + " deep";
            }
            break;
        case ']':
        case '}':
            if (!members.empty()) {
                members.pop_back();
            }
            break;
        case ':':
            if (!members.empty() && ++members.back() > most_members) {
                return "has an object of more than " + std::to_string(most_members) + " members";
            }
            break;
        }
    }
    return "";
}

json parse_body(const std::string &text) {
    if (const std::string fault = shape_fault(text); !fault.empty()) {
        throw Refusal::invalid("the body " + fault);
    }
    json body;
    try {
        body = json::parse(text);
    } catch (const json::exception &error) {
        throw Refusal::invalid(std::string("the body is no valid JSON: ") + error.what());
    }
    if (!body.is_object()) {
        throw Refusal::invalid("the body must be a JSON object");
    }
    return body;
}

} // namespace corral
