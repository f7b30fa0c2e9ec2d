#pragma once

#include <cstdint>
#include <fstream>
#include <string>

namespace corral {

/** The error for a model file that turns out to be wrong: "broken model file FILE: ...". */
[[noreturn]] void throw_broken(const std::string &path, const std::string &reason);

/** A model file, front to back. What would go beyond its end is an error: "it ends within WHAT". */
class FileReader {
  public:
    /** @throws std::runtime_error "cannot open FILE: ..." */
    explicit FileReader(const std::string &path);

    [[noreturn]] void fail(const std::string &reason) const { throw_broken(path_, reason); }

    int64_t size() const { return size_; }
    int64_t at() const { return at_; }
    bool at_end() const { return at_ == size_; }

    int integer(const char *what);
    float real(const char *what);
    std::string text(int length, const char *what);
    void skip(int64_t length, const std::string &what);

  private:
    void bytes(void *to, int64_t length, const char *what);

    const std::string path_;
    std::ifstream stream_;
    int64_t size_ = 0;
    int64_t at_ = 0;
};

} // namespace corral
