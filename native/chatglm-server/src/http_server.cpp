#include "http_server.h"

#include <stdexcept>

#include "bad_request.h"
#include "body.h"
#include "connections.h"
#include "metrics.h"

namespace corral {

namespace {

/** More than the longest context holds, with every letter escaped. */
constexpr size_t longest_body = 8 * 1024 * 1024;
/** Each has a thread. */
constexpr size_t most_connections = 1024;
/** Seconds without a byte of a request after which its connection is given up. */
constexpr int read_timeout = 30;
/** Seconds that a client may take no byte of its answer. */
constexpr int write_timeout = 300;

void send(httplib::Response &response, int status, const json &body) {
    response.status = status;
    response.set_content(to_text(body), "application/json; charset=utf-8");
}

void send(httplib::Response &response, const Refusal &refusal) {
    if (refusal.status() == 503) {
        response.set_header("Retry-After", "1");
    }
    send(response, refusal.status(), refusal.body());
}

Refusal refusal_for(const std::exception_ptr &thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const Refusal &refusal) {
        return refusal;
    } catch (const BadRequest &error) {
        return Refusal::invalid(error.what());
    } catch (const json::exception &error) {
        // A field of a type that nobody has looked for.
        return Refusal::invalid(error.what());
    } catch (const std::bad_alloc &) {
        return {500, "server_error", "out of memory"};
    } catch (const std::exception &error) {
        return {500, "server_error", error.what()};
    }
}

/** For statuses that httplib chose. */
Refusal refusal_for(int status) {
    switch (status) {
    case 404:
        return {status, "not_found_error", "File Not Found"};
    case 413:
        return {status, "invalid_request_error",
                "the body has more than " + std::to_string(longest_body) + " bytes"};
    default:
        return {status, status < 500 ? "invalid_request_error" : "server_error", httplib::status_message(status)};
    }
}

} // namespace

HttpServer::HttpServer(const Options &options, Scheduler &scheduler)
    : options_(options), access_(options.api_key_file), scheduler_(scheduler), exchange_(scheduler, streams_) {
    server_.new_task_queue = [] { return new Connections(most_connections); };
    server_.set_default_headers({{"Server", "chatglm-server"}});
    server_.set_payload_max_length(longest_body);
    server_.set_read_timeout(read_timeout);
    server_.set_write_timeout(write_timeout);
    server_.set_tcp_nodelay(true);
    // By default httplib shares its port with whoever else asks for it.
    server_.set_socket_options(
        [](socket_t socket) { httplib::set_socket_opt(socket, SOL_SOCKET, SO_REUSEADDR, 1); });
    server_.set_pre_routing_handler([this](const httplib::Request &request, httplib::Response &response) {
        try {
            check(request);
            return httplib::Server::HandlerResponse::Unhandled;
        } catch (const Refusal &refusal) {
            send(response, refusal);
            return httplib::Server::HandlerResponse::Handled;
        }
    });
    server_.set_exception_handler([](const httplib::Request &, httplib::Response &response, std::exception_ptr thrown) {
        send(response, refusal_for(thrown));
    });
    server_.set_error_handler([this](const httplib::Request &request, httplib::Response &response) {
        complete_error(request, response);
    });
    add_routes();
}

std::string HttpServer::bind() {
    if (options_.is_unix_socket()) {
        server_.set_address_family(AF_UNIX);
        if (!server_.bind_to_port(options_.host, 1)) { // a number that is not used
            throw std::runtime_error("couldn't bind " + options_.host);
        }
        return options_.host;
    }
    const bool is_v6 = options_.host.find(':') != std::string::npos;
    const std::string host = is_v6 ? "[" + options_.host + "]" : options_.host;
    int port = options_.port;
    if (port == 0) {
        port = server_.bind_to_any_port(options_.host);
    } else if (!server_.bind_to_port(options_.host, port)) {
        port = -1;
    }
    if (port < 0) {
        throw std::runtime_error("couldn't bind " + host + ":" + std::to_string(options_.port));
    }
    return "http://" + host + ":" + std::to_string(port);
}

