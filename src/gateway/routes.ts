/** What a request's target asks for. `work` goes to a pool; the rest the gateway answers by itself. */
export type Route =
  | { readonly kind: "work"; readonly path: WorkPath }
  | { readonly kind: "models" }
  | { readonly kind: "model"; readonly id: string }
  | { readonly kind: "live" | "ready" | "health" | "metrics" | "page" }
  | { readonly kind: "unknown" }
  | { readonly kind: "wrong-method"; readonly allow: string };

/** Everything of the engine's that is reachable. Its other paths (slots, props, adapters) stay private. */
export const WORK_PATHS = [
  "/v1/chat/completions",
  "/v1/completions",
  "/v1/embeddings",
  "/v1/rerank",
  "/v1/responses",
  "/v1/messages",
  "/v1/messages/count_tokens",
  "/tokenize",
  "/detokenize",
  "/apply-template",
  "/infill",
] as const;

export type WorkPath = (typeof WORK_PATHS)[number];

const OWN: ReadonlyMap<string, Route> = new Map<string, Route>([
  ["/", { kind: "page" }],
  ["/v1/models", { kind: "models" }],
  ["/livez", { kind: "live" }],
  ["/readyz", { kind: "ready" }],
  ["/health", { kind: "health" }],
  ["/metrics", { kind: "metrics" }],
]);
const WORK: ReadonlyMap<string, Route> = new Map(WORK_PATHS.map((path) => [path, { kind: "work", path }]));
const MODEL = "/v1/models/";

/** A target as it stands in the request line. Paths are compared as they are: nothing is decoded or normalised. */
export function routeOf(method: string, target: string): Route {
  const path = pathOf(target);
  const work = WORK.get(path);
  if (work !== undefined) return method === "POST" ? work : { kind: "wrong-method", allow: "POST" };
  const own = OWN.get(path) ?? modelRoute(path);
  if (own === undefined) return { kind: "unknown" };
  return method === "GET" || method === "HEAD" ? own : { kind: "wrong-method", allow: "GET, HEAD" };
}

/** Without the query. */
export function pathOf(target: string): string {
  const end = target.indexOf("?");
  return end === -1 ? target : target.slice(0, end);
}

/** Open to everyone, key or not: what a load balancer and a person at a browser ask first. */
export function isOpen(route: Route): boolean {
  return ["live", "ready", "health", "page"].includes(route.kind);
}

/** A model's name may hold slashes, as they are or encoded. */
function modelRoute(path: string): Route | undefined {
  if (!path.startsWith(MODEL) || path.length === MODEL.length) return undefined;
  try {
    return { kind: "model", id: decodeURIComponent(path.slice(MODEL.length)) };
  } catch {
    return undefined;
  }
}
