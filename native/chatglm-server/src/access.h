#pragma once

#include <string>
#include <vector>

namespace corral {

/** Who may ask. */
class Access {
  public:
    /**
     * @param path of a file with one key a line; empty: everybody may
     * @throws std::runtime_error "cannot open FILE: ...", std::invalid_argument when there is no key in it
     */
    explicit Access(const std::string &path);

    /** @param header value of Authorization, or of X-Api-Key where that is missing. Takes as long for any wrong key. */
    bool admits(const std::string &header) const;

  private:
    bool is_open_;
    std::vector<std::string> keys_;
};

} // namespace corral
