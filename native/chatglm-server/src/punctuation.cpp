#include "punctuation.h"

namespace corral {

namespace {

/** The full-width form of punctuation; null: it is none. */
const char *full_width(char c) {
    switch (c) {
    case ',':
        return "，";
    case '!':
        return "！";
    case ':':
        return "：";
    case ';':
        return "；";
    case '?':
        return "？";
    default:
        return nullptr;
    }
}

/** U+4E00 to U+9FFF: three bytes, E4 B8 80 to E9 BF BF. */
bool begins_with_chinese(std::string_view text) {
    return text.size() >= 3 && text.substr(0, 3) >= "\xe4\xb8\x80" && text.substr(0, 3) <= "\xe9\xbf\xbf";
}

/** Whether it takes more bytes to tell. */
bool may_become_chinese(std::string_view text) {
    return text.size() < 3 && (text.empty() || (text[0] >= '\xe4' && text[0] <= '\xe9'));
}

} // namespace

std::string Punctuation::add(std::string_view bytes) {
    held_ += bytes;
    std::string text;
    std::string_view rest = held_;
    while (!rest.empty() && !may_become_chinese(rest)) {
        const char *const wide = full_width(rest[0]);
        if (wide && !behind_chinese_ && may_become_chinese(rest.substr(1))) {
            break;
        }
        if (wide && (behind_chinese_ || begins_with_chinese(rest.substr(1)))) {
            text += wide;
            rest.remove_prefix(1);
            behind_chinese_ = false;
            continue;
        }
        behind_chinese_ = begins_with_chinese(rest);
        const size_t length = behind_chinese_ ? 3 : 1;
        text += rest.substr(0, length);
        rest.remove_prefix(length);
    }
    held_.erase(0, held_.size() - rest.size());
    return text;
}

std::string Punctuation::finish() {
    std::string text;
    text.swap(held_);
    return text;
}

} // namespace corral
