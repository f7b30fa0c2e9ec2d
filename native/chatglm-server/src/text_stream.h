#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace corral {

/**
 * Bytes go in as tokens give them, whole characters come out. What may still become part of a stop string, or of a
 * character, is held back; a stop string itself never comes out. Bytes that are no UTF-8 become U+FFFD.
 */
class TextStream {
  public:
    /**
     * @param stops of those that are complete the one that begins first counts, of equals the shorter one; empty ones
     *   are ignored
     * @param trim_start leaves out blanks and line breaks before the first other character
     */
    explicit TextStream(std::vector<std::string> stops, bool trim_start = false);

    /** What may be said now: possibly nothing. After a stop, nothing. */
    std::string add(std::string_view bytes);

    /** What was held back, when nothing more comes; an unfinished character becomes U+FFFD. */
    std::string finish();

    /** The stop string that was met; empty: none. */
    const std::string &stopped_by() const { return stopped_by_; }

  private:
    std::string release(size_t bytes);

    std::vector<std::string> stops_;
    bool trimming_;
    std::string held_;
    std::string stopped_by_;
};

} // namespace corral
