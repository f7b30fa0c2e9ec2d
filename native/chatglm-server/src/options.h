#pragma once

#include <string>

namespace corral {

/** What the command line says. */
struct Options {
    std::string model;
    /** An address, or the path of a Unix socket: then it ends in .sock. */
    std::string host = "127.0.0.1";
    /** 0: any free one. */
    int port = 8080;
    /** Empty: anybody may ask anything. */
    std::string api_key_file;
    /** Tokens of a prompt and its answer; 0: what the model was trained with. */
    int context = 0;
    int threads = 1;
    std::string alias;
    bool metrics = false;
    /** Requests that may wait while one runs. */
    int queue = 16;
    bool help = false;
    bool version = false;

    bool is_unix_socket() const;
};

/** @throws std::invalid_argument */
Options read_options(int count, const char *const *arguments);

/** For --help. */
extern const char *const usage;

} // namespace corral
