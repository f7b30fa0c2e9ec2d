import { CorralError } from "../errors.ts";
import type { LogOptions } from "../pool-types.ts";

type LogQuery = Omit<LogOptions, "signal">;

/** What a request to the admin socket asks for. */
export type AdminRoute =
  | { readonly kind: "status" | "reload" | "upgrade" }
  | { readonly kind: "restart" | "scale" | "pardon"; readonly model: string }
  | { readonly kind: "logs"; readonly model: string; readonly query: LogQuery };

/** Pure. @throws CORRAL_REQUEST_INVALID with the status 400, 404 or 405 */
export function adminRoute(method: string, target: string): AdminRoute {
  const { pathname, searchParams } = parsed(target);
  const { takes, route } = routeAt(pathname, searchParams);
  if (method !== takes) throw invalid(405, `${pathname} takes ${takes}.`);
  return route;
}

interface Place {
  readonly takes: "GET" | "POST";
  readonly route: AdminRoute;
}

function routeAt(path: string, query: URLSearchParams): Place {
  const [, name = "", action = path] = /^\/models\/([^/]+)\/([a-z]+)$/.exec(path) ?? [];
  switch (action) {
    case "/status":
      return { takes: "GET", route: { kind: "status" } };
    case "/reload":
      return { takes: "POST", route: { kind: "reload" } };
    case "/upgrade":
      return { takes: "POST", route: { kind: "upgrade" } };
    case "restart":
    case "scale":
    case "pardon":
      return { takes: "POST", route: { kind: action, model: decoded(name) } };
    case "logs":
      return { takes: "GET", route: { kind: "logs", model: decoded(name), query: logQuery(query) } };
    default:
      throw invalid(404, `There is nothing at ${path} of the admin socket.`);
  }
}

function logQuery(query: URLSearchParams): LogQuery {
  return { worker: whole(query, "worker"), lines: whole(query, "lines"), follow: query.get("follow") === "1" };
}

function whole(query: URLSearchParams, key: string): number | undefined {
  const text = query.get(key);
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw invalid(400, `"${key}" is ${JSON.stringify(text)}. It must be a whole number.`);
}

function parsed(target: string): URL {
  try {
    return new URL(target, "http://corral");
  } catch {
    throw invalid(400, "The request's target is not a path.");
  }
}

/** A model's name may hold anything, slashes too. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw invalid(400, `The model's name ${JSON.stringify(name)} is not encoded as a URL asks.`);
  }
}

/** @param status of HTTP */
export function invalid(status: number, message: string): CorralError {
  return new CorralError("CORRAL_REQUEST_INVALID", message, { facts: { status } });
}
