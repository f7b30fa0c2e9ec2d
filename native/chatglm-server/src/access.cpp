#include "access.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace corral {

namespace {

/** Looks at each byte of what was given, whatever it is. */
bool is_equal(const std::string &key, const std::string &given) {
    size_t difference = key.size() ^ given.size();
    for (size_t i = 0; i < given.size(); ++i) {
        difference |= static_cast<unsigned char>(key[i % key.size()] ^ given[i]);
    }
    return difference == 0;
}

} // namespace

Access::Access(const std::string &path) : is_open_(path.empty()) {
    if (is_open_) {
        return;
    }
    std::ifstream file(path);
    if (!file) {
        throw std::runtime_error("cannot open " + path + ": " + std::strerror(errno));
    }
    for (std::string line; std::getline(file, line);) {
        line.erase(line.find_last_not_of(" \t\r") + 1);
        if (!line.empty()) {
            keys_.push_back(line);
        }
    }
    if (keys_.empty()) {
        throw std::invalid_argument("--api-key-file " + path + " has no key in it");
    }
}

bool Access::admits(const std::string &header) const {
    static const std::string scheme = "Bearer ";
    const bool has_scheme = header.compare(0, scheme.size(), scheme) == 0;
    const std::string given = has_scheme ? header.substr(scheme.size()) : header;
    bool is_known = is_open_;
    for (const std::string &key : keys_) {
        // No short cut: how long it takes must not say which key was close.
        is_known |= is_equal(key, given);
    }
    return is_known;
}

} // namespace corral
