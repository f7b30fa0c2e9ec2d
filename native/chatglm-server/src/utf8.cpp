#include "utf8.h"

#include <algorithm>

namespace corral {

namespace {

/** Length that the first byte announces; 0: no first byte. C0, C1 and F5 on begin nothing that is allowed. */
size_t announced(unsigned char first) {
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xc2 && first <= 0xdf) {
        return 2;
    }
    if (first >= 0xe0 && first <= 0xef) {
        return 3;
    }
    return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/** Bytes that go on as the first one announced. Overlong forms, surrogates and what is beyond U+10FFFF don't. */
size_t going_on(std::string_view text) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const size_t length = std::min(announced(byte(0)), text.size());
    for (size_t i = 1; i < length; i++) {
        unsigned char least = 0x80;
        unsigned char most = 0xbf;
        if (i == 1) {
            least = byte(0) == 0xe0 ? 0xa0 : byte(0) == 0xf0 ? 0x90 : least;
            most = byte(0) == 0xed ? 0x9f : byte(0) == 0xf4 ? 0x8f : most;
        }
        if (byte(i) < least || byte(i) > most) {
            return i;
        }
    }
    return length;
}

} // namespace

size_t utf8_length(std::string_view text) {
    if (text.empty()) {
        return 0;
    }
    const size_t length = announced(static_cast<unsigned char>(text[0]));
    return length > 0 && going_on(text) == length ? length : 0;
}

size_t utf8_unfinished(std::string_view text) {
    for (size_t length = std::min<size_t>(3, text.size()); length > 0; length--) {
        const std::string_view end = text.substr(text.size() - length);
        if (announced(static_cast<unsigned char>(end[0])) > length && going_on(end) == length) {
            return length;
        }
    }
    return 0;
}

std::string utf8_repaired(std::string_view text) {
    std::string repaired;
    repaired.reserve(text.size());
    while (!text.empty()) {
        const size_t length = utf8_length(text);
        if (length > 0) {
            repaired += text.substr(0, length);
            text.remove_prefix(length);
        } else {
            repaired += "\xef\xbf\xbd";
            text.remove_prefix(std::max<size_t>(1, going_on(text)));
        }
    }
    return repaired;
}

} // namespace corral
