#include "vocabulary.h"

#include <thread>

#include "loaded.h"

namespace {

const std::vector<std::string> texts = {
    "hello",
    "Hello, world!",
    "你好，世界。今天天气怎么样?",
    "int main() {\n\treturn 0;\n}\n",
    "a  b   c          d",
    "😀 été ﬂ",
    "第一行\n\n第二行\t尾",
};

/** What a tokenizer may do to a text: ChatGLM-6B's makes some punctuation ASCII. */
std::string kept(const std::string &text) { return text; }

} // namespace

TEST("vocabulary: text comes back from its tokens, and token by token") {
    for (const int type : all_types) {
        const Loaded model(type);
        for (const std::string &text : texts) {
            const std::vector<int> ids = model.vocabulary.encode(text, false);
            CHECK_EQUAL(model.vocabulary.decode(ids), kept(text));
            std::string joined;
            for (const int id : ids) {
                CHECK(model.vocabulary.contains(id));
                joined += model.vocabulary.piece(id);
            }
            CHECK_EQUAL(joined, (type == 4 ? "" : " ") + kept(text));
        }
        CHECK(model.vocabulary.encode("", false).empty());
    }
}

TEST("vocabulary: ids are chatglm.cpp's") {
    for (const int type : all_types) {
        const Loaded model(type);
        for (const std::string &text : texts) {
            CHECK_EQUAL(model.vocabulary.encode(text, true), model.pipeline.tokenizer->encode(text, 1 << 20));
        }
    }
}

TEST("vocabulary: every id of every type has a piece, beyond the end too") {
    for (const int type : all_types) {
        const Loaded model(type);
        const corral::Vocabulary &vocabulary = model.vocabulary;
        CHECK_EQUAL(vocabulary.size(), model.pipeline.model->config.vocab_size);
        int drawable = 0;
        int bytes = 0;
        for (int id = -2; id < vocabulary.size() + 2; id++) {
            const std::string &piece = vocabulary.piece(id);
            CHECK_EQUAL(vocabulary.contains(id), id >= 0 && id < vocabulary.size());
            const bool filling = !vocabulary.contains(id) || !vocabulary.drawable()[id];
            CHECK(!filling || piece.empty());
            drawable += filling ? 0 : 1;
            bytes += piece.size() == 1 && static_cast<unsigned char>(piece[0]) >= 0x80 ? 1 : 0;
            vocabulary.decode({id});
        }
        CHECK(drawable > 300 && drawable < vocabulary.size());
        CHECK_EQUAL(bytes, 128);
    }
}

TEST("vocabulary: special tokens have names, no text, and end answers") {
    for (const int type : all_types) {
        const Loaded model(type);
        const corral::Vocabulary &vocabulary = model.vocabulary;
        const std::string sop = type == 1 || type == 4 ? "<sop>" : "sop";
        CHECK_EQUAL(vocabulary.encode("", true),
                    (std::vector<int>{vocabulary.special("[gMASK]"), vocabulary.special(sop)}));
        CHECK_EQUAL(vocabulary.decode(vocabulary.encode("", true)), "[gMASK]" + sop);
        CHECK_EQUAL(vocabulary.piece(vocabulary.special("[gMASK]")), "");
        CHECK(vocabulary.drawable()[vocabulary.special("[gMASK]")]);
        CHECK_EQUAL(vocabulary.special("<|nobody|>"), -1);
        CHECK(vocabulary.ends(model.pipeline.model->config.eos_token_id));
        CHECK(!vocabulary.ends(vocabulary.special("[gMASK]")));
        for (const char *const role : {"<|user|>", "<|observation|>"}) {
            CHECK_EQUAL(vocabulary.ends(vocabulary.special(role)), type >= 3);
        }
        CHECK_EQUAL(vocabulary.special("<|assistant|>") >= 0, type >= 3);
    }
}

