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

/** Counts brackets and colons; whether it is JSON at all is the parser's to say. */
void check_shape(const std::string &text) {
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
                throw Refusal::invalid("the body nests more than " + std::to_string(deepest) + " deep");
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
                throw Refusal::invalid("an object in the body has more than " + std::to_string(most_members) +
                                       " members");
            }
            break;
        }
    }
}

} // namespace

json parse_body(const std::string &text) {
    check_shape(text);
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
