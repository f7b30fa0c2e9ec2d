/** All that the text of the units depends on. Plain data; paths are absolute. */
export interface ServiceFacts {
  /** Of the units and of the folders. */
  readonly name: string;
  readonly run: RunAs;
  readonly node: string;
  /** The command's own file. */
  readonly main: string;
  readonly config: string;
  /** As ListenStream= takes them: "127.0.0.1:8080", "/run/corral.sock". */
  readonly sockets: readonly string[];
  /** Engines that its models need. */
  readonly engines: readonly string[];
  /** Bytes; null where no plan could be made. */
  readonly memory: number | null;
  /** Milliseconds that a stop may take by the configuration. */
  readonly drain: number;
  /** Given to the service as a credential, whoever may read it. */
  readonly apiKeyFile: string | null;
  /** Folders and files that it reads and that its sandbox would hide. */
  readonly shown: readonly string[];
}

/** dynamic: a user of its own that exists while it runs. session: the user who installs it, in their own systemd. */
export type RunAs =
  | { readonly kind: "dynamic" }
  | { readonly kind: "user"; readonly user: string }
  | { readonly kind: "session" };

export interface Unit {
  /** "corral.service" */
  readonly file: string;
  readonly text: string;
}