TEST("vocabulary: names of special tokens in a text are letters, unless asked for") {
    for (const int type : {3, 4}) {
        const Loaded model(type);
        const corral::Vocabulary &vocabulary = model.vocabulary;
        const std::string text = "a<|user|>b<|nobody|>";
        const int user = vocabulary.special("<|user|>");
        for (const int id : vocabulary.encode(text, true)) {
            CHECK(id != user);
        }
        std::vector<int> expected = vocabulary.encode("a", false);
        expected.push_back(user);
        for (const int id : vocabulary.encode("b<|nobody|>", false)) {
            expected.push_back(id);
        }
        CHECK_EQUAL(vocabulary.encode(text, false, true), expected);
        CHECK_EQUAL(vocabulary.encode("<|user|>", false, true), (std::vector<int>{user}));
        CHECK_EQUAL(vocabulary.decode(vocabulary.encode("你<|user|>", false, true)), "你<|user|>");
    }
}

TEST("vocabulary: GLM-4 knows all white space, and leaves blanks at the end together") {
    const Loaded model(4);
    const corral::Vocabulary &vocabulary = model.vocabulary;
    const auto count = [&](const std::string &text) { return vocabulary.encode(text, false).size(); };
    const auto &ids = dynamic_cast<chatglm::ChatGLM4Tokenizer &>(*model.pipeline.tokenizer).core_bpe.encoder;
    // Four blanks are one token if the vocabulary has it: they must come out as one word, at the end and before
    // letters.
    if (ids.count("    ") > 0) {
        CHECK_EQUAL(vocabulary.encode("a    ", false).back(), ids.at("    "));
        CHECK_EQUAL(count("a    "), 2u);
    }
    // A wide blank is a blank: of two, the first comes apart from the word, as with narrow ones.
    CHECK_EQUAL(vocabulary.decode(vocabulary.encode("\u3000\u3000你好\u3000", false)), "\u3000\u3000你好\u3000");
    std::vector<int> parts = vocabulary.encode("。", false);
    for (const int id : vocabulary.encode("\u3000", false)) {
        parts.push_back(id);
    }
    CHECK_EQUAL(vocabulary.encode("。\u3000", false), parts);
}

TEST("vocabulary: GLM-4's bytes are joined as chatglm.cpp joins them") {
    const Loaded model(4);
    uint32_t random = 1;
    const std::vector<std::string> parts = {"a", "e", "n", "th", "ing", "的", "天", "气",
                                            "é", "1", "0", "=",  "(",   "\n", " "};
    for (int round = 0; round < 300; round++) {
        std::string text;
        for (int i = 0; i < 40; i++) {
            random = random * 1664525 + 1013904223;
            text += parts[(random >> 16) % parts.size()];
        }
        text += "."; // blanks at the end come apart there
        CHECK_EQUAL(model.vocabulary.encode(text, true), model.pipeline.tokenizer->encode(text, 1 << 20));
    }
}

TEST("vocabulary: a long word takes no longer than many short ones") {
    // With the square of its length this would take an hour.
    for (const int type : all_types) {
        const Loaded model(type);
        for (const std::string part : {"a", "的天", " ", "\n", "=", "1"}) {
            std::string text;
            for (int i = 0; i < 200000; i++) {
                text += part;
            }
            CHECK_EQUAL(model.vocabulary.decode(model.vocabulary.encode(text, false)), text);
        }
    }
}

TEST("vocabulary: several threads at once") {
    for (const int type : all_types) {
        const Loaded model(type);
        std::vector<std::thread> threads;
        std::vector<int> wrong(4, 0);
        for (int &count : wrong) {
            threads.emplace_back([&model, &count] {
                for (int round = 0; round < 20; round++) {
                    for (const std::string &text : texts) {
                        count += model.vocabulary.decode(model.vocabulary.encode(text, false)) == kept(text) ? 0 : 1;
                    }
                }
            });
        }
        for (std::thread &thread : threads) {
            thread.join();
        }
        CHECK_EQUAL(wrong, std::vector<int>(4, 0));
    }
}
