#include "long_text.h"

namespace corral {

namespace {

/** English has 4 to 5 bytes a token, Chinese up to 6; only runs of blanks have more than this. */
constexpr size_t bytes_per_token = 32;
constexpr size_t longest_alone = 1024 * 1024;
/** What takes no memory to speak of need not wait. */
constexpr size_t short_text = 64 * 1024;

std::unique_lock<std::mutex> turn_for(size_t bytes) {
    static std::mutex one_at_a_time;
    return bytes > short_text ? std::unique_lock(one_at_a_time) : std::unique_lock<std::mutex>();
}

} // namespace

size_t text_bytes(const json &value) {
    if (value.is_string()) {
        return value.get_ref<const std::string &>().size();
    }
    size_t bytes = 0;
    if (value.is_object()) {
        for (const auto &[key, member] : value.items()) {
            bytes += key == "image_url" ? 0 : key.size() + text_bytes(member);
        }
    } else if (value.is_array()) {
        for (const json &item : value) {
            bytes += text_bytes(item);
        }
    }
    return bytes;
}

LongText::LongText(size_t bytes, int context) {
    if (const size_t tokens = bytes / bytes_per_token; tokens >= static_cast<size_t>(context)) {
        throw Refusal::context_exceeded(tokens, context);
    }
    turn_ = turn_for(bytes);
}

LongText::LongText(size_t bytes) {
    if (bytes > longest_alone) {
        throw Refusal(413, "invalid_request_error",
                      "a text of more than " + std::to_string(longest_alone) + " bytes: send it in parts");
    }
    turn_ = turn_for(bytes);
}

} // namespace corral
