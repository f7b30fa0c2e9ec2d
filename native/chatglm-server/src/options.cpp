#include "options.h"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace corral {

const char *const usage = R"(usage: chatglm-server -m FILE [options]

Serves a chatglm.cpp model file over HTTP in llama-server's shapes.

  -m, --model FILE         the model
      --host HOST          address, or path of a Unix socket that ends in .sock (127.0.0.1)
      --port N             0 takes any free one (8080)
      --api-key-file FILE  one key a line; requests without one of them are refused
  -c, --ctx-size N         tokens of a prompt and its answer; 0: as the model was trained (0)
  -t, --threads N          threads that compute (the CPUs that the process may use)
  -a, --alias NAME         what the model is called in answers (the file's name)
      --metrics            answer GET /metrics
      --queue N            requests that may wait while one runs; more get 503 (16)
      --version
  -h, --help
)";

namespace {

[[noreturn]] void refuse(const std::string &reason) { throw std::invalid_argument(reason); }

int to_number(const std::string &flag, const std::string &text, int least, int most) {
    char *end = nullptr;
    const long value = std::strtol(text.c_str(), &end, 10);
    if (text.empty() || *end != '\0' || value < least || value > most) {
        refuse(flag + " takes a whole number from " + std::to_string(least) + " to " + std::to_string(most) +
               ", not \"" + text + "\"");
    }
    return static_cast<int>(value);
}

struct Flag {
    std::vector<std::string> names;
    bool takes_value;
    std::function<void(const std::string &value)> set;
};

std::vector<Flag> flags_of(Options &options) {
    const auto text = [](std::string &target) {
        return [&target](const std::string &value) { target = value; };
    };
    const auto number = [](const char *name, int &target, int least, int most) {
        return [=, &target](const std::string &value) { target = to_number(name, value, least, most); };
    };
    const auto yes = [](bool &target) { return [&target](const std::string &) { target = true; }; };
    return {
        {{"-m", "--model"}, true, text(options.model)},
        {{"--host"}, true, text(options.host)},
        {{"--port"}, true, number("--port", options.port, 0, 65535)},
        {{"--api-key-file"}, true, text(options.api_key_file)},
        {{"-c", "--ctx-size"}, true, number("-c", options.context, 0, INT_MAX)},
        {{"-t", "--threads"}, true, number("-t", options.threads, 1, 512)},
        {{"-a", "--alias"}, true, text(options.alias)},
        {{"--metrics"}, false, yes(options.metrics)},
        {{"--queue"}, true, number("--queue", options.queue, 0, 1000)},
        {{"--version"}, false, yes(options.version)},
        {{"-h", "--help"}, false, yes(options.help)},
    };
}

} // namespace

bool Options::is_unix_socket() const {
    const std::string ending = ".sock";
    return host.size() > ending.size() && host.compare(host.size() - ending.size(), ending.size(), ending) == 0;
}

Options read_options(int count, const char *const *arguments) {
    Options options;
    // Of this process's CPU set, where the C library looks at it (glibc does).
    options.threads = std::max(1u, std::thread::hardware_concurrency());
    const std::vector<Flag> flags = flags_of(options);
    for (int i = 1; i < count; ++i) {
        const std::string name = arguments[i];
        const auto flag = std::find_if(flags.begin(), flags.end(), [&](const Flag &candidate) {
            return std::find(candidate.names.begin(), candidate.names.end(), name) != candidate.names.end();
        });
        if (flag == flags.end()) {
            refuse(name);
        }
        if (flag->takes_value && ++i == count) {
            refuse(name + " needs a value");
        }
        flag->set(flag->takes_value ? arguments[i] : "");
    }
    if (options.help || options.version) {
        return options;
    }
    if (options.model.empty()) {
        refuse("-m FILE is missing");
    }
    if (options.alias.empty()) {
        options.alias = options.model.substr(options.model.find_last_of('/') + 1);
    }
    return options;
}

} // namespace corral
