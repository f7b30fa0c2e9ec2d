#include "text_stream.h"

#include "punctuation.h"
#include "test.h"
#include "utf8.h"

using corral::Punctuation;
using corral::TextStream;

namespace {

/** What comes out at each step, the end among them. */
std::vector<std::string> steps(TextStream stream, const std::vector<std::string> &bytes) {
    std::vector<std::string> out;
    for (const auto &some : bytes) {
        out.push_back(stream.add(some));
    }
    out.push_back(stream.finish());
    return out;
}

using Steps = std::vector<std::string>;

} // namespace

TEST("utf8: lengths, unfinished characters, repair") {
    CHECK_EQUAL(corral::utf8_length("a"), 1u);
    CHECK_EQUAL(corral::utf8_length("é"), 2u);
    CHECK_EQUAL(corral::utf8_length("你好"), 3u);
    CHECK_EQUAL(corral::utf8_length("😀"), 4u);
    for (const char *const none : {"", "\x80", "\xc1\x81", "\xe4\xbd", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"}) {
        CHECK_EQUAL(corral::utf8_length(none), 0u);
    }
    CHECK_EQUAL(corral::utf8_unfinished("ab\xf0\x9f\x98"), 3u);
    CHECK_EQUAL(corral::utf8_unfinished("ab\xe4\xbd"), 2u);
    CHECK_EQUAL(corral::utf8_unfinished("ab\xc3"), 1u);
    CHECK_EQUAL(corral::utf8_unfinished("ab\x80"), 0u);
    CHECK_EQUAL(corral::utf8_unfinished("你"), 0u);
    CHECK_EQUAL(corral::utf8_unfinished("\xed\xa0"), 0u);
    CHECK_EQUAL(corral::utf8_repaired("a\xff"
                                      "b\xe4\xbd你\xf0\x9f"),
                "a\xef\xbf\xbd"
                "b\xef\xbf\xbd你\xef\xbf\xbd");
}

TEST("text: whole characters only") {
    CHECK_EQUAL(steps(TextStream({}), {"a\xf0", "\x9f\x98", "\x80z"}), (Steps{"a", "", "😀z", ""}));
    CHECK_EQUAL(steps(TextStream({}), {"a\xe4\xbd"}), (Steps{"a", "\xef\xbf\xbd"}));
    CHECK_EQUAL(steps(TextStream({}), {"\xe4", "b"}), (Steps{"",
                                                             "\xef\xbf\xbd"
                                                             "b",
                                                             ""}));
    CHECK_EQUAL(steps(TextStream({}), {"\x80"}), (Steps{"\xef\xbf\xbd", ""}));
}

TEST("text: a stop string never comes out, wherever tokens cut it") {
    CHECK_EQUAL(steps(TextStream({"STOP"}), {"one S", "T", "O", "P two", "three"}),
                (Steps{"one ", "", "", "", "", ""}));
    CHECK_EQUAL(steps(TextStream({"STOP"}), {"one ST", "ONE"}), (Steps{"one ", "STONE", ""}));
    CHECK_EQUAL(steps(TextStream({"STOP"}), {"one STO"}), (Steps{"one ", "STO"}));
    CHECK_EQUAL(steps(TextStream({"aab"}), {"a", "a", "a", "b"}), (Steps{"", "", "a", "", ""}));
    CHECK_EQUAL(steps(TextStream({"你好"}), {"\xe4\xbd", "\xa0\xe5", "\xa5\xbd", "x"}), (Steps{"", "", "", "", ""}));
}

TEST("text: of several stop strings the first in the text") {
    const auto stopped_by = [](const std::vector<std::string> &stops, const std::string &text) {
        TextStream stream(stops);
        const std::string before = stream.add(text);
        return before + "|" + stream.stopped_by();
    };
    CHECK_EQUAL(stopped_by({"c", "b"}, "abc"), "a|b");
    CHECK_EQUAL(stopped_by({"b", "c"}, "abc"), "a|b");
    CHECK_EQUAL(stopped_by({"bcd", "bc"}, "abcd"), "a|bc");
    CHECK_EQUAL(stopped_by({"", "x"}, "abc"), "abc|");
    CHECK_EQUAL(stopped_by({"xyz", "c"}, "abxyc"), "abxy|c");
}

TEST("text: blanks at the start are left out where told") {
    CHECK_EQUAL(steps(TextStream({}, true), {"\n", " ", " a\n", "b "}), (Steps{"", "", "a\n", "b ", ""}));
    CHECK_EQUAL(steps(TextStream({"\n\n"}, true), {"\n", "a", "\n\nb"}), (Steps{"", "a", "", ""}));
    CHECK_EQUAL(steps(TextStream({}), {"\n", " a"}), (Steps{"\n", " a", ""}));
}

TEST("punctuation: full-width beside Chinese, as the text comes") {
    const auto converted = [](const std::vector<std::string> &pieces) {
        Punctuation punctuation;
        std::string text;
        for (const auto &piece : pieces) {
            text += punctuation.add(piece) + "|";
        }
        return text + punctuation.finish();
    };
    CHECK_EQUAL(converted({"你好,", "a,b", ",世!?"}), "你好，|a,b|，世！|?");
    CHECK_EQUAL(converted({"a,", "世"}), "a|，世|");
    CHECK_EQUAL(converted({"a,", "b"}), "a|,b|");
    CHECK_EQUAL(converted({"a,"}), "a|,");
    CHECK_EQUAL(converted({"a;", "\xe4", "\xb8\x96"}), "a||；世|");
    CHECK_EQUAL(converted({"a:\xe3", "\x80\x82"}), "a:\xe3|\x80\x82|");
    CHECK_EQUAL(converted({"中:", "\"x\""}), "中：|\"x\"|");
}
