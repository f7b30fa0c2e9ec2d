/** Where a worker listens and the key it asks for. Shared by the rooms that start workers and those that call them. */
export type Endpoint = (
  | { readonly kind: "unix"; readonly socketPath: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
) & {
  /** Bearer key, random for each start of a worker. Never logged. */
  readonly key: string;
};

/** The origin to give an HTTP client; a Unix socket's host name is a placeholder. */
export function originOf(endpoint: Endpoint): string {
  return endpoint.kind === "unix" ? "http://worker" : `http://${endpoint.host}:${endpoint.port}`;
}
