#include "file_reader.h"

#include <cerrno>
#include <cstring>
#include <limits>
#include <stdexcept>

namespace corral {

void throw_broken(const std::string &path, const std::string &reason) {
    throw std::runtime_error("broken model file " + path + ": " + reason);
}

FileReader::FileReader(const std::string &path) : path_(path), stream_(path, std::ios::binary) {
    if (!stream_) {
        throw std::runtime_error("cannot open " + path + ": " + std::strerror(errno));
    }
    stream_.seekg(0, std::ios::end);
    size_ = stream_.tellg();
    stream_.seekg(0);
    if (!stream_ || size_ < 0 || size_ == std::numeric_limits<int64_t>::max()) {
        throw std::runtime_error("cannot open " + path + ": not a regular file");
    }
}

int FileReader::integer(const char *what) {
    int value = 0;
    bytes(&value, sizeof(value), what);
    return value;
}

float FileReader::real(const char *what) {
    float value = 0;
    bytes(&value, sizeof(value), what);
    return value;
}

std::string FileReader::text(int length, const char *what) {
    std::string value(length, '\0');
    bytes(value.data(), length, what);
    return value;
}

void FileReader::skip(int64_t length, const std::string &what) {
    if (length < 0 || length > size_ - at_) {
        fail("it ends within " + what);
    }
    at_ += length;
    stream_.seekg(at_);
}

void FileReader::bytes(void *to, int64_t length, const char *what) {
    if (length > size_ - at_ || !stream_.read(static_cast<char *>(to), length)) {
        fail(std::string("it ends within ") + what);
    }
    at_ += length;
}

} // namespace corral
