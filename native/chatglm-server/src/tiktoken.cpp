#include "tiktoken.h"

#include <algorithm>
#include <queue>
#include <stdexcept>
#include <tuple>

namespace corral {

namespace {

/**
 * As it was trained, but for the blanks before other letters: all but the last of them are a word, which a look ahead
 * finds there. RE2 has none: here the blanks are the second group, and the search goes on behind it.
 */
constexpr const char *pattern = R"(((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3})"
                                R"(| ?[^\t-\r\x{85}\p{Z}\p{L}\p{N}]+[\r\n]*|[\t-\r\x{85}\p{Z}]*[\r\n]+)"
                                R"(|[\t-\r\x{85}\p{Z}]+\z|([\t-\r\x{85}\p{Z}]+)[\t-\r\x{85}\p{Z}])"
                                R"(|[\t-\r\x{85}\p{Z}]+))";

constexpr int none = -1;

/** A part of a word between its neighbours; `length` 0: it has been joined to the one before. */
struct Part {
    size_t length;
    int before;
    int behind;
};

} // namespace

Tiktoken::Tiktoken(const std::unordered_map<std::string, int> &ranks) : words_(std::make_unique<RE2>(pattern)) {
    if (!words_->ok()) {
        throw std::logic_error("GLM-4's pattern: " + words_->error());
    }
    ranks_.reserve(ranks.size());
    for (const auto &[bytes, rank] : ranks) {
        ranks_.emplace(bytes, rank);
        longest_ = std::max(longest_, bytes.size());
    }
}

std::vector<int> Tiktoken::encode(std::string_view text) const {
    std::vector<int> ids;
    std::string_view word;
    std::string_view blanks;
    while (RE2::FindAndConsume(&text, *words_, &word, &blanks)) {
        if (!blanks.empty()) {
            const char *const end = text.data() + text.size();
            word = blanks;
            text = std::string_view(blanks.data() + blanks.size(), end - blanks.data() - blanks.size());
        }
        encode_word(word, ids);
    }
    return ids;
}

int Tiktoken::rank(std::string_view bytes) const {
    const auto found = bytes.size() > longest_ ? ranks_.end() : ranks_.find(bytes);
    return found == ranks_.end() ? none : found->second;
}

void Tiktoken::encode_word(std::string_view word, std::vector<int> &ids) const {
    if (const int whole = rank(word); whole != none) {
        ids.push_back(whole);
        return;
    }
    const int size = static_cast<int>(word.size());
    std::vector<Part> parts;
    for (int at = 0; at < size; at++) {
        parts.push_back({1, at - 1, at + 1 < size ? at + 1 : none});
    }

    // Pairs by rank, of equals the first; outdated ones have another length by now.
    using Pair = std::tuple<int, int, size_t>; // rank, where, length
    std::priority_queue<Pair, std::vector<Pair>, std::greater<Pair>> pairs;
    const auto add = [&](int at) {
        if (at == none || parts[at].behind == none) {
            return;
        }
        const size_t length = parts[at].length + parts[parts[at].behind].length;
        if (const int joined = rank(word.substr(at, length)); joined != none) {
            pairs.emplace(joined, at, length);
        }
    };
    for (int at = 0; at < size; at++) {
        add(at);
    }
    while (!pairs.empty()) {
        const auto [joined, at, length] = pairs.top();
        pairs.pop();
        Part &part = parts[at];
        if (part.length == 0 || part.behind == none || part.length + parts[part.behind].length != length) {
            continue;
        }
        parts[part.behind].length = 0;
        part.length = length;
        part.behind = parts[part.behind].behind;
        if (part.behind != none) {
            parts[part.behind].before = at;
        }
        add(part.before);
        add(at);
    }
    for (int at = 0; at != none; at = parts[at].behind) {
        ids.push_back(rank(word.substr(at, parts[at].length)));
    }
}

} // namespace corral
