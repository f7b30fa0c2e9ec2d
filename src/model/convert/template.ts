import { type ConvertibleType, promptPrefix } from "./specials.ts";
import type { TokenizerParts } from "./tokenizer.ts";

/**
 * A chat as chatglm-server writes it for this type, as a Jinja template: the same messages become the same tokens.
 * Where special tokens stand between texts, llama.cpp puts a blank in front of each as the tokenizer does; but ChatGLM3's
 * header and content are two texts with nothing between. Pure.
 */
export function chatTemplate(
  type: ConvertibleType,
  { prefixed, mark }: Pick<TokenizerParts, "prefixed" | "mark">,
): string {
  const prompt = `{{- '${promptPrefix(type, mark)}' -}}\n`;
  return text(mark) + prompt + (type === 2 ? ROUNDS : turns(type, prefixed, mark));
}

/** What a client wrote: text, or parts of text; without what marks special tokens. */
const text = (mark: string): string => `
{%- macro text(content) -%}
  {%- if content is string -%}
    {{- content | replace('${mark}', '') -}}
  {%- elif content is sequence -%}
    {%- for part in content -%}
      {%- if part.type != 'text' -%}{{- raise_exception('this model reads text only') -}}{%- endif -%}
      {{- part.text | replace('${mark}', '') -}}
    {%- endfor -%}
  {%- endif -%}
{%- endmacro -%}
`;

/** ChatGLM2: rounds of question and answer. What a system message says stands in front of the next question. */
const ROUNDS = `
{%- if tools -%}{{- raise_exception('this model knows no tools') -}}{%- endif -%}
{%- set state = namespace(system='', round=0, answered=true) -%}
{%- for message in messages -%}
  {%- if message.role == 'tool' or message.tool_calls -%}{{- raise_exception('this model knows no tools') -}}{%- endif -%}
  {%- if message.role == 'system' or message.role == 'developer' -%}
    {%- set state.system = state.system ~ text(message.content) ~ '\\n\\n' -%}
  {%- elif (message.role == 'user') != state.answered -%}
    {{- raise_exception('this model reads messages of user and assistant in turns, the first of the user') -}}
  {%- elif message.role == 'user' -%}
    {%- set state.round = state.round + 1 -%}
    {{- '\\n\\n' if state.round > 1 -}}
    {{- '[Round ' ~ state.round ~ ']\\n\\n问：' ~ state.system ~ text(message.content) -}}
    {%- set state.system = '' -%}
    {%- set state.answered = false -%}
  {%- else -%}
    {{- '\\n\\n答：' ~ text(message.content) -}}
    {%- set state.answered = true -%}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt and state.system -%}
  {{- raise_exception('this model needs a user message, behind what the system says') -}}
{%- endif -%}
{%- if add_generation_prompt and not state.answered -%}{{- '\\n\\n答：' -}}{%- endif -%}
`;

const TOOLS: Readonly<Record<3 | 4, string>> = {
  3: `
  {{- 'Answer the following questions as best as you can. You have access to the following tools:\\n' -}}
  {%- set functions = namespace(all=[]) -%}
  {%- for tool in tools -%}{%- set functions.all = functions.all + [tool.function] -%}{%- endfor -%}
  {{- functions.all | tojson(indent=4) -}}`,
  4: `
  {{- '你是一个名为 ChatGLM 的人工智能助手。你是基于智谱AI训练的语言模型 GLM-4 模型开发的，' -}}
  {{- '你的任务是针对用户的问题和要求提供适当的答复和支持。\\n\\n# 可用工具' -}}
  {%- for tool in tools -%}
    {{- '\\n\\n## ' ~ tool.function.name ~ '\\n\\n' ~ (tool.function | tojson(indent=4)) -}}
    {{- '\\n在调用上述函数时，请使用 Json 格式表示调用的参数。' -}}
  {%- endfor -%}`,
};

/**
 * llama-server guesses from a template how a model writes its calls, by rendering some. These models put no mark before
 * one: its guess would take every answer in words for an error. So the template must not take what it tries (ChatGLM3 no
 * call at all, for it writes them in Python; GLM-4 no tools but of OpenAI's shape), and calls stay part of the text.
 */
const CALLS: Readonly<Record<3 | 4, string>> = {
  3: `{{- raise_exception('ChatGLM3 writes tool calls in Python, which a template does not: use chatglm-server') -}}`,
  4: `
    {%- for call in message.tool_calls -%}
      {{- turn('assistant', text(call.function.name), text(call.function.arguments)) -}}
    {%- endfor -%}`,
};

const REQUIRE_TOOLS = `
{%- if tools and tools[0].name -%}{{- raise_exception('a tool must be {"type": "function", "function": {...}}') -}}{%- endif -%}`;

/** ChatGLM3 and GLM-4: messages with special tokens for roles. */
function turns(type: 3 | 4, prefixed: boolean, mark: string): string {
  const gap = type === 3 && prefixed ? " " : "";
  // ChatGLM3 knows one system message: what the client says, then the tools.
  const joins = type === 3 ? "messages[0].role == 'system' or messages[0].role == 'developer'" : "false";
  return `${type === 4 ? REQUIRE_TOOLS : ""}
{%- macro described(tools) -%}${TOOLS[type]}
{%- endmacro -%}
{%- macro turn(role, metadata, content) -%}
  {{- '${mark}<|' ~ role ~ '|>' ~ metadata ~ '\\n' ~ ('${gap}' ~ content if content else '') -}}
{%- endmacro -%}
{%- set roles = {'system': 'system', 'developer': 'system', 'user': 'user', 'assistant': 'assistant', 'tool': 'observation', 'function': 'observation', 'observation': 'observation'} -%}
{%- set state = namespace(tools=(text(described(tools)) if tools else '')) -%}
{%- if state.tools and not (${joins}) -%}
  {{- turn('system', '', state.tools) -}}
  {%- set state.tools = '' -%}
{%- endif -%}
{%- for message in messages -%}
  {%- if message.role not in roles -%}{{- raise_exception('a role must be system, user, assistant or tool') -}}{%- endif -%}
  {%- set content = text(message.content) -%}
  {%- if state.tools -%}
    {%- set content = content ~ '\\n\\n' ~ state.tools -%}
    {%- set state.tools = '' -%}
  {%- endif -%}
  {%- if content or not message.tool_calls -%}{{- turn(roles[message.role], '', content) -}}{%- endif -%}
  {%- if message.tool_calls -%}${CALLS[type]}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '${mark}<|assistant|>' -}}{%- endif -%}
`;
}
