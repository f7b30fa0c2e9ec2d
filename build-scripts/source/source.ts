export type ChannelName = "folder" | "submodule" | "archive" | "npm" | "sdist";

/** A source tree on disk, and what is known about where it came from. */
export interface Source {
  readonly dir: string;
  /** Git tree hash of the files as they are in `dir`; where the pin has `reads`, of those files. */
  readonly tree: string;
  readonly channel: ChannelName;
  /** The tree is the pinned one. False only where the caller asked for an unverified source. */
  readonly verified: boolean;
  /** Where it came from, for people and for the manifest: a path, an address, NAME@VERSION. */
  readonly detail: string;
}

/** What happens while a source is obtained. `total` is null when the other side did not say how much is coming. */
export type SourceEvent =
  | { readonly kind: "source-try"; readonly channel: ChannelName; readonly detail: string }
  | {
      readonly kind: "source-bytes";
      readonly channel: ChannelName;
      readonly bytes: number;
      readonly total: number | null;
    }
  | { readonly kind: "source-miss"; readonly channel: ChannelName; readonly reason: string }
  | { readonly kind: "source-ready"; readonly source: Source };
