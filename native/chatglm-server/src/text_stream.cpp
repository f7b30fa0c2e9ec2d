#include "text_stream.h"

#include <algorithm>

#include "utf8.h"

namespace corral {

namespace {

/** Bytes at the end of the text that may become a stop string. */
size_t beginning_of_stop(std::string_view text, const std::vector<std::string> &stops) {
    size_t longest = 0;
    for (const auto &stop : stops) {
        for (size_t length = std::min(stop.size() - 1, text.size()); length > longest; length--) {
            if (text.substr(text.size() - length) == std::string_view(stop).substr(0, length)) {
                longest = length;
                break;
            }
        }
    }
    return longest;
}

} // namespace

TextStream::TextStream(std::vector<std::string> stops, bool trim_start)
    : stops_(std::move(stops)), trimming_(trim_start) {
    stops_.erase(std::remove(stops_.begin(), stops_.end(), ""), stops_.end());
}

std::string TextStream::add(std::string_view bytes) {
    if (!stopped_by_.empty()) {
        return "";
    }
    held_ += bytes;
    size_t first = std::string::npos;
    for (const auto &stop : stops_) {
        const size_t at = held_.find(stop);
        if (at < first || (at == first && at != std::string::npos && stop.size() < stopped_by_.size())) {
            first = at;
            stopped_by_ = stop;
        }
    }
    if (first != std::string::npos) {
        held_.resize(first);
        return finish();
    }
    const size_t unfinished = utf8_unfinished(held_);
    const size_t stoppable = beginning_of_stop(held_, stops_);
    return release(held_.size() - std::max(unfinished, stoppable));
}

std::string TextStream::finish() { return release(held_.size()); }

std::string TextStream::release(size_t bytes) {
    std::string text = utf8_repaired(std::string_view(held_).substr(0, bytes));
    held_.erase(0, bytes);
    if (trimming_) {
        text.erase(0, std::min(text.find_first_not_of(" \t\r\n"), text.size()));
        trimming_ = text.empty();
    }
    return text;
}

} // namespace corral
