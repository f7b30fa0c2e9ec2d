#include "exchange.h"

#include <chrono>
#include <functional>
#include <optional>

namespace corral {

namespace {

/** How long news is waited for before the client is looked after: a slot is held no longer for one who is gone. */
constexpr std::chrono::milliseconds patience(50);

/** A job in the scheduler's hands; withdrawn with the last who holds this. */
class Ticket {
  public:
    Ticket(Scheduler &scheduler, GenerationRequest request)
        : scheduler_(scheduler), job_(std::make_shared<Job>(std::move(request))) {
        if (!scheduler_.submit(job_)) {
            throw Refusal::unavailable("as many requests wait as may: try again later");
        }
    }
    ~Ticket() { scheduler_.withdraw(job_); }
    Ticket(const Ticket &) = delete;

    /** @return nothing when the client has gone */
    std::optional<News> wait(const std::function<bool()> &is_gone) {
        while (!is_gone()) {
            News news = job_->wait(patience);
            if (!news.empty()) {
                return news;
            }
        }
        return std::nullopt;
    }

  private:
    Scheduler &scheduler_;
    const std::shared_ptr<Job> job_;
};

/** One of the streams that are counted. */
class Place {
  public:
    explicit Place(Streams &streams) : streams_(streams) {
        if (!streams_.enter()) {
            throw Refusal::unavailable("the server is shutting down");
        }
    }
    ~Place() { streams_.leave(); }
    Place(const Place &) = delete;

  private:
    Streams &streams_;
};

std::string event(const json &data) { return "data: " + to_text(data) + "\n\n"; }

json failure_json(const std::exception_ptr &failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception &error) {
        return Refusal(500, "server_error", error.what()).body();
    }
}

/** What httplib calls once to write all of a stream. */
class EventStream {
  public:
    EventStream(Streams &streams, Scheduler &scheduler, GenerationRequest request, std::unique_ptr<Answer> answer)
        : place_(streams), ticket_(scheduler, std::move(request)), answer_(std::move(answer)) {}

    /** @return whether there is something to begin with; false: the client has gone */
    bool wait(const std::function<bool()> &is_gone) {
        news_ = ticket_.wait(is_gone);
        if (news_ && news_->failure) {
            std::rethrow_exception(news_->failure);
        }
        return news_.has_value();
    }

    bool write(httplib::DataSink &sink) {
        for (; news_; news_ = ticket_.wait([&sink] { return !sink.is_writable(); })) {
            const std::string text = events(*news_);
            if (!text.empty() && !sink.write(text.data(), text.size())) {
                return false;
            }
            if (news_->is_last()) {
                sink.done();
                return true;
            }
        }
        return false;
    }

  private:
    std::string events(const News &news) {
        std::string text;
        for (const std::string &said : news.texts) {
            for (const json &chunk : answer_->add(said)) {
                text += event(chunk);
            }
        }
        if (news.failure) {
            return text + event(failure_json(news.failure));
        }
        if (news.end) {
            for (const json &chunk : answer_->end(*news.end)) {
                text += event(chunk);
            }
            text += "data: [DONE]\n\n";
        }
        return text;
    }

    Place place_;
    Ticket ticket_;
    const std::unique_ptr<Answer> answer_;
    std::optional<News> news_;
};

} // namespace

void Exchange::run(const httplib::Request &http, httplib::Response &response, Request request,
                   std::unique_ptr<Answer> answer) {
    if (request.stream) {
        const auto stream =
            std::make_shared<EventStream>(streams_, scheduler_, std::move(request.generation), std::move(answer));
        if (stream->wait(http.is_connection_closed)) {
            response.status = 200;
            response.set_header("X-Accel-Buffering", "no");
            response.set_chunked_content_provider(
                "text/event-stream", [stream](size_t, httplib::DataSink &sink) { return stream->write(sink); });
        }
        return;
    }
    Ticket ticket(scheduler_, std::move(request.generation));
    while (const std::optional<News> news = ticket.wait(http.is_connection_closed)) {
        if (news->failure) {
            std::rethrow_exception(news->failure);
        }
        if (news->end) {
            response.status = 200;
            response.set_content(to_text(answer->whole(*news->end)), "application/json; charset=utf-8");
            return;
        }
    }
}

} // namespace corral
