import type { Ask } from "../route/ask.ts";
import { answerTokensOf, promptOf } from "../route/prompt.ts";
import { parsedBody } from "./parsed-body.ts";
import type { UpstreamRequest } from "./sink.ts";

/**
 * What routing knows of a request.
 *
 * @param tokensPerByte as Admission has learned it
 * @param now performance.now() of when it came
 */
export function askOf(request: UpstreamRequest, tokensPerByte: number, now: number): Ask {
  const [path = ""] = request.path.split("?", 1);
  const body = parsedBody(request);
  const { timeout, priority = 0 } = request;
  return {
    prompt: promptOf(path, body, tokensPerByte),
    answerTokens: answerTokensOf(body),
    deadline: timeout === undefined ? null : now + timeout,
    priority,
    bytes: request.body?.length ?? 0,
  };
}
