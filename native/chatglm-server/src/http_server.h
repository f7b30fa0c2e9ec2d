#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <cpp-httplib/httplib.h>

#include "access.h"
#include "exchange.h"
#include "options.h"
#include "service.h"

namespace corral {

/** The sockets, and what stands at which path. */
class HttpServer {
  public:
    /** @throws std::runtime_error, std::invalid_argument about the file with the keys */
    HttpServer(const Options &options, Scheduler &scheduler);

    /** @return where it listens, as a URL or a path. @throws std::runtime_error "couldn't bind ..." */
    std::string bind();
    /** Answers, 503 at first. Returns when it is drained and the last connection has ended. */
    void run();
    /** From now on requests are taken. @param model must outlive run() */
    void open(const Model &model);
    /** Takes no more requests, and stops when what runs and waits has been answered. */
    void drain();

  private:
    using Handler = std::function<void(const httplib::Request &, httplib::Response &)>;
    enum class Phase { loading, ready, draining };

    void add_routes();
    void get(const std::string &path, const Handler &handler);
    void post(const std::string &path, const Handler &handler);
    void check(const httplib::Request &request) const;
    void complete_error(const httplib::Request &request, httplib::Response &response) const;
    void answer_chat(const httplib::Request &request, httplib::Response &response);
    void answer_completion(const httplib::Request &request, httplib::Response &response);

    const Options &options_;
    const Access access_;
    Scheduler &scheduler_;
    Streams streams_;
    Exchange exchange_;
    httplib::Server server_;
    std::map<std::string, std::string> method_at_;
    std::atomic<Phase> phase_{Phase::loading};
    /** Set before the phase becomes ready, and never again. */
    const Model *model_ = nullptr;
    std::unique_ptr<Service> service_;
};

} // namespace corral