void HttpServer::run() { server_.listen_after_bind(); }

void HttpServer::open(const Model &model) {
    model_ = &model;
    service_ = std::make_unique<Service>(options_, model, scheduler_);
    Phase loading = Phase::loading;
    phase_.compare_exchange_strong(loading, Phase::ready);
}

void HttpServer::drain() {
    phase_ = Phase::draining;
    streams_.close([this] { server_.stop(); });
}

void HttpServer::add_routes() {
    for (const char *path : {"/health", "/v1/health"}) {
        get(path, [](const auto &, auto &response) { send(response, 200, {{"status", "ok"}}); });
    }
    for (const char *path : {"/v1/models", "/models"}) {
        get(path, [this](const auto &, auto &response) { send(response, 200, service_->models()); });
    }
    get("/slots", [this](const auto &, auto &response) { send(response, 200, service_->slots()); });
    get("/props", [this](const auto &, auto &response) { send(response, 200, service_->props()); });
    get("/metrics", [this](const auto &, auto &response) {
        if (!options_.metrics) {
            throw Refusal(501, "not_supported_error",
                          "This server does not support metrics endpoint. Start it with `--metrics`");
        }
        response.status = 200;
        response.set_content(render_metrics(scheduler_.figures()), "text/plain; version=0.0.4");
    });
    post("/tokenize", [this](const auto &request, auto &response) {
        send(response, 200, service_->tokenize(parse_body(request.body)));
    });
    post("/detokenize", [this](const auto &request, auto &response) {
        send(response, 200, service_->detokenize(parse_body(request.body)));
    });
    post("/apply-template", [this](const auto &request, auto &response) {
        send(response, 200, service_->apply_template(parse_body(request.body)));
    });
    for (const char *path : {"/v1/chat/completions", "/chat/completions"}) {
        post(path, [this](const auto &request, auto &response) { answer_chat(request, response); });
    }
    post("/v1/completions", [this](const auto &request, auto &response) { answer_completion(request, response); });
}

void HttpServer::get(const std::string &path, const Handler &handler) {
    method_at_[path] = "GET, HEAD";
    server_.Get(path, handler);
}

void HttpServer::post(const std::string &path, const Handler &handler) {
    method_at_[path] = "POST";
    server_.Post(path, handler);
}

/** In llama-server's order: while it loads nobody is asked for a key. */
void HttpServer::check(const httplib::Request &request) const {
    switch (phase_.load()) {
    case Phase::loading:
        throw Refusal::unavailable("Loading model");
    case Phase::draining:
        throw Refusal::unavailable("the server is shutting down");
    case Phase::ready:
        break;
    }
    if (request.path == "/health" || request.path == "/v1/health") {
        return;
    }
    const char *header = request.has_header("Authorization") ? "Authorization" : "X-Api-Key";
    if (!access_.admits(request.get_header_value(header))) {
        throw Refusal(401, "authentication_error", "Invalid API Key");
    }
}

/** Gives what httplib refused by itself a body, and tells a wrong method from a wrong path. */
void HttpServer::complete_error(const httplib::Request &request, httplib::Response &response) const {
    if (!response.body.empty()) {
        return;
    }
    const auto known = method_at_.find(request.path);
    if (response.status == 404 && known != method_at_.end()) {
        response.status = 405;
        response.set_header("Allow", known->second);
    }
    send(response, refusal_for(response.status));
}

void HttpServer::answer_chat(const httplib::Request &request, httplib::Response &response) {
    Request read = read_chat(parse_body(request.body), *model_);
    auto answer = chat_answer({model_->type(), options_.alias}, read);
    exchange_.run(request, response, std::move(read), std::move(answer));
}

void HttpServer::answer_completion(const httplib::Request &request, httplib::Response &response) {
    Request read = read_completion(parse_body(request.body), *model_);
    auto answer = completion_answer({model_->type(), options_.alias}, read);
    exchange_.run(request, response, std::move(read), std::move(answer));
}

} // namespace corral
