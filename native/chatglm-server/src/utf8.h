#pragma once

#include <string>
#include <string_view>

namespace corral {

/** Bytes of a character at the text's start: 1 to 4; 0: no character begins so, or it is cut. */
size_t utf8_length(std::string_view text);

/** Bytes at the end of the text that may become a character when more come: 0 to 3. */
size_t utf8_unfinished(std::string_view text);

/** The text with U+FFFD for each byte, or beginning of a character, that belongs to none. */
std::string utf8_repaired(std::string_view text);

} // namespace corral
