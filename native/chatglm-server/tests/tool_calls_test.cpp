#include "tool_calls.h"

#include "bad_request.h"
#include "python_call.h"
#include "test.h"

using chatglm::ModelType;
using corral::may_be_tool_call;
using corral::parse_answer;
using json = nlohmann::ordered_json;

namespace {

const json tools = json::parse(R"([
    {"type": "function", "function": {"name": "weather", "description": "天气", "parameters": {"type": "object"}}},
    {"type": "function", "function": {"name": "weather_map"}}
])");

std::string called(ModelType type, const std::string &text) {
    const corral::ParsedAnswer answer = parse_answer(type, text, tools);
    if (answer.tool_calls.empty()) {
        return "text: " + answer.content;
    }
    CHECK_EQUAL(answer.content, "");
    CHECK_EQUAL(answer.tool_calls.size(), 1u);
    const json &call = answer.tool_calls[0];
    CHECK_EQUAL(call["type"], "function");
    CHECK(call["id"].get<std::string>().size() > 10);
    return call["function"]["name"].get<std::string>() + " " + call["function"]["arguments"].get<std::string>();
}

} // namespace

TEST("python calls: read and written") {
    const auto read = [](const std::string &code) {
        const auto arguments = corral::read_python_call(code);
        return arguments ? arguments->dump() : "none";
    };
    CHECK_EQUAL(read("tool_call(city='北京', days=3)"), R"({"city":"北京","days":3})");
    CHECK_EQUAL(read("tool_call( a = \"it's\" , b=-1.5e3, c=True, d=None, )"),
                R"({"a":"it's","b":-1500.0,"c":true,"d":null})");
    CHECK_EQUAL(read("f(l=[1, 'x', [], (2,)], d={'k': {'m': False}})"),
                R"({"l":[1,"x",[],[2]],"d":{"k":{"m":false}}})");
    CHECK_EQUAL(read(R"(f(s='a\'b\\c\nd'))"), R"({"s":"a'b\\c\nd"})");
    CHECK_EQUAL(read("f()"), "{}");
    for (const char *const other : {"", "f", "f(", "f(1)", "f(a=)", "f(a=b)", "f(a='x)", "f(a=1) + 2", "f(a=1 b=2)",
                                    "f(a=g())", "f(a={1: 2})", "f(a=[1)", "= (a=1)", "f(a=1e)"}) {
        CHECK_EQUAL(read(other), "none");
    }
    CHECK_EQUAL(read("f(a=" + std::string(1000, '[') + ")"), "none");

    const json arguments = json::parse(R"({"s": "it's\n\\", "n": 1, "x": [true, null, {"k": "v"}]})");
    const std::string written = corral::write_python_call("tool_call", arguments);
    CHECK_EQUAL(written, R"(tool_call(s='it\'s\n\\', n=1, x=[True, None, {'k': 'v'}]))");
    CHECK_EQUAL(read(written), arguments.dump());
}

TEST("tool calls: GLM-4 writes a name and JSON") {
    const ModelType type = ModelType::CHATGLM4;
    CHECK_EQUAL(called(type, "weather\n{\"city\": \"北京\"}"), R"(weather {"city":"北京"})");
    CHECK_EQUAL(called(type, "\nweather \n {\"a\": 1}\n"), R"(weather {"a":1})");
    for (const char *const text : {"weather", "weather\n", "weather\n{\"a\": 1", "weather\n{\"a\": 1} and",
                                   "weather\n[1]", "other\n{\"a\": 1}", "The weather\n{\"a\": 1}", ""}) {
        CHECK_EQUAL(called(type, text), "text: " + std::string(text));
    }
}

TEST("tool calls: ChatGLM3 writes a name and Python") {
    const ModelType type = ModelType::CHATGLM3;
    CHECK_EQUAL(called(type, "weather\n ```python\ntool_call(city='北京', days=3)\n```"),
                R"(weather {"city":"北京","days":3})");
    CHECK_EQUAL(called(type, " weather\n```python\ntool_call()\n```\n"), "weather {}");
    for (const char *const text : {"weather\n{\"a\": 1}", "weather\n```python\ntool_call(1)\n```", "weather\n```",
                                   "weather\n```python\n```", "sun\n```python\ntool_call()\n```"}) {
        CHECK_EQUAL(called(type, text), "text: " + std::string(text));
    }
}

TEST("tool calls: none where none were offered, or the model knows none") {
    const std::string text = "weather\n{\"city\": 1}";
    CHECK_EQUAL(parse_answer(ModelType::CHATGLM4, text, json::array()).content, text);
    CHECK_EQUAL(parse_answer(ModelType::CHATGLM4, text, json()).content, text);
    CHECK_EQUAL(called(ModelType::CHATGLM2, text), "text: " + text);
}

TEST("tool calls: text is held only while it may become one") {
    for (const char *const text : {"", "\n", " w", "weather", "weather_", "weather_map ", "weather\n", "weather\n ",
                                   "weather\n{", "weather\n{\"a\": 1} and"}) {
        CHECK(may_be_tool_call(ModelType::CHATGLM4, text, tools));
    }
    for (const char *const text : {"x", "weathers", "weather is", "the weather\n{", "weather\nis", "weather\n```"}) {
        CHECK(!may_be_tool_call(ModelType::CHATGLM4, text, tools));
    }
    CHECK(may_be_tool_call(ModelType::CHATGLM3, "weather\n ``", tools));
    CHECK(!may_be_tool_call(ModelType::CHATGLM3, "weather\n {", tools));
    CHECK(!may_be_tool_call(ModelType::CHATGLM4, "weather", json::array()));
    CHECK(!may_be_tool_call(ModelType::CHATGLM2, "weather", tools));
}

TEST("tool calls: what is offered must be functions") {
    for (const char *const wrong : {R"([1])", R"([{"type": "web_search"}])", R"([{"type": 1, "function": {}}])",
                                    R"([{"type": "function", "function": {"name": 1}}])"}) {
        CHECK(thrown<corral::BadRequest>([&] { corral::tool_prompt(ModelType::CHATGLM4, json::parse(wrong)); }) != "");
    }
    CHECK(thrown<corral::BadRequest>([&] { corral::call_text(ModelType::CHATGLM3, "[1]"); }) != "");
    CHECK_EQUAL(corral::call_text(ModelType::CHATGLM3, ""), "```python\ntool_call()\n```");
}
