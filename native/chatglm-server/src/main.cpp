// chatglm-server: serves a chatglm.cpp model over HTTP as llama-server serves a GGUF.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <thread>

#include <unistd.h>

#include "http_server.h"
#include "signals.h"
#include "threads.h"

namespace corral {
namespace {

void remove_socket(const Options &options) {
    if (options.is_unix_socket()) {
        unlink(options.host.c_str());
    }
}

/** One line for whoever started us; HTTP threads that still run don't hold up the end. */
[[noreturn]] void die(const std::exception_ptr &thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const std::bad_alloc &) {
        std::fprintf(stderr, "error: out of memory\n");
    } catch (const std::invalid_argument &error) {
        std::fprintf(stderr, "error: invalid argument: %s\n", error.what());
    } catch (const std::exception &error) {
        std::fprintf(stderr, "error: %s\n", error.what());
    }
    std::_Exit(1);
}

/** It listens already: who asks meanwhile hears that the model is being loaded. */
std::unique_ptr<Model> load(const Options &options) {
    try {
        return std::make_unique<Model>(options.model, options.context, options.threads);
    } catch (...) {
        remove_socket(options);
        throw;
    }
}

void serve(const Options &options) {
    Scheduler scheduler(options.queue);
    HttpServer server(options, scheduler);
    const Signals signals([&server] { server.drain(); });
    std::fprintf(stderr, "listening on %s\n", server.bind().c_str());
    std::thread http([&] {
        name_this_thread("http");
        server.run();
        scheduler.close();
    });
    try {
        const std::unique_ptr<Model> model = load(options);
        server.open(*model);
        // This thread owns the model. It comes back when the server has been drained.
        scheduler.run(*model);
        http.join();
    } catch (...) {
        die(std::current_exception());
    }
    remove_socket(options);
}

int run(int count, const char *const *arguments) {
    const Options options = read_options(count, arguments);
    if (options.help) {
        std::printf("%s", usage);
    } else if (options.version) {
        std::printf("version: %s\n", CHATGLM_SERVER_VERSION);
    } else {
        serve(options);
    }
    return 0;
}

} // namespace
} // namespace corral

int main(int count, char **arguments) {
    // A client that leaves is no reason to end.
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return corral::run(count, arguments);
    } catch (...) {
        corral::die(std::current_exception());
    }
}
